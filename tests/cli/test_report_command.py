"""`mri report`, as a user types it."""

import json

import pytest


def test_the_card_holds_the_numbers_of_evaluate(trained, typed, tmp_path) -> None:
    file = tmp_path / "card.json"
    status, printed, said = typed("report", "last", "--out", file, "--json")
    assert status == 0 and said == "" and json.loads(printed) == {"run": trained.run_id, "file": str(file)}
    card = json.loads(file.read_text())
    for split in ("validation", "test"):
        evaluation = json.loads(typed("evaluate", "last", "--split", split, "--json")[1])
        assert {"run": trained.run_id, "split": split, **card["scores"][split]} == evaluation
    assert card["dataset"]["simulated"] and card["dataset"]["splits"]["test"]["slices"] == evaluation["slices"]
    assert card["commands"][0] == "mri demo --name demo --slices 300 --seed 0"


@pytest.mark.parametrize(
    ("suffix", "beginning"),
    [("html", "<!doctype html>"), ("HTML", "<!doctype html>"), ("md", "# Model card"), ("json", "{")],
)
def test_the_suffix_decides_what_is_written(trained, typed, tmp_path, suffix, beginning) -> None:
    file = tmp_path / f"card.{suffix}"
    status, printed, said = typed("report", trained.run_id[:8], "--out", file)
    assert (status, printed, said) == (0, "", f"Wrote {file}.\n")
    assert file.read_text().lstrip().startswith(beginning)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


BAD = {
    "another suffix": (("last", "--out", "card.pdf"), "--out is card.pdf, expected a file in a directory that exists"),
    "no directory": (("last", "--out", "none/card.html"), "expected a file in a directory that exists, ending in"),
    "unknown run": (("ffff", "--out", "card.html"), "there is no run 'ffff'"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_done_is_said_in_one_line(trained, typed, case) -> None:
    arguments, expected = BAD[case]
    status, printed, said = typed("report", *arguments)
    assert status == 1 and printed == "" and said.startswith("error: ") and said.count("\n") == 1
    assert expected in said


def test_a_file_is_needed(trained, typed) -> None:
    assert typed("report", "last")[0] == 2
