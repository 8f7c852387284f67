"""Predictions on disk: what is saved is loaded, replaced in one step, and missed in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mri_core.errors import InvalidInput, NotFound, StorageError
from mri_core.evaluation import Predictions, evaluate, load_predictions, save_predictions

NAMES = ("label 1", "with/slash", "étiquette")


@pytest.fixture
def splits(nested):
    truth, probabilities = nested
    ids = np.array([f"slice-{number}" for number in range(len(truth))])
    return {
        "validation": Predictions(ids[:120], truth[:120], probabilities[:120].astype(np.float32), NAMES),
        "test": Predictions(ids[120:], truth[120:], probabilities[120:].astype(np.float32), NAMES),
    }


def test_what_is_saved_is_loaded(tmp_path, splits):
    assert save_predictions(tmp_path, splits) == tmp_path / "predictions.parquet"
    for split, saved in splits.items():
        loaded = load_predictions(tmp_path, split)
        assert loaded.label_names == NAMES
        assert loaded.ids.tolist() == saved.ids.tolist()
        assert loaded.truth.dtype == np.uint8
        assert (loaded.truth == saved.truth).all()
        assert (loaded.probabilities == saved.probabilities).all()
        stored = evaluate(loaded.truth, loaded.probabilities, loaded.label_names)
        assert stored.to_json() == evaluate(saved.truth, saved.probabilities, NAMES).to_json()


def test_the_columns_are_those_other_programs_read(tmp_path, splits):
    columns = list(pd.read_parquet(save_predictions(tmp_path, splits)).columns)
    expected = ["id", "split", *(f"truth/{name}" for name in NAMES), *(f"probability/{name}" for name in NAMES)]
    assert columns == expected


def test_saving_again_replaces_and_leaves_nothing_beside(tmp_path, splits):
    save_predictions(tmp_path, splits)
    save_predictions(tmp_path, {"test": splits["test"]})
    assert [file.name for file in tmp_path.iterdir()] == ["predictions.parquet"]
    with pytest.raises(NotFound, match="no predictions for split 'validation'; it has test"):
        load_predictions(tmp_path, "validation")


def test_a_reader_of_the_old_file_never_sees_the_new_one_half_written(tmp_path, splits):
    file = save_predictions(tmp_path, splits)
    before = file.read_bytes()
    with file.open("rb") as reader:
        save_predictions(tmp_path, {"test": splits["test"]})
        assert reader.read() == before


def test_a_write_that_fails_keeps_the_old_file(tmp_path, splits, monkeypatch):
    save_predictions(tmp_path, splits)

    def full(_frame, file, **_options):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(StorageError, match="No space left on device"):
        save_predictions(tmp_path, splits)
    assert [file.name for file in tmp_path.iterdir()] == ["predictions.parquet"]
    assert len(load_predictions(tmp_path, "test").ids) == 80


def test_a_run_without_predictions_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="no predictions yet"):
        load_predictions(tmp_path, "validation")


def test_a_damaged_or_foreign_file_is_reported_in_words(tmp_path):
    file = tmp_path / "predictions.parquet"
    file.write_bytes(b"not parquet at all")
    with pytest.raises(StorageError, match="damaged"):
        load_predictions(tmp_path, "test")
    pd.DataFrame({"id": ["a"], "split": ["test"], "truth/a": [1]}).to_parquet(file)
    with pytest.raises(StorageError, match="lacks columns"):
        load_predictions(tmp_path, "test")


def test_splits_must_share_their_labels(tmp_path, splits):
    other = splits["test"]
    renamed = Predictions(other.ids, other.truth, other.probabilities, ("x", "y", "z"))
    with pytest.raises(InvalidInput, match="same labels"):
        save_predictions(tmp_path, splits | {"test": renamed})
    with pytest.raises(InvalidInput, match="same labels"):
        save_predictions(tmp_path, {})


def test_a_folder_that_cannot_be_written_is_reported_in_words(tmp_path, splits):
    with pytest.raises(StorageError, match="cannot write"):
        save_predictions(tmp_path / "missing", splits)
