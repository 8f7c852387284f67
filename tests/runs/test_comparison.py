"""Runs beside each other: one row a run, differences, search and names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from mri_core.runs.comparison import differing_settings, distinct_names, has_results, mentions, run_table
from mri_core.runs.run import Run, Timing
from mri_core.training.presets import PRESETS
from mri_core.training.spec import TrainingSpec

QUEUED = Run(
    id="a" * 32,
    name="cnn 1",
    status="queued",
    spec=PRESETS["cnn"],
    dataset_name="Demo",
    dataset_fingerprint="f",
    label_names=("label 1",),
    created=datetime(2026, 1, 1, tzinfo=UTC),
    folder=Path("none"),
)
FINISHED = replace(
    QUEUED,
    id="b" * 32,
    name="dense 1",
    status="finished",
    spec=PRESETS["dense"],
    parameters=2_579_003,
    best_epoch=2,
    timing=Timing(seconds=92.4, images_per_second=500.0, peak_memory_mb=900.0),
    summary={
        "last": {"epoch": 5, "val_loss": 0.5, "val_micro_f1": 0.7, "val_macro_f1": 0.6},
        "best": {"epoch": 2, "val_loss": 0.3, "val_micro_f1": 0.8, "val_macro_f1": None},
    },
)


def test_the_table_has_the_best_epochs_numbers_and_what_is_unknown_is_missing() -> None:
    table = run_table([QUEUED, FINISHED])
    assert list(table.index) == [QUEUED.id, FINISHED.id]
    row = table.loc[FINISHED.id]
    assert (row["val_loss"], row["val_micro_f1"], row["epochs_done"], row["best_epoch"]) == (0.3, 0.8, 5, 2)
    assert pd.isna(row["val_macro_f1"])
    assert row["duration"] == timedelta(seconds=92)
    unknown = table.loc[QUEUED.id, ["epochs_done", "best_epoch", "val_loss", "duration", "images_per_second"]]
    assert unknown.isna().all()
    assert all(row[name] == getattr(PRESETS["dense"], name) for name in TrainingSpec.model_fields)


def test_columns_keep_their_types_when_nothing_is_known() -> None:
    types = run_table([QUEUED]).dtypes
    assert types["val_loss"] == "float64" and types["best_epoch"] == "Int64"
    assert pd.api.types.is_timedelta64_dtype(types["duration"])
    assert run_table([]).empty


def test_differing_settings() -> None:
    assert differing_settings([QUEUED, QUEUED]) == {}
    assert differing_settings([QUEUED]) == {}
    assert differing_settings([QUEUED, FINISHED]) == {
        "architecture": ("cnn", "dense"),
        "optimizer": ("adam", "sgd"),
        "learning_rate": (0.001, 0.01),
        "epochs": (20, 50),
        "flips": ("horizontal", "both"),
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [("", True), ("CNN", True), ("demo adam", True), ("0.001", True), ("aaaa", True), ("demo sgd", False)],
)
def test_mentions(text: str, found: bool) -> None:
    assert mentions(QUEUED, text) is found


@pytest.mark.parametrize(
    ("status", "best_epoch", "expected"),
    [
        ("finished", 1, True),
        ("stopped", 1, True),
        ("stopped", None, False),
        ("failed", 1, False),
        ("running", 1, False),
    ],
)
def test_has_results(status, best_epoch, expected) -> None:
    assert has_results(replace(QUEUED, status=status, best_epoch=best_epoch)) is expected


def test_distinct_names() -> None:
    other = replace(QUEUED, id="c" * 32)
    assert distinct_names([QUEUED, FINISHED, other]) == ["cnn 1 (aaaaaaaa)", "dense 1", "cnn 1 (cccccccc)"]
