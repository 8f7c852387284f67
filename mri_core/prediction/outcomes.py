"""What became of single slices of a data set in an ended run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mri_core.evaluation.log_loss import log_losses
from mri_core.prediction.run_failures import RunFailures

if TYPE_CHECKING:
    import pandas as pd

RIGHT, WRONG, NOT_JUDGED = "right on every label", "wrong on a label", "not judged"
OUTCOMES = (RIGHT, WRONG, NOT_JUDGED)


def with_outcomes(table: pd.DataFrame, found: Sequence[RunFailures]) -> pd.DataFrame:
    """The table with what became of each slice: outcome, one of OUTCOMES, and loss, its log loss, mean over labels (NaN
    where not judged).

    table: one line a slice, its row in the data set's index in the column "row". found: the run on each split that it
    was judged on; training slices, and those whose labels are unknown, are not judged.
    """
    import pandas as pd

    parts = []
    for each in found:
        judged = each.judged
        assert judged.rows is not None, "the data set is there, or there would be no rows to ask for"
        losses = log_losses(judged.predictions.truth, judged.predictions.probabilities).mean(axis=1)
        outcome = np.where(each.wrong(), WRONG, RIGHT)
        parts.append(pd.DataFrame({"outcome": outcome, "loss": losses}, index=judged.rows))
    return table.join(pd.concat(parts), on="row").fillna({"outcome": NOT_JUDGED})
