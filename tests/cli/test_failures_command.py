"""`mri failures`, as a user types it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mri_core.evaluation.predictions import load_predictions
from mri_core.settings import Settings

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def alone(trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy of the trained home without its data set."""
    shutil.copytree(trained.settings.root, tmp_path / "lab")
    shutil.rmtree(tmp_path / "lab" / "datasets")
    monkeypatch.setenv("MRI_HOME", str(tmp_path / "lab"))
    return Settings()


def test_the_document_is_that_of_the_stored_predictions(trained, typed: Typed) -> None:
    status, printed, said = typed("failures", "last", "--split", "test", "--most", 3, "--json")
    assert (status, said) == (0, "")
    document = json.loads(printed)
    stored = load_predictions(trained.settings.runs / trained.run_id, "test")
    wrong = ((stored.probabilities >= 0.5) != stored.truth).any(axis=1)
    assert (document["run"], document["split"], document["label"]) == (trained.run_id, "test", None)
    assert (document["errors"]["wrong"], document["errors"]["slices"]) == (wrong.sum(), len(wrong))
    assert document["label_sets"]["exact"] == (~wrong).sum() and document["label_sets"]["sets"][0] == []
    assert len(document["worst"]) == len(document["patients"]) == 3
    first = document["worst"][0]
    place = stored.ids.tolist().index(first["id"])
    assert list(first["probabilities"].values()) == pytest.approx(stored.probabilities[place].tolist())
    assert first["loss"] == max(one["loss"] for one in document["worst"])
    assert set(document["error_rates"]) == {"position", "labels carried", "mean intensity"}
    assert [line["label"] for line in document["consistency"]["tree"]]


def test_one_label_counts_its_own_errors(trained, typed: Typed) -> None:
    document = json.loads(typed("failures", "last", "--label", "label 2", "--json")[1])
    stored = load_predictions(trained.settings.runs / trained.run_id, "validation")
    assert document["errors"]["wrong"] == ((stored.probabilities >= 0.5) != stored.truth)[:, 1].sum()


def test_it_reads_in_words(trained, typed: Typed) -> None:
    status, printed, _ = typed("failures", "last", "--most", 2)
    assert status == 0
    for said in ("errors on any label", "Label sets", "Worst slices", "Error rate", "Most errors", "no finding"):
        assert said in printed


def test_without_the_data_set_it_says_what_is_gone(alone: Settings, typed: Typed) -> None:
    document = json.loads(typed("failures", "last", "--json")[1])
    assert document["patients"] is document["consistency"] is None
    assert list(document["error_rates"]) == ["labels carried"] and document["worst"][0]["patient"] is None
    status, printed, _ = typed("failures", "last")
    assert status == 0 and "Patients are unknown" in printed and "The data set is gone" in printed


def test_what_cannot_be_done_is_said_in_one_line(trained, typed: Typed) -> None:
    for arguments, said in (
        (("failures", "ffff"), "there is no run 'ffff'"),
        (("failures", "last", "--label", "cyst"), "the run has no label 'cyst'; expected one of label 1"),
    ):
        status, printed, line = typed(*arguments)
        assert (status, printed) == (1, "") and said in line and line.count("\n") == 1


@pytest.mark.parametrize("wrong", [("--split", "train"), ("--most", "0")])
def test_wrong_usage(trained, typed: Typed, wrong: tuple[str, str]) -> None:
    status, printed, _ = typed("failures", "last", *wrong)
    assert (status, printed) == (2, "")


def test_errors_are_set_against_findings_when_asked(trained, typed: Typed) -> None:
    status, printed, _ = typed("failures", "last", "--split", "test", "--findings", "--json")
    rows = json.loads(printed)["errors_by_finding"]
    assert status == 0 and all(0 <= row["wrong"] <= row["slices"] for row in rows)
    status, printed, _ = typed("failures", "last", "--split", "test", "--findings")
    assert status == 0 and "Errors where the data has faults" in printed
    assert all(row["finding"].split()[0] in printed for row in rows)


def test_findings_need_the_data_set(alone, typed: Typed) -> None:
    status, _, said = typed("failures", "last", "--findings")
    assert status == 1 and "is gone or has changed" in said
