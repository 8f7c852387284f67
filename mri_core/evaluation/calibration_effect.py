"""What calibrating does to how far probabilities can be believed: the same slices before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mri_core.evaluation.calibration import Calibration, calibrated_predictions
from mri_core.evaluation.predictions import Predictions
from mri_core.evaluation.reliability import Believed, believed


@dataclass(frozen=True, eq=False)
class Effect:
    """before: as the model gave the probabilities. after: calibrated; None where there is no calibration."""

    before: Believed
    after: Believed | None

    def to_json(self) -> dict[str, Any]:
        return {"before": self.before.to_json(), "after": self.after.to_json() if self.after else None}


@dataclass(frozen=True, eq=False)
class Effects:
    """labels: every label by its name. pooled: all labels together. slices: how many were looked at."""

    labels: dict[str, Effect]
    pooled: Effect
    slices: int

    def to_json(self) -> dict[str, Any]:
        labels = {name: effect.to_json() for name, effect in self.labels.items()}
        return {"slices": self.slices, "labels": labels, "pooled": self.pooled.to_json()}


def calibration_effects(stored: Predictions, calibration: Mapping[str, Calibration]) -> Effects:
    """Judge the probabilities of one split as the model gave them and as the calibration makes them.

    stored: as the model gave them. calibration: label -> calibration. Raises InvalidInput when they are damaged.
    """
    after = calibrated_predictions(stored, calibration)
    names = stored.label_names
    labels, pooled = believed(stored.truth, stored.probabilities, names)
    labels_after, pooled_after = believed(after.truth, after.probabilities, names)
    return Effects(
        labels={name: Effect(labels[name], labels_after[name] if name in calibration else None) for name in names},
        pooled=Effect(pooled, pooled_after if calibration else None),
        slices=len(stored.ids),
    )
