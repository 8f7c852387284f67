"""Calibration in words: what every kind reached, and how far probabilities can be believed before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mri_core import words
from mri_core.evaluation.calibration import Calibration
from mri_core.evaluation.calibration_effect import Effect, Effects
from mri_core.evaluation.calibrators import CALIBRATORS
from mri_core.evaluation.reliability import Believed

if TYPE_CHECKING:
    import pandas as pd

KINDS = {"identity": "As it is", "temperature": "Temperature", "platt": "Platt", "isotonic": "Isotonic"}
"""Calibrator -> its title."""
POOLED = "All labels"
_BELIEF = {
    "expected_calibration_error": "ECE",
    "brier": "Brier score",
    "reliability": "Reliability",
    "resolution": "Resolution",
    "uncertainty": "Uncertainty",
}
"""Number of a belief's document -> its title."""


def compared_in_words(fitted: Mapping[str, Calibration]) -> pd.DataFrame:
    """Held-out log loss of every kind and the one chosen; rows are the labels that could be calibrated."""
    import pandas as pd

    rows = {
        words.plain(name): {KINDS[kind]: _loss(one.compared.get(kind)) for kind in CALIBRATORS}
        | {"Chosen": KINDS[one.kind], "Positives": words.count(one.support)}
        for name, one in fitted.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def effect_in_words(effects: Mapping[str, Effect]) -> pd.DataFrame:
    """One label on each split, before and after: calibration error and the parts of the Brier score, four decimals.

    effects: title of a split -> effect.
    """
    import pandas as pd

    rows = {}
    for split, effect in effects.items():
        for when, believed in (("before", effect.before), ("after", effect.after)):
            if believed:
                rows[f"{split}, {when}"] = {title: f"{value:.4f}" for title, value in _belief(believed).items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def effects_table(effects: Mapping[str, Effects]) -> pd.DataFrame:
    """Every label and all pooled, one row a split, before and after; the numbers of `effect_in_words` to full length.

    effects: split -> its effects.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for split, of_split in effects.items():
        for label, effect in (*of_split.labels.items(), (POOLED, of_split.pooled)):
            for when, believed in (("before", effect.before), ("after", effect.after)):
                if believed:
                    rows.append({"Label": label, "Split": split, "Calibration": when} | _belief(believed))
    return pd.DataFrame(rows)


def kinds_in_words(calibration: Mapping[str, Calibration]) -> str:
    """Which label is calibrated how: "label 1: Platt, label 2: as it is", labels as Markdown."""
    return ", ".join(f"{words.plain(name)}: {KINDS[one.kind]}" for name, one in calibration.items())


def _belief(believed: Believed) -> dict[str, float]:
    document = believed.to_json()
    return {title: document[name] for name, title in _BELIEF.items()}


def _loss(value: float | None) -> str:
    return "not tried" if value is None else f"{value:.4f}"
