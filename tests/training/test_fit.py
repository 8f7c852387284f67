from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from mri_core.models.build import build_model
from mri_core.training.checkpoint import Checkpoint, CheckpointWriter, newest_checkpoint
from mri_core.training.fit import fit
from mri_core.training.inference import compile_inference, predict
from mri_core.training.presets import make_spec
from mri_core.training.spec import TrainingSpec

FIELDS = TrainingSpec.model_fields


def train(dataset, stop_after: int | None = None, folder: Path | None = None, **changes):
    """Without a folder what it writes there is thrown away; with one it goes on from the newest checkpoint."""
    import keras

    spec = make_spec("dense-adam", {"flips": "none", "batch_size": 32, **changes})
    keras.utils.set_random_seed(spec.seed)
    model = build_model(spec.architecture, dataset.image_shape, 2, spec.channels)
    history, reports = [], []

    def on_progress(progress):
        reports.append(progress)
        return stop_after is not None and len(history) >= stop_after

    with TemporaryDirectory() as passing, CheckpointWriter(folder or Path(passing)) as writer:
        begun = newest_checkpoint(folder) if folder else Checkpoint()
        fitted = fit(model, dataset, spec, "float32", on_progress, history.append, writer, begun)
    return model, fitted, history, reports


def test_learns_and_reports(dataset):
    _, fitted, history, reports = train(dataset, epochs=12, patience=12)
    assert not fitted.stopped and len(history) == 12 and fitted.images_per_second > 0
    assert max(row["val_micro_f1"] for row in history) > 0.9
    assert history[-1]["loss"] < history[0]["loss"]
    assert [row["epoch"] for row in history] == list(range(1, 13))
    assert set(history[0]["f1"]) == set(history[0]["val_f1"]) == set(dataset.label_names)
    assert reports[0].phase == "starting" and reports[0].steps == 5 and reports[0].epochs == 12
    assert all(later.updated >= earlier.updated for earlier, later in pairwise(reports))


def test_the_best_epochs_weights_are_kept_and_its_scores_are_true(dataset):
    model, fitted, history, _ = train(dataset, epochs=8, patience=8)
    best = min(history, key=lambda row: row["val_loss"])
    assert fitted.best_epoch == best["epoch"]
    rows = dataset.rows("validation")
    probabilities = predict(compile_inference(model), dataset, rows)
    truth = dataset.truth[rows]
    losses = [log_loss(truth[:, i], probabilities[:, i], labels=[0, 1]) for i in range(2)]
    assert best["val_loss"] == pytest.approx(np.mean(losses), rel=1e-4)
    predicted = probabilities >= 0.5
    assert best["val_micro_f1"] == pytest.approx(f1_score(truth, predicted, average="micro"))
    assert best["val_macro_f1"] == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert best["val_binary_accuracy"] == pytest.approx((truth == predicted).mean())
    assert best["val_subset_accuracy"] == pytest.approx((truth == predicted).all(axis=1).mean())


def test_training_ends_when_patience_is_used_up(dataset):
    """With so large a step the loss stays far above its start: the first epochs remain the best."""
    _, fitted, history, reports = train(dataset, optimizer="sgd", learning_rate=1, epochs=30, patience=2)
    assert len(history) < 30 and len(history) == fitted.best_epoch + 2
    assert reports[-1].patience_left == 0


def test_a_stop_keeps_the_best_weights_so_far(dataset):
    model, fitted, history, _ = train(dataset, stop_after=2, epochs=500, patience=500)
    assert fitted.stopped and len(history) == 2
    best = min(history, key=lambda row: row["val_loss"])
    again, *_ = train(dataset, epochs=best["epoch"])
    for mine, expected in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-3, atol=1e-5)


def test_a_stop_before_the_first_epochs_end(dataset):
    _, fitted, history, _ = train(dataset, stop_after=0, epochs=500)
    assert fitted.stopped and fitted.best_epoch is None and history == []


@pytest.mark.parametrize("loss", get_args(FIELDS["loss"].annotation))
@pytest.mark.parametrize("optimizer", get_args(FIELDS["optimizer"].annotation))
def test_every_optimizer_and_loss_takes_a_step(dataset, optimizer, loss):
    _, fitted, history, _ = train(dataset, optimizer=optimizer, loss=loss, epochs=1)
    assert fitted.best_epoch == 1 and np.isfinite(history[0]["loss"]) and np.isfinite(history[0]["val_loss"])


def test_the_same_seed_gives_the_same_curve(dataset):
    first, second, other = (train(dataset, epochs=2, seed=seed)[2] for seed in (1, 1, 2))
    assert [row["val_loss"] for row in first] == pytest.approx([row["val_loss"] for row in second], rel=1e-4)
    assert first[0]["val_loss"] != pytest.approx(other[0]["val_loss"], rel=1e-4)


def test_the_accuracy_trap_of_the_study_is_not_shown(dataset):
    """Keras's silent categorical accuracy reads high while nothing is found; ours says what each number is."""
    _, _, history, _ = train(dataset, epochs=1)
    assert not [name for name in history[0] if name in ("accuracy", "val_accuracy", "categorical_accuracy")]
