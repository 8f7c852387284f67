"""Thresholds in words: what they come to, where they came from, and what they reach on slices set apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from mri_core import words
from mri_core.evaluation.confusion import Confusion
from mri_core.evaluation.evaluation import undefined_reason
from mri_core.evaluation.judgement import Judged
from mri_core.evaluation.workbench import Workbench, operating_json
from mri_core.prediction.model_file import ModelDescription

if TYPE_CHECKING:
    import pandas as pd

COUNTS = {
    "true_positives": "True positives",
    "false_negatives": "False negatives",
    "false_positives": "False positives",
    "true_negatives": "True negatives",
}
SCORES = {"sensitivity": "Sensitivity", "specificity": "Specificity", "precision": "Precision", "f1": "F1"}
REASONS = {
    "sensitivity": "undefined (no positives)",
    "specificity": "undefined (no negatives)",
    "precision": "undefined (nothing predicted)",
    "f1": "undefined (no positives)",
}
"""Why a score of one label does not exist."""
JUDGED = {"recall": "Sensitivity", "precision": "Precision", "f1": "F1"}
NOT_CHOSEN = "Not chosen: a new model's 0.5"
_RECORDED = ("rule", "parameter", "split", "support", "date", "calibrated", *SCORES)
_MOST_ROWS = 1000


def compared_in_words(bench: Workbench, present: float, candidate: float) -> pd.DataFrame:
    """Counts and scores at the model's threshold and at a candidate; rows are what is counted."""
    import pandas as pd

    columns = {"Present": present, "Candidate": candidate}
    written = {title: _in_words(bench.confusion_at(value), value) for title, value in columns.items()}
    return pd.DataFrame(written)


def every_threshold(bench: Workbench) -> pd.DataFrame:
    """Thresholds from 0 to 1 with counts and scores there, NaN where undefined; as many rows as make a difference."""
    import pandas as pd

    thresholds = bench.thresholds(_MOST_ROWS)
    at = bench.confusion_at(thresholds)
    return pd.DataFrame({"threshold": thresholds} | {name: getattr(at, name) for name in (*COUNTS, *SCORES)})


def choices_table(description: ModelDescription) -> pd.DataFrame:
    """The model's thresholds and all that is recorded of them; rows are the labels, missing what was never chosen."""
    import pandas as pd

    rows = {}
    for name in description.labels:
        choice = description.threshold_choices.get(name)
        recorded = {**asdict(choice), **asdict(choice.operating_point)} if choice else {}
        rows[name] = {"threshold": description.thresholds[name]} | {key: recorded.get(key) for key in _RECORDED}
    return pd.DataFrame.from_dict(rows, orient="index")


def choices_in_words(description: ModelDescription, moment: Callable[[datetime], str] = words.moment) -> pd.DataFrame:
    """The model's thresholds and where they came from; rows are the labels. moment: how a time is written."""
    import pandas as pd

    rows = {words.plain(name): _choice(description, name, moment) for name in description.labels}
    return pd.DataFrame.from_dict(rows, orient="index")


def reached_in_words(judged: Judged) -> pd.DataFrame:
    """What every label reaches at the model's thresholds, with intervals; rows are the labels."""
    import pandas as pd

    evaluation = judged.evaluation
    rows = {
        words.plain(name): {
            "Threshold": words.score(evaluation.thresholds[position]),
            **{title: _judged(judged, name, score) for score, title in JUDGED.items()},
            "Positives": words.count(int(evaluation.counts.support[position])),
        }
        for position, name in enumerate(evaluation.label_names)
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _in_words(at: Confusion, threshold: float) -> dict[str, str]:
    numbers = operating_json(at)
    return (
        {"Threshold": words.score(threshold)}
        | {title: words.count(numbers[name]) for name, title in COUNTS.items()}
        | {title: words.score(numbers[name], REASONS[name]) for name, title in SCORES.items()}
    )


def _choice(description: ModelDescription, label: str, moment: Callable[[datetime], str]) -> dict[str, str]:
    choice = description.threshold_choices.get(label)
    row = {"Threshold": words.score(description.thresholds[label])}
    if choice is None:
        moved = ", moved along with the calibration" if label in description.calibration else ""
        unknown = dict.fromkeys(("Chosen on", "Date", "Sensitivity there", "Precision there"), "–")
        return row | {"Rule": NOT_CHOSEN + moved} | unknown
    reached = choice.operating_point
    return row | {
        "Rule": choice.rule_in_words,
        "Chosen on": f"{choice.split}, {words.count(choice.support)} positives",
        "Date": moment(datetime.fromisoformat(choice.date)),
        "Sensitivity there": words.score(reached.sensitivity, REASONS["sensitivity"]),
        "Precision there": words.score(reached.precision, REASONS["precision"]),
    }


def _judged(judged: Judged, label: str, score: str) -> str:
    found = judged.intervals.scores[("labels", label, score)]
    if math.isnan(found.value):
        return undefined_reason(judged.evaluation, label, score)
    interval = found.reason or f"{found.low:.3f}–{found.high:.3f}"
    return f"{words.score(found.value)} ({interval})"
