"""A comparison of runs as tables and sentences, for pages and the command line: plain text, not Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mri_core import words
from mri_core.charts.score_tables import BASELINE_SCORES
from mri_core.evaluation.comparison import Comparison, Difference
from mri_core.evaluation.intervals import Resampling
from mri_core.evaluation.paths import Path
from mri_core.prediction.run_comparison import RunComparison, judged_by, verdict
from mri_core.runs.comparison import differing_settings, distinct_names
from mri_core.runs.configurations import Configuration
from mri_core.runs.run import Run
from mri_core.training.spec import TrainingSpec

if TYPE_CHECKING:
    import pandas as pd

HEADLINE = "Micro-F1"
"""The score that a first sentence speaks of."""
WHOLE = "all labels of a slice"
SETTINGS = {name: field.title or name for name, field in TrainingSpec.model_fields.items()}
"""Training setting -> its title."""


def compared_scores(comparison: Comparison) -> dict[str, Path]:
    """What runs are compared by: its title -> its place in the document of an evaluation."""
    return BASELINE_SCORES | {f"F1 of {name}": ("labels", name, "f1") for name in comparison.labels}


def answer_in_words(comparison: Comparison) -> str:
    """Whether b is better than a, and by how much, in one sentence."""
    path = BASELINE_SCORES[HEADLINE]
    found = comparison.differences[path]
    told = {
        "better beyond chance": f"{comparison.b} is better than {comparison.a} beyond chance",
        "worse beyond chance": f"{comparison.b} is worse than {comparison.a} beyond chance",
        "not told apart": f"{comparison.b} and {comparison.a} are not told apart",
    }[verdict(path, found)]
    scores = f"{HEADLINE} {words.score(found.b)} against {words.score(found.a)}"
    if found.reason:
        return f"{told}: {scores}; the interval of the difference is {found.reason}."
    return f"{told}: {scores}, a difference of {difference_in_words(found)}, p {p_in_words(found.adjusted_p)}."


def resampling_in_words(resampling: Resampling, others: int) -> str:
    """Where intervals and p-values come from. others: how many runs are compared with the reference."""
    unit = resampling.unit
    said = (
        f"Differences are paired: each of {words.count(resampling.resamples)} resamples draws the same {unit}s "
        f"({words.count(resampling.number)}) for all runs. Intervals are 95 %."
    )
    if unit == "slice":
        said += " Patients are unknown, so the intervals are rather too narrow."
    if others > 1:
        said += f" p is adjusted by Holm for {others} comparisons; intervals are each for themselves."
    return said


def differences_in_words(comparison: Comparison) -> pd.DataFrame:
    """Rows: scores. Columns: both runs, their difference with its interval, p, and the verdict."""
    import pandas as pd

    rows = {}
    for title, path in compared_scores(comparison).items():
        found = comparison.differences[path]
        rows[title] = (
            words.score(found.a),
            words.score(found.b),
            difference_in_words(found),
            p_in_words(found.adjusted_p),
            "" if math.isnan(found.value) else verdict(path, found),
        )
    columns = [comparison.a, comparison.b, "Difference (95 % interval)", "p", f"{comparison.b} is"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("Score")


def differences_table(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """The same numbers of all comparisons, one row a run and score, missing where undefined: for a file."""
    import pandas as pd

    rows = [
        {
            "run": comparison.b,
            "reference": comparison.a,
            "score": title,
            "value": found.b,
            "of reference": found.a,
            "difference": found.value,
            "low": found.low,
            "high": found.high,
            "p": found.p_value,
            "p adjusted": found.adjusted_p,
            "verdict": verdict(path, found),
        }
        for comparison in comparisons
        for title, path in compared_scores(comparison).items()
        for found in [comparison.differences[path]]
    ]
    return pd.DataFrame(rows)


def reclassified_in_words(comparison: Comparison) -> pd.DataFrame:
    """Rows: each label, then all together. Slices that one run alone gets right, their net share, McNemar's p."""
    import pandas as pd

    rows = {
        name: (
            changed.test.only_a,
            changed.test.only_b,
            f"{changed.net * 100:+.1f} %",
            p_in_words(changed.adjusted_p),
            judged_by(changed.net, changed.adjusted_p),
            changed.test.method,
        )
        for name, changed in [*comparison.labels.items(), (WHOLE, comparison.whole)]
    }
    columns = [f"Only {comparison.a}", f"Only {comparison.b}", "Net gain", "p", f"{comparison.b} is", "Test"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("Right in")


def settings_in_words(runs: Sequence[Run]) -> pd.DataFrame:
    """Rows: the settings in which runs differ; a column a run. Empty where they agree in all."""
    import pandas as pd

    rows = {SETTINGS[name]: list(map(words.choice, values)) for name, values in differing_settings(runs).items()}
    columns = distinct_names(runs)
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("Setting")


def seeds_in_words(compared: RunComparison) -> pd.DataFrame:
    """Rows: scores. A column a configuration: mean ± standard deviation over its seeds, and behind every one but the
    first what it has more, seed by seed."""
    import pandas as pd

    scores = compared_scores(compared.comparisons[0])
    columns: dict[str, list[str]] = {}
    for configuration in compared.configurations:
        name = configuration_name(compared, configuration)
        columns[name] = [_spread(configuration, path) for path in scores.values()]
        if configuration.differences is not None:
            columns[f"{name}: difference"] = [_seed_difference(configuration, path) for path in scores.values()]
    return pd.DataFrame(columns, index=list(scores)).rename_axis("Score")


def configuration_name(compared: RunComparison, configuration: Configuration) -> str:
    """`cnn 1, cnn 4`: the runs that a configuration holds."""
    known = {run.id: name for run, name in zip(compared.runs, compared.names, strict=True)}
    return ", ".join(known[run.id] for run in configuration.runs)


def difference_in_words(found: Difference) -> str:
    """`+0.018 (+0.006 to +0.030)`, or why there is no interval."""
    if math.isnan(found.value):
        return "undefined"
    return f"{words.difference(found.value)} ({found.reason or _limits(found.low, found.high)})"


def p_in_words(p_value: float) -> str:
    """Three decimals; "" where there is no test."""
    if math.isnan(p_value):
        return ""
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _spread(configuration: Configuration, path: Path) -> str:
    spread = configuration.scores[path]
    if math.isnan(spread.deviation):
        return words.score(spread.mean)
    return f"{spread.mean:.3f} ± {spread.deviation:.3f}"


def _seed_difference(configuration: Configuration, path: Path) -> str:
    assert configuration.differences is not None
    found = configuration.differences[path]
    if math.isnan(found.spread.mean):
        return "undefined"
    if math.isnan(found.p_value):
        return f"{words.difference(found.spread.mean)}"
    return f"{words.difference(found.spread.mean)} ({_limits(found.low, found.high)}), p {p_in_words(found.p_value)}"


def _limits(low: float, high: float) -> str:
    return f"{words.difference(low)} to {words.difference(high)}"
