"""Error rates by finding: against counting with pandas, over findings of all kinds, and where there is nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mri_core.evaluation.proportion import wilson
from mri_core.prediction.finding_errors import REST, errors_by_finding
from mri_core.prediction.judged_run import open_judged_run
from mri_core.prediction.run_failures import RunFailures, find_failures
from mri_core.quality.finding import Finding
from mri_core.runs.store import RunStore


@pytest.fixture
def found(trained) -> RunFailures:
    """The trained run on test slices, with probabilities that err often."""
    judged = open_judged_run(RunStore(trained.settings).get(trained.run_id), "test", trained.settings)
    truth, random = judged.predictions.truth, np.random.default_rng(4)
    guessed = np.clip(0.35 * truth + 0.8 * random.random(truth.shape), 0, 1)
    return find_failures(replace(judged, predictions=replace(judged.predictions, probabilities=guessed)))


def finding(name: str, rows) -> Finding:
    told = {"summary": "", "meaning": "", "advice": ""}
    return Finding(name, name.title(), "note", len(rows), "slices", rows=np.asarray(rows, dtype=np.int64), **told)


@pytest.mark.parametrize("label", [None, "label 2"])
def test_rates_are_those_of_the_slices_concerned_and_of_all_others(found: RunFailures, label: str | None) -> None:
    here = found.judged.rows
    elsewhere = np.setdiff1d(np.arange(found.judged.dataset.header.slices), here)
    first, second = [*here[:7], *elsewhere[:3]], here[4:20]
    table = errors_by_finding(
        found, [finding("dark", first), finding("away", elsewhere), finding("odd", second)], label
    )
    assert table["name"].tolist() == ["dark", "odd", ""] and table["finding"].tolist() == ["Dark", "Odd", REST]
    wrong = pd.Series(found.wrong(label), index=here)
    for row, rows in zip(table.itertuples(), (here[:7], second, here[20:]), strict=True):
        assert (row.slices, row.wrong, row.rate) == (len(rows), wrong[rows].sum(), pytest.approx(wrong[rows].mean()))
        assert (row.rate_low, row.rate_high) == pytest.approx(tuple(map(float, wilson(row.wrong, row.slices))))


def test_a_finding_of_every_slice_leaves_no_others(found: RunFailures) -> None:
    table = errors_by_finding(found, [finding("all", found.judged.rows)])
    assert table["finding"].tolist() == ["All"] and table["wrong"].tolist() == [int(found.wrong().sum())]


def test_nothing_is_said_without_findings_or_data(found: RunFailures) -> None:
    assert errors_by_finding(found, []).empty
    assert errors_by_finding(found, [finding("none", [])]).empty
    gone = replace(found, judged=replace(found.judged, dataset=None, rows=None))
    assert errors_by_finding(gone, [finding("dark", [0, 1])]).empty
