"""`mri check`, as a user types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import list_datasets, open_dataset
from mri_core.quality.checks import CHECKS, check_dataset
from mri_core.settings import Settings

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def faulty(trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with data set "faulty": 100 slices of the demo set, a copy of the first, and a black one."""
    demo = open_dataset("demo", trained.settings)
    settings = Settings(home=tmp_path / "lab")
    monkeypatch.setenv("MRI_HOME", str(settings.root))
    rows = demo.index.drop(columns="checksum").astype(object).to_dict("records")[:100]
    rows += [rows[0] | {"id": "copy"}, rows[1] | {"id": "black"}]
    pixels = np.concatenate([demo.pixels[:100], demo.pixels[:1], 0 * demo.pixels[:1]])
    with DatasetBuilder(settings, "faulty", demo.label_names, demo.image_shape, len(rows)) as builder:
        builder.add(pixels, rows)
        builder.finish(simulated=True, provenance={})
    return settings


def test_the_document_holds_what_the_checks_find(faulty: Settings, typed: Typed) -> None:
    status, printed, _ = typed("check", "faulty", "--json")
    document = json.loads(printed)
    dataset = open_dataset("faulty", faulty)
    expected = check_dataset(dataset)
    assert status == 0 and document["checks"] == list(CHECKS)
    assert (document["name"], document["fingerprint"], document["slices"]) == ("faulty", dataset.fingerprint, 102)
    assert [one["name"] for one in document["findings"]] == [one.name for one in expected.findings]
    by_name = {one["name"]: one for one in document["findings"]}
    assert by_name["exact-within"]["pairs"] == [[dataset.index["id"].iloc[0], "copy"]]
    assert by_name["exact-within"]["excludable"] == ["copy"] and by_name["blank"]["slices"] == ["black"]


def test_it_reads_in_words(faulty: Settings, typed: Typed) -> None:
    status, printed, _ = typed("check", "faulty")
    assert status == 0
    for said in (
        "Exact duplicates within a split (exact-within)",
        "Blank slices",
        "Leave them out",
        "blank",
        "warning",
    ):
        assert said.lower() in printed.lower()


def test_nothing_found_is_said_too(faulty: Settings, typed: Typed) -> None:
    status, printed, _ = typed("check", "faulty", "--only", "patients")
    assert (status, printed) == (0, "faulty: nothing found by patients\n")


def test_the_slices_go_into_a_file(faulty: Settings, typed: Typed, tmp_path: Path) -> None:
    out = tmp_path / "findings.csv"
    status, _, said = typed("check", "faulty", "--only", "intensities", "--out", out)
    assert status == 0 and f"Wrote {out}" in said
    table = pd.read_csv(out)
    assert table[["finding", "id", "left_out"]].to_numpy().tolist() == [["blank", "black", "yes"]]


def test_findings_are_left_out_of_a_new_version(faulty: Settings, typed: Typed) -> None:
    status, _, said = typed("check", "faulty", "--exclude", "exact-duplicates", "--exclude", "blank")
    assert status == 0 and "Created data set 'faulty v2': 100 slices, 2 left out. 'faulty' stays as it is." in said
    made, old = open_dataset("faulty v2", faulty), open_dataset("faulty", faulty)
    assert made.index["id"].tolist() == old.index["id"].tolist()[:100] and old.header.slices == 102
    origin = made.header.provenance["version_of"]
    assert origin["because"] == {"exact-within": 1, "blank": 1} and origin["fingerprint"] == old.fingerprint
    document = json.loads(typed("check", "faulty", "--exclude", "blank", "--as", "shown", "--json")[1])
    assert document["new_version"]["name"] == "shown" and document["new_version"]["slices"] == 101


def test_what_cannot_be_done_is_said_in_one_line_and_changes_nothing(faulty: Settings, typed: Typed) -> None:
    for arguments, part in (
        (("nothing",), "there is no data set 'nothing'"),
        (("faulty", "--only", "cyst"), "there is no check 'cyst'; expected one of exact-duplicates"),
        (("faulty", "--exclude", "cyst"), "there is no check or finding 'cyst'"),
        (("faulty", "--exclude", "patients"), "there is no slice to leave out"),
        (("faulty", "--exclude", "blank", "--as", "faulty"), "there is a data set 'faulty' already"),
        (("faulty", "--exclude", "blank", "--as", "../up"), "cannot name a data set"),
        (("faulty", "--out", "findings.xlsx"), "--out is findings.xlsx"),
    ):
        status, printed, said = typed("check", *arguments)
        assert (status, printed) == (1, "") and part in said and said.count("\n") == 1, said
    assert [header.name for header in list_datasets(faulty)] == ["faulty"]


def test_a_name_without_anything_to_leave_out_is_wrong_usage(faulty: Settings, typed: Typed) -> None:
    assert typed("check", "faulty", "--as", "new")[0] == 2
