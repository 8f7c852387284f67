"""Whether errors gather on slices with which something is wrong: error rates by the findings of a data set's checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mri_core.evaluation.proportion import wilson
from mri_core.prediction.run_failures import RunFailures
from mri_core.quality.finding import Finding

if TYPE_CHECKING:
    import pandas as pd

REST = "Slices without any of these"


def errors_by_finding(failures: RunFailures, findings: Sequence[Finding], label: str | None = None) -> pd.DataFrame:
    """One row for each finding that concerns slices of the split, in their order, and one for the slices of none.

    findings: of the run's data set. label: whose errors count, any when None.
    Columns: name (of the finding, "" in the last row), finding (its title), slices, wrong, rate in [0, 1], and
    rate_low and rate_high, its 95 % Wilson interval. No row where no finding concerns a slice of the split, or where
    the data set is gone. A slice that several findings concern counts in each.
    """
    import pandas as pd

    rows, wrong = failures.judged.rows, failures.wrong(label)
    concerned = {} if rows is None else {finding: np.isin(rows, finding.rows) for finding in findings}
    groups: list[tuple[str, str, np.ndarray]] = [
        (finding.name, finding.title, here) for finding, here in concerned.items() if here.any()
    ]
    if groups:
        groups.append(("", REST, ~np.any([here for _, _, here in groups], axis=0)))
    table = pd.DataFrame(
        [(name, title, int(here.sum()), int(wrong[here].sum())) for name, title, here in groups if here.any()],
        columns=["name", "finding", "slices", "wrong"],
    )
    table["rate"] = table["wrong"] / table["slices"]
    table["rate_low"], table["rate_high"] = wilson(table["wrong"], table["slices"])
    return table
