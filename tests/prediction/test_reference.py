from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from arrows_support import arrows, brightness, make_arrows

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import open_dataset
from mri_core.errors import InvalidInput
from mri_core.prediction.flips import flipped_outputs, movements
from mri_core.prediction.looks import looks
from mri_core.prediction.predictor import load_predictor
from mri_core.prediction.reference import (
    FALSE_ALARMS,
    FEWEST_HELD_OUT,
    FILE_NAME,
    GRAIN,
    LEVELS,
    SHAPES,
    joint_limits,
    read_reference,
    save_reference,
)
from mri_core.prediction.reference_fit import make_reference
from mri_core.training.spec import TrainingSpec


def test_few_unseen_slices_are_beyond_the_limits(reference, unseen):
    beyond = (reference.scores(looks(unseen)) > reference.limits).any(axis=1).mean()
    assert 0 < beyond < 0.03  # 1 % of 1,000, with limits from 400


@pytest.mark.parametrize("column, strange", [
    (SHAPES, lambda slices: np.roll(slices, 7, axis=2)),
    (GRAIN, lambda slices: (slices & 0xC0) + 20),
    (LEVELS, lambda slices: np.minimum(slices, 127) * 2),
    (LEVELS, lambda slices: slices // 4),
    (3, lambda slices: slices[:, ::-1, ::-1]),
    (3, lambda slices: slices[:, ::-1]),
    (4, lambda slices: np.rot90(slices, 1, (1, 2))),
    (4, lambda slices: np.rot90(slices, 3, (1, 2))),
])  # fmt: skip
def test_what_differs_is_beyond_its_limit(reference, unseen, column, strange):
    scores = reference.scores(looks(strange(unseen[:200])))
    assert (scores[:, column] > reference.limits[column]).mean() > 0.95


def test_the_distance_of_grain_is_mahalanobis(dataset, reference, unseen):
    """Compared with SciPy's, of the covariance that the whitening undoes."""
    from scipy.spatial.distance import mahalanobis

    found = looks(unseen[:5])
    precision = reference.whitening.astype(float) @ reference.whitening.T.astype(float)
    expected = [mahalanobis(one, reference.centre, precision) for one in found.grain]
    np.testing.assert_allclose(reference.scores(found)[:, GRAIN], expected, rtol=1e-4)
    train = looks(np.array(dataset.pixels[dataset.rows("train")])).grain
    spread = np.cov((train - reference.centre) @ reference.whitening, rowvar=False)
    assert np.trace(spread) / len(spread) == pytest.approx(1, abs=0.15)  # fitted on half of them


@pytest.mark.parametrize("number", [99, 250, 1000])
def test_limits_hold_jointly_on_new_slices(number):
    """The share beyond any limit, averaged over draws, of columns that go together or not at all."""
    random = np.random.default_rng(number)
    shares = []
    for _ in range(200):
        common = random.normal(size=(number + 2000, 1))
        scores = np.hstack([common + 0.3 * random.normal(size=common.shape), common, random.normal(size=common.shape)])
        limits = joint_limits(scores[:number])
        assert (scores[:number] > limits).any(axis=1).sum() <= FALSE_ALARMS * (number + 1) - 1 + 1e-9
        shares.append((scores[number:] > limits).any(axis=1).mean())
    assert np.mean(shares) < (1.2 if number == 1000 else 2.5) * FALSE_ALARMS


def test_one_column_has_its_conformal_quantile():
    scores = np.random.default_rng(0).permutation(1000)[:, np.newaxis]
    assert joint_limits(scores) == [990]  # 9 above it: a new one is with probability 10 / 1,001


def test_vertical_flips_in_training_make_upside_down_usual(dataset, unseen):
    reference = make_reference(dataset, TrainingSpec(flips="both"), brightness)
    assert reference.turns.tolist() == ["on its side"] and reference.flips.tolist() == ["horizontal", "vertical"]
    turned = reference.scores(looks(unseen[:200, ::-1]))
    assert (turned > reference.limits).any(axis=1).mean() < 0.1


def test_flips_are_compared_where_they_keep_the_answer(dataset, home):
    averaged = make_reference(dataset, TrainingSpec(test_time_flips=True), brightness)
    assert not len(averaged.flips) and averaged.movement == 1
    sided = make_arrows(home, "sided", labels=("left lesion",))
    assert not len(make_reference(sided, TrainingSpec(), brightness).flips)


def test_the_limit_of_movement_is_of_slices_not_learnt_from(dataset, reference):
    slices = dataset.pixels[dataset.rows("validation")]
    moved = np.abs(brightness(slices) - brightness(slices[:, :, ::-1]))[:, 0]
    np.testing.assert_allclose(
        movements(brightness(slices), flipped_outputs(slices, ["horizontal"], brightness)), moved
    )
    assert float(reference.movement) == pytest.approx(np.sort(moved)[-2])  # of 200, one may be above


def test_limits_are_of_other_patients_than_the_fit(home):
    """Where every patient of validation is fitted on, there is no one to compare with."""
    random, rows = np.random.default_rng(0), []
    with DatasetBuilder(home, "leaky", ("sick",), (32, 32), 600) as builder:
        for i in range(600):
            split = "train" if i % 2 else "validation"
            rows.append({"id": str(i), "patient": "one", "split": split, "source": "x", "position": None, "sick": 0})
        builder.add(arrows(600, random), rows)
        leaky = builder.finish(True, {})
    with pytest.raises(InvalidInput, match=f"0 slices of other patients.*at least {FEWEST_HELD_OUT}"):
        make_reference(leaky, TrainingSpec(), brightness)


def test_slices_that_are_all_the_same_have_a_reference(home):
    """And one that is otherwise is beyond its limits."""
    with DatasetBuilder(home, "same", ("sick",), (32, 32), 200) as builder:
        rows = [
            {"id": str(i), "patient": None, "split": "train", "source": "x", "position": None, "sick": 0}
            for i in range(200)
        ]
        one = arrows(1, np.random.default_rng(0))
        builder.add(np.repeat(one, 200, axis=0), rows)
        reference = make_reference(builder.finish(True, {}), TrainingSpec(), brightness)
    assert np.isfinite(reference.limits).all() and reference.movement == 1  # nothing is left for validation
    found = reference.scores(looks(np.concatenate([one, one[:, ::-1]]))) > reference.limits
    assert found.any(axis=1).tolist() == [False, True]


def test_a_reference_is_kept_whole(tmp_path, reference):
    save_reference(tmp_path, reference)
    kept = read_reference(tmp_path)
    for one in fields(reference):
        np.testing.assert_array_equal(getattr(kept, one.name), getattr(reference, one.name))
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("damage", [b"", b"no zip", b"PK\x03\x04 cut short"])
def test_a_damaged_reference_is_none(tmp_path, damage):
    assert read_reference(tmp_path) is None
    (tmp_path / FILE_NAME).write_bytes(damage)
    assert read_reference(tmp_path) is None


def test_pickles_and_other_versions_are_not_read(tmp_path, reference):
    arrays = {one.name: getattr(reference, one.name) for one in fields(reference)}
    np.savez(tmp_path / FILE_NAME, version=np.array(0), **arrays)
    assert read_reference(tmp_path) is None
    np.savez(tmp_path / FILE_NAME, allow_pickle=True, version=np.array(1), **arrays | {"axes": np.array([{}])})
    assert read_reference(tmp_path) is None


def test_colour_and_other_sizes_have_looks():
    random = np.random.default_rng(0)
    for shape in ((3, 20, 90), (3, 20, 90, 3), (3, 256, 256)):
        found = looks(random.integers(0, 256, shape, dtype=np.uint8))
        assert len(found) == 3 and np.isfinite(found.grain).all() and np.isfinite(found.shapes).all()
    grey = random.integers(0, 256, (3, 64, 64), dtype=np.uint8)
    for name in ("shapes", "grain", "levels"):
        same = getattr(looks(np.repeat(grey[..., np.newaxis], 3, axis=3)), name)
        np.testing.assert_allclose(same, getattr(looks(grey), name), rtol=1e-4, atol=1e-5)


def test_grain_is_what_numpy_counts():
    slices = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    found = looks(slices)
    for one, grain, levels in zip(slices, found.grain, found.levels, strict=True):
        np.testing.assert_allclose(grain[:16] ** 2, np.histogram(one, 16, (0, 256))[0] / 64**2, atol=1e-6)
        power = np.abs(np.fft.fft2(one))[:, :33] ** 2
        ring = np.hypot(np.minimum(np.arange(64), 64 - np.arange(64))[:, np.newaxis], np.arange(33)) / 32 * 12
        rings = [np.log1p(power[(ring >= band) & ((ring < band + 1) | (band == 12))].mean()) for band in range(13)]
        np.testing.assert_allclose(grain[16:], rings, rtol=1e-4)
        np.testing.assert_allclose(levels, (one.mean(), one.std()), rtol=1e-5)


def test_a_training_keeps_its_reference(trained):
    folder = trained.settings.runs / trained.run_id
    kept = read_reference(folder)
    assert kept is not None and load_predictor(folder).not_compared() is None
    made = make_reference(
        open_dataset("demo", trained.settings), TrainingSpec(flips="none"), load_predictor(folder).outputs
    )
    np.testing.assert_allclose(kept.limits, made.limits, rtol=1e-3)
    assert float(kept.movement) == pytest.approx(float(made.movement), abs=1e-4)
