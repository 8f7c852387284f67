"""Random changes and memory; which slices a batch holds is tested with the plan."""

import numpy as np

from mri_core.training.batches import training_batches
from mri_core.training.plan import plan_epoch
from mri_core.training.presets import make_spec

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
TRUTH = np.random.default_rng(1).integers(0, 2, (40, 2), dtype=np.uint8)
SPEC = make_spec("cnn", {"flips": "none", "shift": 2, "intensity": 0.1, "batch_size": 16})


def shown(epoch: int, **changes) -> np.ndarray:
    spec = SPEC.model_copy(update=changes)
    plan = plan_epoch(np.arange(40), TRUTH.any(axis=1), spec, epoch)
    images = np.concatenate([images for images, _ in training_batches(PIXELS, TRUTH, plan, spec)])
    return images[np.argsort(plan.rows)][..., 0]


def test_random_changes_are_drawn_anew_each_epoch_and_repeat_with_the_seed() -> None:
    np.testing.assert_array_equal(shown(1), shown(1))
    assert (shown(1) != shown(2)).any() and (shown(1) != shown(1, seed=1)).any()
    np.testing.assert_array_equal(shown(1, shift=0, intensity=0.0), PIXELS)
