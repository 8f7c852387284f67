"""What a run is worth, computed from stored truth and probabilities: nothing here trains or predicts.

Importing this package loads NumPy only; pandas and scikit-learn are imported by the functions that use them.
"""

from mri_core.evaluation.averages import Average, NoFinding, Overall
from mri_core.evaluation.counts import Counts, EpochScores, count, epoch_scores, predicted_labels
from mri_core.evaluation.curves import Curve, precision_recall, roc
from mri_core.evaluation.evaluation import Evaluation, evaluate, undefined_reason
from mri_core.evaluation.metrics import METRICS, Metric
from mri_core.evaluation.predictions import Predictions, load_predictions, save_predictions
from mri_core.evaluation.table import score_table

__all__ = [
    "METRICS",
    "Average",
    "Counts",
    "Curve",
    "EpochScores",
    "Evaluation",
    "Metric",
    "NoFinding",
    "Overall",
    "Predictions",
    "count",
    "epoch_scores",
    "evaluate",
    "load_predictions",
    "precision_recall",
    "predicted_labels",
    "roc",
    "save_predictions",
    "score_table",
    "undefined_reason",
]
