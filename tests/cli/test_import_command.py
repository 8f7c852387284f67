"""`mri import`: what it prints, writes and refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from mri_core import cli
from mri_core.datasets.dataset import list_datasets, open_dataset


@pytest.fixture
def scans(home, tmp_path):
    """Ten slices of five patients and a table beside them that names eleven files."""
    root = tmp_path / "scans"
    root.mkdir()
    lines = ["image_id;subject;lesion"]
    for i in range(10):
        Image.fromarray(np.full((20, 16), 20 * i, np.uint8)).save(root / f"{i}.png")
        lines.append(f"{i};p{i // 2};{i % 2}")
    (root / "broken.png").write_text("no picture")
    (root / "labels.csv").write_text("\n".join([*lines, "broken;p9;1", "gone;p9;0"]))
    return root


def mri(monkeypatch, capsys, *arguments) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command in this process."""
    monkeypatch.setattr("sys.argv", ["mri", *map(str, arguments)])
    with pytest.raises(SystemExit) as ending:
        cli.main()
    said = capsys.readouterr()
    return int(ending.value.code or 0), said.out, said.err


def test_it_says_what_was_taken_and_what_not_and_why(home, scans, tmp_path, monkeypatch, capsys):
    report = tmp_path / "report.csv"
    status, printed, said = mri(monkeypatch, capsys, "import", scans, "--name", "mine", "--report", report)
    assert status == 0
    assert "10 slices taken, 1 row without a file, 1 skipped" in said
    assert "labels.csv was read as UTF-8 text" in said and "measure 16×20" in said
    assert printed.splitlines()[0].split() == ["prevalence", "wanted", "train", "validation", "test"]
    assert "lesion" in printed and "50.0 %" in printed and "slices: " in printed
    assert [line.split(",")[:2] for line in report.read_text().splitlines()] == [
        ["what", "reason"],
        ["gone", "row without a file"],
        ["broken", "skipped"],
    ]


def test_json_has_the_header_and_the_summary(home, scans, monkeypatch, capsys):
    arguments = (
        "--size",
        "32",
        "--colour",
        "--resampling",
        "bicubic",
        "--percentiles",
        "1",
        "99",
        "--window",
        "percentile",
    )
    fractions = ("--fractions", "0.4,0.2,0.4", "--json")
    status, printed, _ = mri(monkeypatch, capsys, "import", scans, "--name", "mine", *arguments, *fractions)
    made = json.loads(printed)
    assert status == 0 and made["slices"] == 10 and made["image_shape"] == [32, 32, 3]
    assert made["preprocessing"] == {
        "resampling": "bicubic", "window": "percentile", "low": 1, "high": 99, "axis": "axial",
    }  # fmt: skip
    assert list(made["skipped"]) == ["gone", "broken"]
    assert made["summary"]["splits"] == {"train": 4, "validation": 2, "test": 4}
    assert made["summary"]["mapping"]["patient"] == "subject"
    assert open_dataset("mine", home).header.patients == 5


def test_a_dry_run_shows_the_mapping_and_makes_nothing(home, scans, monkeypatch, capsys):
    status, printed, _ = mri(monkeypatch, capsys, "import", scans, "--dry-run")
    assert status == 0 and "a folder of images and a table of labels: 11 slices" in printed
    assert "image_id" in printed and "gone: there is no such file" in printed
    status, printed, _ = mri(monkeypatch, capsys, "import", scans, "--dry-run", "--json")
    found = json.loads(printed)
    assert found["source"] == "table" and found["rows"][1] == {"id": "1", "patient": "p0", "split": None, "lesion": 1}
    assert list_datasets(home) == []


REFUSED = {
    "fractions": (("--fractions", "0.5,0.5"), "--fractions is '0.5,0.5', expected three shares such as 0.6,0.15,0.25"),
    "percentiles": (("--percentiles", "9", "1"), "--percentiles are 9 and 1, expected two from 0 to 100"),
    "report": (
        ("--report", "list.txt"),
        "--report is list.txt, expected a file in a directory that exists, ending in .csv",
    ),
    "kind": (("--as", "folder"), "there is no kind of source 'folder'"),
    "column": (("--split-column", "phase"), "labels.csv has no column 'phase'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_is_said_in_one_line(home, scans, monkeypatch, capsys, case):
    arguments, expected = REFUSED[case]
    status, printed, said = mri(monkeypatch, capsys, "import", scans, "--name", "mine", *arguments)
    assert status == 1 and printed == "" and said.startswith("error: ") and expected in said and said.count("\n") == 1
    assert list_datasets(home) == []


def test_a_name_is_needed(home, scans, monkeypatch, capsys):
    status, _, said = mri(monkeypatch, capsys, "import", scans)
    assert status == 2 and "--name" in said
