from __future__ import annotations

import csv
import io
import json
from collections import Counter

import pytest
from dataset_support import LABELS, build_dataset, random_rows
from sklearn.metrics import multilabel_confusion_matrix

from mri_core.datasets.dataset import SPLITS
from mri_core.datasets.statistics import FLAGGED_DIFFERENCE, label_statistics, split_table_csv

ROWS = random_rows(60)


def on(row: dict) -> tuple[str, ...]:
    return tuple(label for label in LABELS if row[label])


@pytest.fixture
def statistics(home) -> dict:
    return label_statistics(build_dataset(home, ROWS))


def test_the_document_has_the_agreed_shape(statistics):
    assert json.loads(json.dumps(statistics, allow_nan=False)) == statistics
    agreed = {
        "name",
        "fingerprint",
        "image_shape",
        "labels",
        "slices",
        "patients",
        "splits",
        "co_occurrence",
        "label_sets",
    }
    assert agreed <= set(statistics)
    assert statistics["name"] == "small" and statistics["image_shape"] == [8, 8]
    assert statistics["labels"] == list(LABELS) and statistics["slices"] == 60
    assert statistics["patients"] is None  # some slices do not say whose they are
    assert list(statistics["splits"]) == list(SPLITS)
    for split in statistics["splits"].values():
        assert {"slices", "no_finding", "positives", "cardinality", "density"} <= set(split)


@pytest.mark.parametrize("split", SPLITS)
def test_counts_of_a_split_agree_with_a_loop(statistics, split):
    rows = [row for row in ROWS if row["split"] == split]
    found = statistics["splits"][split]
    carried = [len(on(row)) for row in rows]
    assert found["slices"] == len(rows)
    assert found["no_finding"] == carried.count(0)
    assert found["no_finding_share"] == pytest.approx(carried.count(0) / len(rows))
    assert found["positives"] == {label: sum(row[label] for row in rows) for label in LABELS}
    assert found["prevalence"] == pytest.approx({label: sum(r[label] for r in rows) / len(rows) for label in LABELS})
    assert found["cardinality"] == pytest.approx(sum(carried) / len(rows))
    assert found["density"] == pytest.approx(sum(carried) / len(rows) / len(LABELS))


def test_co_occurrence_agrees_with_scikit_learn(statistics):
    truth = [[row[label] for label in LABELS] for row in ROWS]
    for i, a in enumerate(LABELS):
        # Truth against "everything carries a": its true positives are the slices that carry both.
        alike = multilabel_confusion_matrix(truth, [[row[i]] * len(LABELS) for row in truth])
        for j, b in enumerate(LABELS):
            assert statistics["co_occurrence"][a][b] == alike[j][1, 1]


def test_label_sets_are_counted_most_frequent_first(statistics):
    counts = [found["slices"] for found in statistics["label_sets"]]
    assert counts == sorted(counts, reverse=True) and sum(counts) == len(ROWS)
    assert {tuple(found["labels"]): found["slices"] for found in statistics["label_sets"]} == Counter(map(on, ROWS))


def test_an_empty_split_has_no_shares(home):
    dataset = build_dataset(home, [row | {"split": "train"} for row in ROWS])
    found = label_statistics(dataset)
    empty = found["splits"]["test"]
    assert empty["slices"] == 0 and empty["positives"] == dict.fromkeys(LABELS, 0)
    assert [empty[key] for key in ("cardinality", "density", "no_finding_share")] == [None] * 3
    assert empty["prevalence"] == dict.fromkeys(LABELS)
    assert found["differences"] == []


def split_rows(positives: int, of: int, split: str) -> list[dict]:
    rows = [row | dict.fromkeys(LABELS, 0) | {"split": split} for row in random_rows(of)]
    return [row | {LABELS[0]: int(number < positives)} for number, row in enumerate(rows)]


def test_splits_that_differ_are_flagged_with_their_difference(home):
    rows = split_rows(50, 100, "train") + split_rows(40, 100, "validation") + split_rows(52, 100, "test")
    dataset = build_dataset(home, [row | {"id": str(number)} for number, row in enumerate(rows)])
    found = {
        (entry["split"], entry["label"]): entry["difference"] for entry in label_statistics(dataset)["differences"]
    }
    assert found == pytest.approx({("validation", LABELS[0]): -0.1, ("validation", "no finding"): 0.1})
    assert all(abs(difference) > FLAGGED_DIFFERENCE for difference in found.values())


def test_the_table_downloads_as_csv(statistics):
    rows = list(csv.DictReader(io.StringIO(split_table_csv(statistics))))
    assert [row["split"] for row in rows] == list(SPLITS)
    for row in rows:
        found = statistics["splits"][row["split"]]
        assert int(row["slices"]) == found["slices"]
        for label in LABELS:
            assert int(row[f"positives: {label}"]) == found["positives"][label]
            assert float(row[f"prevalence: {label}"]) == pytest.approx(found["prevalence"][label])
