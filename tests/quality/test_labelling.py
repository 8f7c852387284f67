"""Labels: missing, constant, too rare, and nested."""

from __future__ import annotations

import numpy as np

from mri_core.datasets.dataset import Dataset
from mri_core.quality.checks import check_dataset
from mri_core.quality.examples import numbers_table
from mri_core.quality.labelling import LEAST_SUPPORT, label_findings


def pixels(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8)).astype(np.uint8)


def found(dataset: Dataset) -> dict:
    return {finding.name: finding for finding in label_findings(dataset)}


def test_missing_labels_are_listed_by_slice_and_label(made) -> None:
    dataset = made(pixels(4), {"a": [1, None, 0, 1], "b": [0, None, None, 1]})
    finding = found(dataset)["missing-labels"]
    assert finding.rows.tolist() == finding.excluded.tolist() == [1, 2] and finding.severity == "serious"
    assert finding.notes == ("lacks a, b", "lacks b")
    assert [dict(line) for line in finding.table] == [{"label": "a", "missing": 1}, {"label": "b", "missing": 2}]
    assert "missing-labels" in [one.name for one in check_dataset(dataset).findings]


def test_constant_labels_are_named(made) -> None:
    finding = found(made(pixels(4), {"on": [1] * 4, "off": [0] * 4, "both": [0, 1, 0, 1]}))["constant-labels"]
    assert {line["label"]: line["occurs"] for line in finding.table} == {"on": "always", "off": "never"}
    assert finding.summary == "Among the slices on always occurs, off never occurs."


def test_a_support_is_small_below_its_limit_with_and_without_the_label(made) -> None:
    splits = ["train"] * 100 + ["test"] * 100
    enough = ([1] * LEAST_SUPPORT + [0] * (100 - LEAST_SUPPORT)) * 2
    rare = enough[:100] + [1] * (LEAST_SUPPORT - 1) + [0] * (101 - LEAST_SUPPORT)
    common = [1 - on for on in rare]
    dataset = made(pixels(200), {"enough": enough, "rare": rare, "common": common}, split=splits)
    lines = [dict(line) for line in found(dataset)["small-support"].table]
    # No slice is in validation, where all three lack everything.
    assert [line["label"] for line in lines if line["split"] == "validation"] == ["enough", "rare", "common"]
    assert [line for line in lines if line["split"] != "validation"] == [
        {"split": "test", "label": "rare", "with": 29, "without": 71},
        {"split": "test", "label": "common", "with": 71, "without": 29},
    ]


def test_nesting_is_shown_as_a_tree_with_its_exceptions(made) -> None:
    whole = [1] * 120 + [0] * 80
    part = [1] * 60 + [0] * 139 + [1]
    dataset = made(pixels(200), {"part": part, "whole": whole})
    finding = found(dataset)["implied-labels"]
    assert finding.rows.tolist() == [199] and finding.notes == ("part without whole",)
    assert finding.severity == "note" and "part in whole" in finding.summary
    assert [(line["label"], line["depth"]) for line in finding.table] == [("whole", 0), ("part", 1)]
    table = numbers_table(finding)
    assert table["Label"].tolist() == ["whole", "\u2003└\u2002part"]
    assert table["That carry the parent too"].tolist() == ["–", "98.4 %"]


def test_the_tree_is_found_in_training_slices_alone(made) -> None:
    whole, part = [1] * 50 + [0] * 50, [1] * 40 + [0] * 60
    splits = ["test"] * 100
    assert "implied-labels" not in found(made(pixels(100), {"whole": whole, "part": part}, split=splits))
