from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations, product

import numpy as np
import pytest
from dataset_support import LABELS, build_dataset, random_rows

from mri_core.datasets.browse import (
    MATCHES,
    SORTS,
    Query,
    find_slices,
    intensities,
    neighbours,
    page_count,
    page_rows,
    patients,
    row_of,
    slice_records,
    spread_labelled,
)
from mri_core.datasets.dataset import SPLITS, Dataset
from mri_core.errors import NotFound

ROWS = random_rows(60)
SUBSETS = list(chain.from_iterable(combinations(LABELS, size) for size in range(len(LABELS) + 1)))


@pytest.fixture
def dataset(home) -> Dataset:
    return build_dataset(home, ROWS)


def findings(row: dict) -> set[str]:
    return {label for label in LABELS if row[label]} or {"no finding"}


def matches(row: dict, query: Query) -> bool:
    """What the filter should say, one slice at a time."""
    wanted = {*query.labels, *(["no finding"] if query.no_finding else [])}
    has = findings(row)
    rule = {"all": wanted <= has, "any": bool(wanted & has), "exactly": wanted == has}[query.match]
    return (
        (query.split is None or row["split"] == query.split)
        and (query.patient is None or row["patient"] == query.patient)
        and (not wanted or rule)
    )


@pytest.mark.parametrize("match", MATCHES)
def test_every_combination_of_findings_finds_what_a_loop_finds(dataset, match):
    for labels, no_finding, split in product(SUBSETS, (False, True), (None, *SPLITS)):
        query = Query(split, labels, no_finding, match)
        expected = [row["id"] for row in ROWS if matches(row, query)]
        assert list(dataset.index["id"].iloc[find_slices(dataset, query)]) == expected, query


def test_a_patient_filter_leaves_out_slices_of_unknown_patients(dataset):
    found = slice_records(dataset, find_slices(dataset, Query(patient="p3")))
    assert found
    assert [record.id for record in found] == [row["id"] for row in ROWS if row["patient"] == "p3"]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("descending", [False, True])
def test_orders_agree_with_a_plain_sort_and_put_missing_values_last(dataset, sort, descending):
    rows = find_slices(dataset, Query(sort=sort, descending=descending))
    assert sorted(rows) == list(range(len(ROWS)))
    first = SORTS[sort][0]
    values = [ROWS[row][first] for row in rows]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=descending)
    assert values[len(known) :] == [None] * (len(values) - len(known))


def test_a_patients_slices_are_sorted_by_position(dataset):
    rows = find_slices(dataset, Query(patient="p0", sort="patient"))
    positions = [ROWS[row]["position"] for row in rows]
    known = [position for position in positions if position is not None]
    assert known == sorted(known) and None not in positions[: len(known)]


def test_all_positions_may_be_missing(home):
    rows = [row | {"position": None, "patient": None} for row in random_rows(8)]
    dataset = build_dataset(home, rows)
    assert list(find_slices(dataset, Query(sort="position"))) == list(range(8))
    assert patients(dataset) == []
    assert [record.position for record in slice_records(dataset, [0, 1])] == [None, None]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        (Query(split="holdout"), "split 'holdout'"),
        (Query(labels=("cyst",)), "label 'cyst'"),
        (Query(sort="age"), "order 'age'"),
    ],
)
def test_what_does_not_exist_is_named(dataset, query, named):
    with pytest.raises(NotFound, match=f"there is no {named}; expected one of "):
        find_slices(dataset, query)


def test_pages_hold_every_slice_once(dataset):
    rows = find_slices(dataset, Query())
    for per_page in (1, 7, 24, 60, 100):
        pages = page_count(len(rows), per_page)
        shown = [page_rows(rows, page, per_page) for page in range(1, pages + 1)]
        assert list(np.concatenate(shown)) == list(rows)
        assert all(len(page) for page in shown)


def test_a_page_outside_is_the_nearest():
    rows = np.arange(10)
    assert list(page_rows(rows, 0, 4)) == [0, 1, 2, 3]
    assert list(page_rows(rows, 99, 4)) == [8, 9]
    assert page_count(0, 4) == 1 and len(page_rows(rows[:0], 1, 4)) == 0


def test_neighbours_follow_the_order():
    rows = np.array([5, 2, 9])
    assert neighbours(rows, 5) == (None, 2)
    assert neighbours(rows, 2) == (5, 9)
    assert neighbours(rows, 9) == (2, None)
    assert neighbours(rows, 7) == (None, None)


def test_records_hold_what_the_index_says(dataset):
    for record, number in zip(slice_records(dataset, [7, 2, 11]), (7, 2, 11), strict=True):
        row = ROWS[number]
        assert (record.row, record.id, record.patient, record.split, record.source, record.position) == (
            number, row["id"], row["patient"], row["split"], row["source"], row["position"],
        )  # fmt: skip
        assert (set(record.labels) or {"no finding"}) == findings(row)
        assert len(record.checksum) == 32


def test_a_slice_is_found_by_its_id(dataset):
    assert row_of(dataset, "s042") == 42
    with pytest.raises(NotFound, match="no slice 's999' in data set 'small'; expected an id such as s000"):
        row_of(dataset, "s999")


def test_patients_are_each_named_once(dataset):
    assert patients(dataset) == sorted({row["patient"] for row in ROWS if row["patient"]})


@pytest.mark.parametrize("shape", [(8, 8), (4, 6, 3)])
def test_intensities_count_every_value(shape):
    pixels = np.random.default_rng(2).integers(3, 200, shape).astype(np.uint8)
    found = intensities(pixels)
    expected, _ = np.histogram(pixels, bins=np.arange(257))
    assert np.array_equal(found.counts, expected)
    assert (found.lowest, found.highest) == (pixels.min(), pixels.max())
    assert found.mean == pytest.approx(np.average(np.arange(256), weights=expected))


def test_examples_carry_a_label_and_are_spread_over_the_index(dataset):
    rows = spread_labelled(dataset, 5)
    labelled = [number for number, row in enumerate(ROWS) if findings(row) != {"no finding"}]
    assert len(rows) == 5 and set(rows) <= set(labelled)
    assert rows[0] == labelled[0] and rows[-1] == labelled[-1]
    assert list(spread_labelled(dataset, 1000)) == labelled


def test_examples_of_a_data_set_without_any_finding(home):
    dataset = build_dataset(home, [row | dict.fromkeys(LABELS, 0) for row in random_rows(6)])
    assert list(spread_labelled(dataset, 2)) == [0, 5]


def test_a_query_can_be_compared_and_hashed():
    assert hash(Query(labels=("a",))) == hash(replace(Query(), labels=("a",)))
