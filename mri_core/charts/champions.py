"""A run beside the champion, and the champions so far, as tables in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mri_core import words
from mri_core.charts.comparison_tables import difference_in_words, p_in_words, resampling_in_words
from mri_core.prediction.challenge import Challenge
from mri_core.runs.champions import Promotion
from mri_core.runs.comparison import distinct_names

if TYPE_CHECKING:
    import pandas as pd

MARK = "★"
TITLES = {"micro_f1": "Micro-F1", "macro_f1": "Macro-F1"}


def challenge_in_words(challenge: Challenge) -> pd.DataFrame:
    """Rows are the scores; columns those of the champion and of the run, their difference with its interval, and p.

    The run's scores alone where it was not compared.
    """
    import pandas as pd

    if challenge.champion is None or not challenge.differences:
        alone = {TITLES[name]: words.score(score) for name, score in challenge.scores.items()}
        return pd.DataFrame({challenge.run.name: alone})
    old, new = distinct_names((challenge.champion, challenge.run))
    rows = {
        TITLES[name]: (
            words.score(found.a),
            words.score(found.b),
            difference_in_words(found),
            p_in_words(found.adjusted_p),
        )
        for name, found in challenge.differences.items()
    }
    columns = [f"{old}, champion", new, "Difference (95 % interval)", "p"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def comparing_in_words(challenge: Challenge) -> str:
    """On which slices a run was judged, and where intervals and p-values come from."""
    told = f"On {words.count(challenge.slices)} validation slices, each model at its own thresholds."
    if challenge.resampling is None:
        return told
    return (
        f"{told} {resampling_in_words(challenge.resampling, others=1)} "
        f"p is adjusted by Holm for {len(challenge.differences)} scores; below 0.05 is beyond chance."
    )


def champions_in_words(promotions: Sequence[Promotion]) -> pd.DataFrame:
    """One row a promotion, of one at least, in their order: the present champion marked, what was promoted, when, why.

    when: a time in UTC. Scores: floats, missing where undefined.
    """
    import pandas as pd

    rows = [
        {
            "champion": MARK if one.present else "",
            "dataset": one.dataset,
            "name": one.run_name,
            "run": one.run_id[:8],
            "when": one.when,
            **{name: one.grounds.scores.get(name) for name in TITLES},
            "verdict": one.grounds.verdict,
            "told": one.grounds.told,
        }
        for one in promotions
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(TITLES, float))
