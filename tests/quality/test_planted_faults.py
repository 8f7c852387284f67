"""What was planted is found, and little else: exact duplicates and leakage all of it, near-duplicates nearly so."""

from __future__ import annotations

import numpy as np
import pytest
from planted_faults import CHANGES, Planted, leaked_patients, pairs

from mri_core.datasets.dataset import Dataset
from mri_core.quality.checks import CHECKS, check_dataset

LEAST_NEAR, MOST_FALSE = 0.97, 0.005


@pytest.fixture(scope="module")
def quality(planted: Planted):
    return check_dataset(planted.dataset)


def test_every_exact_duplicate_is_found_and_nothing_else(planted: Planted, quality) -> None:
    assert len(planted.exact) == 20
    assert pairs(quality, "exact-duplicates") == planted.exact


def test_near_duplicates_are_found_by_every_kind_of_change(planted: Planted, quality) -> None:
    made, found = set().union(*planted.near.values()), pairs(quality, "near-duplicates")
    assert set(planted.near) == set(CHANGES) and len(made) == 80
    assert len(made & found) >= LEAST_NEAR * len(made)
    false = {row for pair in found - made for row in pair}
    assert len(false) <= MOST_FALSE * planted.dataset.header.slices
    for kind, ones in planted.near.items():
        assert len(ones & found) >= 0.9 * len(ones), kind


def test_every_leaked_patient_is_found_and_no_other(planted: Planted, quality) -> None:
    assert len(planted.leaked) == 5 and leaked_patients(quality) == planted.leaked


def test_pairs_across_splits_are_told_from_those_within(planted: Planted, quality) -> None:
    splits = planted.dataset.index["split"].astype(str).to_numpy()
    for check, names in (("exact-duplicates", "exact"), ("near-duplicates", "near")):
        assert {finding.name for finding in quality.found[check]} == {f"{names}-across", f"{names}-within"}
        for finding in quality.found[check]:
            across = splits[finding.pairs[:, 0]] != splits[finding.pairs[:, 1]]
            assert across.all() if finding.name == f"{names}-across" else not across.any()


def test_neighbouring_slices_of_a_patient_are_no_duplicates(clean: Dataset) -> None:
    quality = check_dataset(clean)
    assert quality.found["exact-duplicates"] == quality.found["patients"] == ()
    alike = {row for pair in pairs(quality, "near-duplicates") for row in pair}
    assert len(alike) <= MOST_FALSE * clean.header.slices


def test_leaving_the_findings_out_leaves_none(planted: Planted, quality, small_home) -> None:
    from mri_core.quality.checks import to_exclude
    from mri_core.quality.exclude import exclude

    findings = [one for check in ("exact-duplicates", "near-duplicates", "patients") for one in quality.found[check]]
    rows = to_exclude(findings)
    without = exclude(planted.dataset, rows, small_home, "planted v2", {one.name: len(one.rows) for one in findings})
    again = check_dataset(without, ["exact-duplicates", "near-duplicates", "patients"])
    assert again.findings == []
    assert without.header.slices == planted.dataset.header.slices - len(rows)
    # Each duplicate costs one slice, not two: no label was changed.
    pairs_found = len(pairs(quality, "exact-duplicates") | pairs(quality, "near-duplicates"))
    leaked = next(iter(quality.found["patients"]))
    assert len(rows) <= pairs_found + len(leaked.excluded)


@pytest.mark.parametrize("name", CHECKS)
def test_every_finding_says_what_it_is_and_what_to_do(quality, name: str) -> None:
    dataset = quality.dataset
    for finding in quality.found[name]:
        assert finding.name == finding.name.lower() and finding.count > 0
        for said in (finding.title, finding.summary, finding.meaning, finding.advice):
            assert said and said == said.strip()
        assert len(finding.notes) in (0, finding.shown)
        assert (np.diff(finding.excluded) > 0).all() and set(finding.excluded) <= set(finding.rows)
        assert ((finding.rows >= 0) & (finding.rows < dataset.header.slices)).all()
        assert set(finding.pairs.ravel()) <= set(finding.rows)
    names = [finding.name for finding in quality.findings]
    assert len(set(names)) == len(names)
