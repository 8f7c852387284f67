"""The table of checks, and what is made of their findings together."""

from __future__ import annotations

import numpy as np
import pytest
from planted_faults import Planted

from mri_core.errors import InvalidInput, NotFound
from mri_core.quality.checks import CHECKS, check_dataset, to_exclude
from mri_core.quality.examples import examples, slices_table, summary_table
from mri_core.quality.finding import SEVERITIES


def test_findings_come_the_worst_first_and_progress_names_every_check(planted: Planted) -> None:
    seen = []
    quality = check_dataset(planted.dataset, progress=lambda *told: seen.append(told))
    assert [name for name, _, _ in seen] == list(CHECKS)
    assert [(done, total) for _, done, total in seen] == [(i, len(CHECKS)) for i in range(len(CHECKS))]
    severities = [SEVERITIES.index(finding.severity) for finding in quality.findings]
    assert severities == sorted(severities) and severities[0] == 0
    assert summary_table(quality.findings)["Finding"].tolist() == [one.title for one in quality.findings]


def test_some_checks_only(planted: Planted) -> None:
    quality = check_dataset(planted.dataset, ["patients"])
    assert list(quality.found) == ["patients"] and [one.name for one in quality.findings] == ["leaked-patients"]
    assert quality.named("patients") == quality.named("leaked-patients") == quality.findings
    with pytest.raises(NotFound, match="there is no check 'cyst'; expected one of exact-duplicates"):
        check_dataset(planted.dataset, ["cyst"])
    with pytest.raises(NotFound, match="no check or finding 'blank'; expected one of patients, leaked-patients"):
        quality.named("blank")


def test_what_is_left_out_is_left_out_once(planted: Planted) -> None:
    quality = check_dataset(planted.dataset)
    duplicates = quality.named("exact-duplicates")
    rows = to_exclude([*duplicates, *duplicates])
    assert rows.tolist() == sorted({row for one in duplicates for row in one.excluded.tolist()})
    with pytest.raises(InvalidInput, match="no slice to leave out"):
        to_exclude([])


def test_the_table_lists_both_slices_of_every_pair(planted: Planted) -> None:
    quality = check_dataset(planted.dataset, ["exact-duplicates", "labels"])
    table = slices_table(planted.dataset, quality.findings)
    pairs = table[table["finding"].str.startswith("exact")].groupby(["finding", "pair"])["id"].apply(set)
    ids = planted.dataset.index["id"].to_numpy()
    assert set(map(frozenset, pairs)) == {frozenset(ids[list(pair)]) for pair in planted.exact}
    assert (table["left_out"] == "yes").sum() == sum(len(one.excluded) for one in quality.findings)


def test_a_finding_without_slices_has_one_line(made) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8)).astype(np.uint8)
    dataset = made(pixels, {"a": [0, 1, 0, 1]})
    [line] = slices_table(dataset, check_dataset(dataset, ["labels"]).findings).to_dict("records")
    assert line["finding"] == "small-support" and "fewer than 30 slices" in line["why"]


def test_examples_say_what_the_index_says(planted: Planted) -> None:
    [finding, *_] = check_dataset(planted.dataset, ["exact-duplicates"]).findings
    last = finding.shown - 1
    [example] = examples(planted.dataset, finding, [last])
    index, names = planted.dataset.index, list(planted.dataset.label_names)
    for one, row in zip(example.slices, finding.pairs[last], strict=True):
        facts = index.iloc[row]
        assert (one.row, one.id, one.patient, one.split) == (row, facts["id"], facts["patient"], facts["split"])
        assert one.labels == tuple(name for name in names if facts[name] == 1)
        assert one.excluded == bool(np.isin(row, finding.excluded))
    assert sum(one.excluded for one in example.slices) == 1
