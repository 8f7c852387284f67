"""Files, folders and zips of the owner's: what a page makes of an upload, in the same order and volumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from files_support import png, series_files, zipped

from mri_core.images import limits
from mri_core.images.limits import LIMITS, MB
from mri_core.prediction.answers import answers_json
from mri_core.prediction.batch import answer_many, merge_series
from mri_core.prediction.on_disk import answer_paths
from mri_core.prediction.predictor import Predictor, load_predictor


@pytest.fixture
def predictor(trained) -> Predictor:
    return load_predictor(trained.settings.runs / trained.run_id)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder with a picture, a series in a folder of its own, and files that are not asked about."""
    folder = tmp_path / "study"
    (folder / "T1").mkdir(parents=True)
    (folder / ".git").mkdir()
    for name, data in series_files():
        (folder / "T1" / name).write_bytes(data)
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / ".git" / "HEAD").write_bytes(b"x")
    (folder / "a.png").write_bytes(png(np.zeros((64, 64), np.uint8)))
    return folder


def test_a_folder_is_its_files_and_a_series_in_it_one_volume(predictor, study) -> None:
    calls: list[tuple[int, int]] = []
    picture, volume = answer_paths(predictor, [study], lambda done, all_: calls.append((done, all_)))
    assert calls == [(number, 6) for number in range(1, 7)]
    assert picture.file == f"{study}/a.png" and len(picture.predictions) == 1
    assert volume.file == f"{study}/T1 (series {volume.series}, 5 files)"
    assert [volume.file_of(number) for number in range(5)] == [f"{study}/T1/{place}.dcm" for place in range(5)]
    assert [one.position for one in volume.predictions] == [0, 2.5, 5, 7.5, 10]


def test_a_zip_says_what_the_page_says_of_it(predictor, tmp_path) -> None:
    data = zipped([*series_files(), ("b.png", png(np.full((64, 64), 99, np.uint8))), ("README", b"x")])
    (tmp_path / "study.zip").write_bytes(data)
    here = answer_paths(predictor, [tmp_path / "study.zip"])
    there = merge_series(
        [answer for found in answer_many(predictor, [("study.zip", data)]) for answer in found.answers]
    )
    assert [len(answer.predictions) for answer in here] == [5, 1, 0]
    for ours, theirs in zip(answers_json(here), answers_json(there), strict=True):
        assert ours["file"] == f"{tmp_path}/study.zip/{theirs['file']}"
        if "error" in theirs:
            assert ours["error"] == theirs["error"]
        else:
            assert ours["probabilities"] == pytest.approx(theirs["probabilities"], abs=1e-6)
            assert (ours["labels"], ours["series"]) == (theirs["labels"], theirs["series"])


def test_records_of_a_series_name_its_files_and_tell_of_the_patient(predictor, study) -> None:
    records = answers_json(answer_paths(predictor, [study / "T1"]))
    assert [record["file"] for record in records] == [f"{study}/T1/{place}.dcm" for place in range(5)]
    assert [record["slice"] for record in records] == [None] * 5 and len({one["series"] for one in records}) == 1
    assert [record["volume"]["place"] for record in records] == [0, 1, 2, 3, 4]
    for label in predictor.description.labels:
        highest = sorted(record["probabilities"][label] for record in records)[-3:]
        patient = [record["volume"]["probabilities"][label] for record in records]
        assert patient == pytest.approx([sum(highest) / 3] * 5)


def test_a_series_given_by_paths_of_both_kinds_is_one_volume(predictor, study, monkeypatch) -> None:
    monkeypatch.chdir(study)
    [volume] = answer_paths(predictor, [Path("T1/1.dcm"), study / "T1" / "0.dcm"])
    assert volume.file == f"series {volume.series}, 2 files"
    assert [volume.file_of(number) for number in range(2)] == [f"{study}/T1/0.dcm", "T1/1.dcm"]
    [volume] = answer_paths(predictor, [Path("T1/1.dcm"), Path("../study/T1/0.dcm")])
    assert len(volume.predictions) == 2


def test_what_cannot_be_read_is_said_and_the_others_are_answered(predictor, study, tmp_path, monkeypatch) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 no")
    (tmp_path / "large.zip").write_bytes(zipped([("a.png", bytes(MB))]))
    monkeypatch.setattr(limits, "LIMITS", LIMITS.model_copy(update={"own_file_mb": 1}))
    names = ["empty", "bad.zip", "large.zip", "study/a.png", "nowhere.png"]
    answers = answer_paths(predictor, [tmp_path / name for name in names])
    assert [answer.file for answer in answers] == [str(tmp_path / name) for name in names]
    expected = ("empty: there is no file in it", "bad.zip: its table", "large.zip: the file has", None, "nowhere.png: ")
    for answer, begins in zip(answers, expected, strict=True):
        assert (answer.error or "").startswith(begins or "") and bool(answer.error) == (begins is not None)
