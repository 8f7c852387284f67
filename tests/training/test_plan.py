from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mri_core.augmentation import AUGMENTATIONS
from mri_core.training.batches import training_batches
from mri_core.training.plan import plan_epoch
from mri_core.training.presets import make_spec

ROWS = np.arange(10, 50)
LABELLED = ROWS % 4 == 0  # 10 of 40


@pytest.mark.parametrize(
    ("flips", "only_labelled", "size"),
    [("none", False, 40), ("horizontal", False, 80), ("vertical", False, 80), ("both", False, 120),
     ("none", True, 40), ("horizontal", True, 50), ("both", True, 60)],
)  # fmt: skip
def test_appended_flips_grow_the_epoch(flips, only_labelled, size):
    epoch = plan_epoch(ROWS, LABELLED, make_spec("cnn", {"flips": flips, "only_labelled": only_labelled}), 1)
    assert len(epoch) == size
    plain = ~epoch.applied.any(axis=1)
    assert sorted(epoch.rows[plain]) == list(ROWS)  # every slice as it is, once
    assert epoch.applied.sum(axis=1).max(initial=0) <= 1
    for column, name in enumerate(AUGMENTATIONS):
        copies = epoch.rows[epoch.applied[:, column]]
        expected = (ROWS[LABELLED] if only_labelled else ROWS) if flips in (name, "both") else []
        assert sorted(copies) == list(expected)


def test_random_flips_keep_the_length_and_flip_about_half():
    spec = make_spec("cnn", {"flips": "both", "flip_mode": "random", "only_labelled": True})
    rows = np.arange(4000)
    labelled = rows % 2 == 0
    epoch = plan_epoch(rows, labelled, spec, 1)
    assert sorted(epoch.rows) == list(rows)
    assert not epoch.applied[epoch.rows % 2 == 1].any()
    assert abs(epoch.applied[epoch.rows % 2 == 0].mean() - 0.5) < 0.03


def test_an_epoch_depends_on_seed_and_number_alone():
    spec = make_spec("cnn", {"flip_mode": "random"})
    first, again, second = (plan_epoch(ROWS, LABELLED, spec, number) for number in (1, 1, 2))
    np.testing.assert_array_equal(first.rows, again.rows)
    np.testing.assert_array_equal(first.applied, again.applied)
    assert first.rows.tolist() != second.rows.tolist()
    other_seed = plan_epoch(ROWS, LABELLED, make_spec("cnn", {"flip_mode": "random", "seed": 1}), 1)
    assert first.rows.tolist() != other_seed.rows.tolist()


@pytest.mark.parametrize("colour", [(), (3,)])
def test_batches_cut_the_planned_slices(colour):
    pixels = np.random.default_rng(0).integers(0, 256, (50, 6, 8, *colour), dtype=np.uint8)
    before = pixels.copy()
    truth = np.random.default_rng(1).integers(0, 2, (50, 3), dtype=np.uint8)
    spec = make_spec("cnn", {"flips": "both", "batch_size": 32})
    epoch = plan_epoch(ROWS, LABELLED, spec, 1)
    batches = list(training_batches(pixels, truth, epoch, spec))
    assert [len(images) for images, _ in batches] == [32, 32, 32, 24]
    images, labels = (np.concatenate(part) for part in zip(*batches, strict=True))
    assert images.dtype == np.uint8 and images.shape == (120, 6, 8, *(colour or (1,))) and labels.dtype == np.float32
    np.testing.assert_array_equal(labels, truth[epoch.rows])
    for shown, row, applied in zip(images, epoch.rows, epoch.applied, strict=True):
        expected = pixels[row][:: -1 if applied[1] else 1, :: -1 if applied[0] else 1].reshape(shown.shape)
        np.testing.assert_array_equal(shown, expected)
    np.testing.assert_array_equal(pixels, before)
    assert Counter(epoch.rows.tolist()) == dict.fromkeys(ROWS.tolist(), 3)
