"""The study's table of scores, as the page and the command line both show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mri_core.evaluation.evaluation import Evaluation

if TYPE_CHECKING:
    import pandas as pd

AVERAGE_ROWS = {
    "micro": "micro avg",
    "macro": "macro avg",
    "weighted": "weighted avg",
    "samples": "samples avg",
    "samples_labelled": "samples avg, labelled slices",
}
"""Average -> the row's name, the first four as in scikit-learn's classification report."""


def score_table(evaluation: Evaluation) -> pd.DataFrame:
    """Rows: every label, then the averages. Columns: precision, recall, f1 (NaN where undefined) and support (int)."""
    import pandas as pd

    columns = ("precision", "recall", "f1", "support")
    total = int(evaluation.counts.support.sum())
    labels = pd.DataFrame({name: evaluation.scores[name] for name in columns}, index=list(evaluation.label_names))
    averages = pd.DataFrame(
        [(average.precision, average.recall, average.f1, total) for average in evaluation.overall.averages.values()],
        index=[AVERAGE_ROWS[name] for name in evaluation.overall.averages],
        columns=list(columns),
    )
    return pd.concat([labels, averages])
