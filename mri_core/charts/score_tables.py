"""What a run is worth as tables in words: every score with its interval, or why there is none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mri_core import words
from mri_core.evaluation import score_table, undefined_reason
from mri_core.evaluation.judgement import Judged, Judgement
from mri_core.evaluation.totals import FALSE_ALARMS_PER_PATIENT

if TYPE_CHECKING:
    import pandas as pd

PATIENT_RULES = {"any_slice": "Patients, most probable slice", "mean_of_top_3": "Patients, mean of three slices"}
_LABELLED = "Slices with a label"
STRATA_SCORES = {
    "Micro-F1": ("averages", "micro", "f1"),
    "Macro-F1": ("averages", "macro", "f1"),
    "Subset accuracy": ("subset_accuracy",),
    "No finding, recall": ("no_finding", "recall"),
    "No finding, precision": ("no_finding", "precision"),
}
"""What the strata are compared by: its title -> its place in the document of an evaluation."""
RANKING_SCORES = {
    "average_precision": "Average precision",
    "roc_auc": "ROC AUC",
    "brier": "Brier score",
    "log_loss": "Log loss",
}
"""Scores of the probabilities themselves -> their titles."""

WHOLE_SLICE_SCORES = {
    "Subset accuracy": ("subset_accuracy",),
    "Hamming loss": ("hamming_loss",),
    "No finding, recall": ("no_finding", "recall"),
    "No finding, precision": ("no_finding", "precision"),
    "False alarms per slice": ("no_finding", "false_alarm_rate"),
    "False alarms per patient": FALSE_ALARMS_PER_PATIENT,
}
"""Scores of whole slices -> their place in the document of an evaluation; the last is known where patients are."""

BASELINE_SCORES = {
    "Micro-F1": ("averages", "micro", "f1"),
    "Macro-F1": ("averages", "macro", "f1"),
    "Weighted F1": ("averages", "weighted", "f1"),
    "Samples F1": ("averages", "samples", "f1"),
    "Binary accuracy": ("binary_accuracy",),
    "Subset accuracy": ("subset_accuracy",),
    "Hamming loss": ("hamming_loss",),
    "No finding, recall": ("no_finding", "recall"),
    "No finding, precision": ("no_finding", "precision"),
    "Mean average precision": ("macro", "average_precision"),
    "Mean ROC AUC": ("macro", "roc_auc"),
    "Mean Brier score": ("macro", "brier"),
    "Mean log loss": ("macro", "log_loss"),
}
"""What a run is compared with its baselines by: its title -> its place in the document of an evaluation."""


def scores_in_words(judged: Judged) -> pd.DataFrame:
    """The study's table as it is read: three decimals, or why there is no score; the support stays a number.

    Rows as in `score_table`, labels as Markdown. Beside F1 its 95 % interval.
    """
    evaluation = judged.evaluation
    table = score_table(evaluation)
    rows = [("labels", name) for name in evaluation.label_names]
    rows += [("averages", name) for name in evaluation.overall.averages]
    table.insert(3, "95 % interval of F1", [_interval(judged, (*row, "f1")) for row in rows])
    for name in ("precision", "recall", "f1"):
        table[name] = [
            words.score(value, undefined_reason(evaluation, str(row), name) if math.isnan(value) else "")
            for row, value in table[name].items()
        ]
    return table.rename(
        index=words.plain, columns={"precision": "Precision", "recall": "Recall", "f1": "F1", "support": "Support"}
    )


def resampling_in_words(judged: Judged) -> str:
    """Where the intervals come from."""
    resampling = judged.intervals.resampling
    known = "" if resampling.unit == "patient" else " Patients are unknown, so the intervals are rather too narrow."
    return (
        f"Intervals by bootstrap over {words.count(resampling.number)} {resampling.unit}s, "
        f"{words.count(resampling.resamples)} resamples.{known}"
    )


def strata_in_words(judgement: Judgement) -> pd.DataFrame:
    """Scores with their intervals: over all slices, those with a label, and patients; rows are the strata."""
    import pandas as pd

    strata = {"All slices": judgement.slices, _LABELLED: judgement.labelled_only}
    strata |= {PATIENT_RULES[rule]: judged for rule, judged in judgement.patients.items()}
    rows = {
        name: {
            # Among slices that all carry a label there is no finding to find.
            title: "does not apply" if name == _LABELLED and path[0] == "no_finding" else _with_interval(judged, path)
            for title, path in STRATA_SCORES.items()
        }
        for name, judged in strata.items()
        if judged is not None
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def ranking_in_words(judged: Judged) -> pd.DataFrame:
    """What the probabilities are worth whatever the threshold, with intervals; rows are the labels and their mean."""
    import pandas as pd

    rows = {words.plain(name): ("labels", name) for name in judged.evaluation.label_names} | {"mean": ("macro",)}
    written = {
        row: {title: _with_interval(judged, (*path, name)) for name, title in RANKING_SCORES.items()}
        for row, path in rows.items()
    }
    return pd.DataFrame.from_dict(written, orient="index")


def whole_slices_in_words(judged: Judged) -> pd.DataFrame:
    """Slices taken as a whole, and the slices without a finding: one column of scores with their intervals."""
    import pandas as pd

    known = {title: path for title, path in WHOLE_SLICE_SCORES.items() if path in judged.intervals.scores}
    return pd.DataFrame({"Score": {title: _with_interval(judged, path) for title, path in known.items()}})


def beside_baselines(judgement: Judgement) -> pd.DataFrame:
    """The run's scores with their intervals, and what each baseline reaches on the same slices; rows are scores."""
    import pandas as pd

    written = {
        title: [_with_interval(judgement.slices, path)]
        + [
            words.score(baseline.get(path), "does not apply" if path not in baseline else "undefined")
            for baseline in judgement.baselines.values()
        ]
        for title, path in BASELINE_SCORES.items()
        if path in judgement.slices.intervals.scores
    }
    columns = ["This run", *(name.capitalize() for name in judgement.baselines)]
    return pd.DataFrame.from_dict(written, orient="index", columns=columns)


def _with_interval(judged: Judged, path: tuple[str, ...]) -> str:
    found = judged.intervals.scores[path]
    if math.isnan(found.value):
        return why_undefined(judged, path)
    return words.score(found.value) if found.reason else f"{words.score(found.value)} ({_interval(judged, path)})"


def _interval(judged: Judged, path: tuple[str, ...]) -> str:
    found = judged.intervals.scores[path]
    return found.reason or f"{found.low:.3f}–{found.high:.3f}"


def why_undefined(judged: Judged, path: tuple[str, ...]) -> str:
    """Why a score is undefined."""
    if path == FALSE_ALARMS_PER_PATIENT:
        return "undefined (every patient has a labelled slice)"
    row = {"no_finding": "no finding", "macro": "macro"}.get(path[0]) or path[min(1, len(path) - 1)]
    return undefined_reason(judged.evaluation, row, path[-1])
