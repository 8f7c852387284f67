"""A run's answers to the test split as the file that a competition is handed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mri_core.prediction.judged_run import JudgedRun

if TYPE_CHECKING:
    import pandas as pd


def submission_table(judged: JudgedRun) -> pd.DataFrame:
    """One row a slice, in the stored order: `id`, then a column of 0 and 1 for each label, called as the label is.

    A label is 1 where its calibrated probability reaches the model's threshold; a row of zeros is no finding.
    """
    import pandas as pd

    predictions = judged.predictions
    concluded = (predictions.probabilities >= judged.thresholds).astype(int)
    table = pd.DataFrame(concluded, columns=list(predictions.label_names))
    table.insert(0, "id", predictions.ids, allow_duplicates=True)
    return table
