"""Random queries, and the counts of random labels, against plain pandas on the rows that a data set was made of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dataset_support import build_dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from mri_core.bench.session import own_settings
from mri_core.datasets.browse import MATCHES, SORTS, Query, find_slices, is_patient, patients, patients_like
from mri_core.datasets.dataset import SPLITS, Dataset
from mri_core.datasets.statistics import FLAGGED_DIFFERENCE, label_statistics

COUNT = 150
WIDTHS = {labels: tuple(f"label {number}" for number in range(labels)) for labels in (1, 3, 11, 17)}
NAMES = ["Ärztin", "a b", "p10", "p2", "P2", "zz", "p2'", "日本"]


def rows_of(labels: int, whole: bool) -> list[dict]:
    """Ids in no order; patients, positions and splits that may be missing; unless `whole`, labels of test as well."""
    random = np.random.default_rng(labels)
    common = [f"label {number}" for number in range(min(labels, 3))]
    rows = []
    for number in random.permutation(COUNT).tolist():
        split = str(random.choice(SPLITS)) if random.random() < 0.9 else None
        on = {name: int(random.random() < (0.4 if name in common else 0.05)) for name in WIDTHS[labels]}
        if split == "test" and not whole and random.random() < 0.3:
            on |= {str(random.choice(WIDTHS[labels])): None}
        rows.append(
            {"id": f"s{number:03}", "patient": NAMES[number % 10] if number % 10 < len(NAMES) else None}
            | {"split": split, "source": "a file", "position": None if number % 7 == 3 else float(number % 6)}
            | on
        )  # fmt: skip
    return rows


@pytest.fixture(scope="module", params=[(labels, whole) for labels in WIDTHS for whole in (True, False)], ids=str)
def made(request, tmp_path_factory) -> tuple[Dataset, pd.DataFrame]:
    """A data set, and its rows as a plain table."""
    labels, whole = request.param
    home = own_settings(tmp_path_factory.mktemp("home"))
    rows = rows_of(labels, whole)
    return build_dataset(home, rows, WIDTHS[labels]), pd.DataFrame(rows)


def expected_rows(table: pd.DataFrame, labels: tuple[str, ...], query: Query) -> list[int]:
    """What a query should find, by masks and `sort_values`."""
    on = table[list(labels)] == 1
    known = table[list(labels)].notna().all(axis=1)
    present = on.assign(none=~on.any(axis=1) & known)
    wanted = [*query.labels, *(["none"] if query.no_finding else [])]
    keep = pd.Series(True, index=table.index)
    if query.split:
        keep &= table["split"] == query.split
    if query.patient is not None:
        keep &= table["patient"] == query.patient
    if wanted and query.match == "any":
        keep &= present[wanted].any(axis=1)
    elif wanted:
        keep &= present[wanted].all(axis=1)
        if query.match == "exactly":
            keep &= ~present.drop(columns=wanted).any(axis=1)
    ordered = table[keep].sort_values(list(SORTS[query.sort]), ascending=not query.descending, kind="stable")
    return ordered.index.tolist()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_queries_find_what_pandas_finds(made, data):
    dataset, table = made
    names = dataset.label_names
    query = Query(
        split=data.draw(st.sampled_from([None, *SPLITS])),
        labels=tuple(data.draw(st.lists(st.sampled_from(names), max_size=3, unique=True))),
        no_finding=data.draw(st.booleans()),
        match=data.draw(st.sampled_from(MATCHES)),
        patient=data.draw(st.sampled_from([None, None, *NAMES, "nobody"])),
        sort=data.draw(st.sampled_from(list(SORTS))),
        descending=data.draw(st.booleans()),
    )
    assert find_slices(dataset, query).tolist() == expected_rows(table, names, query)


def test_equal_ids_and_values_stay_in_the_order_of_the_index(home):
    rows = [row | {"id": "same", "patient": "one", "position": 1.0} for row in rows_of(1, True)[:20]]
    dataset = build_dataset(home, rows, WIDTHS[1])
    for sort in SORTS:
        for descending in (False, True):
            assert find_slices(dataset, Query(sort=sort, descending=descending)).tolist() == list(range(20))


def test_an_order_is_found_once(made):
    dataset, _ = made
    assert dataset.in_order(("patient", "id")) is dataset.in_order(("patient", "id"))


def test_patients_are_found_by_their_names(made):
    dataset, table = made
    every = sorted(table["patient"].dropna().unique())
    assert patients(dataset) == every and patients(dataset, 3) == every[:3]
    assert all(is_patient(dataset, name) for name in every) and not is_patient(dataset, "p")
    for part in ("p", "P2", "'", ".", "ä", "日"):
        like = [name for name in every if part.lower() in name.lower()]
        assert patients_like(dataset, part, 10) == like and patients_like(dataset, part, 1) == like[:1]


def test_statistics_are_what_pandas_counts(made):
    dataset, table = made
    found, names = label_statistics(dataset), list(dataset.label_names)
    known = table[table[names].notna().all(axis=1)]
    for split in SPLITS:
        on = known.loc[known["split"] == split, names].astype(int)
        said = found["splits"][split]
        assert said["slices"] == len(on) and said["no_finding"] == (on.sum(axis=1) == 0).sum()
        assert said["positives"] == on.sum().to_dict()
        assert said["prevalence"] == pytest.approx(on.mean().to_dict())
        assert said["no_finding_share"] == pytest.approx((on.sum(axis=1) == 0).mean())
        assert said["cardinality"] == pytest.approx(on.sum(axis=1).mean())
        assert said["density"] == pytest.approx(on.to_numpy().mean())
    every = table[names].fillna(0).astype(int)
    assert found["co_occurrence"] == (every.T @ every).to_dict()
    sets = known[names].astype(int).value_counts().to_dict()
    assert {tuple(int(n in one["labels"]) for n in names): one["slices"] for one in found["label_sets"]} == sets
    assert len(found["label_sets"]) == len(sets)
    frequency = [one["slices"] for one in found["label_sets"]]
    assert frequency == sorted(frequency, reverse=True)


def test_splits_that_differ_are_those_that_pandas_says(made):
    dataset, table = made
    names = list(dataset.label_names)
    known = table[table[names].notna().all(axis=1)]
    shares = known[names].assign(**{"no finding": known[names].sum(axis=1) == 0}).astype(float)
    means = shares.groupby(known["split"]).mean()
    expected = {
        (split, name): means.loc[split, name] - means.loc["train", name]
        for split in SPLITS[1:]
        for name in means
        if abs(means.loc[split, name] - means.loc["train", name]) > FLAGGED_DIFFERENCE
    }
    found = {(one["split"], one["label"]): one["difference"] for one in label_statistics(dataset)["differences"]}
    assert found == pytest.approx(expected)
