"""What a run is worth, computed from stored truth and probabilities: nothing here trains or predicts.

Importing this package loads NumPy only; pandas and scikit-learn are imported by the functions that use them.
"""

from mri_core.evaluation.averages import Average, NoFinding, Overall
from mri_core.evaluation.calibration import Calibration, calibrated, calibrated_predictions, fit_calibrations
from mri_core.evaluation.comparison import Comparison, Difference, Reclassified, compare
from mri_core.evaluation.confusion import Confusion, ConfusionAt
from mri_core.evaluation.contenders import Contender
from mri_core.evaluation.counts import Counts, EpochScores, count, epoch_scores, predicted_labels
from mri_core.evaluation.curves import Curve, precision_recall, roc
from mri_core.evaluation.evaluation import Evaluation, evaluate, undefined_reason
from mri_core.evaluation.failures import error_by, false_negatives, false_positives, label_set_confusion, worst_slices
from mri_core.evaluation.hierarchy import REPAIRS, Hierarchy, find_hierarchy, inconsistencies, repair
from mri_core.evaluation.intervals import Interval, Intervals
from mri_core.evaluation.judgement import Judged, Judgement, judge
from mri_core.evaluation.mcnemar import McNemar, clustered_mcnemar_test, holm, mcnemar_test
from mri_core.evaluation.metrics import METRICS, Metric
from mri_core.evaluation.patients import PatientScores, by_patient
from mri_core.evaluation.predictions import Predictions, load_predictions, save_predictions
from mri_core.evaluation.reliability import Believed, believed
from mri_core.evaluation.seeds import SeedDifference, Spread, fold_seeds, seed_differences
from mri_core.evaluation.table import score_table
from mri_core.evaluation.thresholds import THRESHOLD_RULES, ChosenThreshold, choose_threshold

__all__ = [
    "METRICS",
    "REPAIRS",
    "THRESHOLD_RULES",
    "Average",
    "Believed",
    "Calibration",
    "ChosenThreshold",
    "Comparison",
    "Confusion",
    "ConfusionAt",
    "Contender",
    "Counts",
    "Curve",
    "Difference",
    "EpochScores",
    "Evaluation",
    "Hierarchy",
    "Interval",
    "Intervals",
    "Judged",
    "Judgement",
    "McNemar",
    "Metric",
    "NoFinding",
    "Overall",
    "PatientScores",
    "Predictions",
    "Reclassified",
    "SeedDifference",
    "Spread",
    "believed",
    "by_patient",
    "calibrated",
    "calibrated_predictions",
    "choose_threshold",
    "clustered_mcnemar_test",
    "compare",
    "count",
    "epoch_scores",
    "error_by",
    "evaluate",
    "false_negatives",
    "false_positives",
    "find_hierarchy",
    "fit_calibrations",
    "fold_seeds",
    "holm",
    "inconsistencies",
    "judge",
    "label_set_confusion",
    "load_predictions",
    "mcnemar_test",
    "precision_recall",
    "predicted_labels",
    "repair",
    "roc",
    "save_predictions",
    "score_table",
    "seed_differences",
    "undefined_reason",
    "worst_slices",
]
