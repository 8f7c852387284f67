"""`mri predict` into files: a table of answers, and the submission file of a split."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from files_support import series_files, zipped
from PIL import Image

from mri_core.prediction.judged_run import open_judged_run
from mri_core.prediction.submission import submission_table
from mri_core.runs.store import RunStore


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_answers_are_written_as_a_table(trained, typed, tmp_path, suffix):
    for name, value in (("a.png", 0), ("b.png", 200)):
        Image.fromarray(np.full((64, 64), value, np.uint8)).save(tmp_path / name)
    out = tmp_path / f"answers{suffix}"
    status, printed, told = typed(
        "predict", trained.run_id, tmp_path / "a.png", tmp_path / "b.png", "--out", out, "--json"
    )
    assert status == 0 and f"Wrote 2 slices to {out}." in told
    table = pd.read_csv(out) if suffix == ".csv" else pd.read_parquet(out)
    assert set(table["model"]) == {trained.run_id}
    for row, record in zip(table.to_dict("records"), json.loads(printed), strict=True):
        assert row["file"] == record["file"]
        for label, probability in record["probabilities"].items():
            assert row[f"probability {label}"] == pytest.approx(probability)
            assert row[f"concluded {label}"] == (label in record["labels"])


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_series_in_a_folder_or_a_zip_is_one_volume(trained, typed, tmp_path, kind):
    study = tmp_path / ("study" if kind == "folder" else "study.zip")
    if kind == "folder":
        study.mkdir()
        for name, data in series_files():
            (study / name).write_bytes(data)
    else:
        study.write_bytes(zipped(series_files()))
    status, printed, _ = typed("predict", trained.run_id, study, "--json")
    records = json.loads(printed)
    assert status == 0 and [record["file"] for record in records] == [f"{study}/{place}.dcm" for place in range(5)]
    assert [record["volume"]["place"] for record in records] == [0, 1, 2, 3, 4]
    status, printed, _ = typed("predict", trained.run_id, study)
    assert status == 0 and f"{study} (series {records[0]['series']}, 5 files)" in printed
    (patient,) = [line for line in printed.splitlines() if "5 files" in line]
    assert patient.split()[-1] in (*records[0]["volume"]["labels"], "finding")


def test_a_submission_has_a_row_for_each_test_slice(trained, typed, tmp_path):
    out = tmp_path / "submission.csv"
    status, printed, _ = typed("predict", trained.run_id, "--split", "test", "--out", out, "--json")
    expected = submission_table(
        open_judged_run(RunStore(trained.settings).get(trained.run_id), "test", trained.settings)
    )
    assert status == 0 and json.loads(printed)["slices"] == len(expected)
    pd.testing.assert_frame_equal(pd.read_csv(out), expected, check_dtype=False)


@pytest.mark.parametrize("arguments", [[], ["a.png", "--split", "test", "--out", "x.csv"], ["--split", "test"]])
def test_it_wants_either_files_or_a_split_and_where_to_write_it(trained, typed, arguments):
    status, _, told = typed("predict", trained.run_id, *arguments)
    assert status == 2 and "give either files, or --split and --out" in told


def test_a_file_that_cannot_be_written_is_said_first(trained, typed, tmp_path):
    status, _, told = typed("predict", trained.run_id, "--split", "test", "--out", tmp_path / "x.parquet")
    assert status == 1 and "expected a file in a directory that exists, ending in .csv" in told
