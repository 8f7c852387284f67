"""A model card as a JSON document: what `mri report RUN --out FILE.json` writes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mri_core.card.card import Card
from mri_core.card.limits import USE, limits
from mri_core.card.repeat import commands, nearest_preset
from mri_core.prediction.finding_errors import errors_by_finding
from mri_core.runs.run import run_json

_OF_THE_MACHINE = ("process", "progress", "stop_requested", "dataset")
"""What `mri show` says of a run that is no business of whoever reads its card, or is said elsewhere in it."""


def card_json(card: Card) -> dict[str, Any]:
    """All of the card but its pictures and the curves over thresholds; undefined numbers are None or NaN.

    Under "scores", split -> what `mri evaluate --json` prints of it, without run and split.
    """
    description = card.description
    preset, changes = nearest_preset(card.run.spec)
    return {
        "run": {name: value for name, value in run_json(card.run).items() if name not in _OF_THE_MACHINE},
        "written": card.written.isoformat(timespec="seconds"),
        "intended_use": USE,
        "limits": [{"about": about, "limit": limit} for about, limit in limits(card)],
        "model": {
            "labels": list(description.labels),
            "image_shape": list(description.image_shape),
            "onnx_difference": description.onnx_difference,
        },
        "dataset": _dataset(card),
        "quality": _quality(card),
        "settings": {"preset": preset, "changes": changes},
        "scores": {split: report.judgement.to_json() for split, report in card.reports.items()},
        "thresholds": _thresholds(card),
        "calibration": {name: asdict(one) for name, one in description.calibration.items()},
        "reliability": {"split": card.split, **card.effects.to_json()},
        "failures": card.failures.to_json(),
        "errors_by_finding": errors_by_finding(card.failures, card.quality.findings if card.quality else ()).to_dict(
            "records"
        ),
        "consistency": card.consistency.to_json() if card.consistency else None,
        "versions": dict(card.run.versions),
        "commands": commands(card),
    }


def _dataset(card: Card) -> dict[str, Any]:
    known = {"name": card.run.dataset_name, "fingerprint": card.run.dataset_fingerprint, "found": card.data is not None}
    if card.data is None:
        return known
    header = card.data.header
    return known | {
        "name": header.name,
        "simulated": header.simulated,
        "slices": header.slices,
        "patients": header.patients,
        "patients_in_several_splits": card.data.shared_patients,
        "created": header.created,
        "provenance": card.data.provenance,
        "splits": {
            split: {"patients": card.data.patients[split], **found}
            for split, found in card.data.statistics["splits"].items()
        },
    }


def _quality(card: Card) -> list[dict[str, Any]] | None:
    """What the checks found, without the slices concerned; None where the data set is gone."""
    if card.quality is None:
        return None
    told = ("name", "title", "severity", "count", "of", "summary", "meaning")
    return [{name: getattr(finding, name) for name in told} for finding in card.quality.findings]


def _thresholds(card: Card) -> dict[str, Any]:
    """Label -> its threshold, and what was chosen; the latter None for that of a new model."""
    chosen = card.description.threshold_choices
    return {
        name: {"value": value, "chosen": asdict(chosen[name]) if name in chosen else None}
        for name, value in card.description.thresholds.items()
    }
