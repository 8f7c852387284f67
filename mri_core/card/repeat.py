"""How to get a run again: the settings as changes of a preset, and the commands."""

from __future__ import annotations

import shlex
from typing import Any

from mri_core import words
from mri_core.card.card import Card
from mri_core.datasets.dataset import Header
from mri_core.evaluation.thresholds import MANUAL
from mri_core.prediction.model_file import ModelDescription
from mri_core.training.presets import PRESETS
from mri_core.training.spec import TrainingSpec


def nearest_preset(spec: TrainingSpec) -> tuple[str, dict[str, Any]]:
    """The preset with the fewest settings to change, and these: field -> the run's value."""
    settings = spec.model_dump()
    changes = {
        name: {field: settings[field] for field, value in preset.model_dump().items() if value != settings[field]}
        for name, preset in PRESETS.items()
    }
    nearest = min(changes, key=lambda name: len(changes[name]))
    return nearest, changes[nearest]


def commands(card: Card) -> list[str]:
    """What to type, one command a line: make the data set where it is known how, train, choose, and judge."""
    run, header = card.run, card.data.header if card.data else None
    name = shlex.quote(header.name if header else run.dataset_name)
    preset, changes = nearest_preset(run.spec)
    train = [f"mri train --dataset {name} --preset {preset}"]
    train += [f"--set {field}={_typed(value)}" for field, value in changes.items()]
    return [
        *_data_commands(header, name),
        " ".join(train),
        *(["mri calibrate last --save"] if card.description.calibration else []),
        *_threshold_commands(card.description),
        f"mri evaluate last --split {card.split}",
    ]


def _data_commands(header: Header | None, name: str) -> list[str]:
    if header is None or "seed" not in header.provenance:
        return []
    seed = header.provenance["seed"]
    if header.simulated:
        return [f"mri demo --name {name} --slices {header.slices} --seed {seed}"]
    size, colour = header.image_shape[0], " --colour" * (len(header.image_shape) > 2)
    return [f"mri import SOURCE --name {name} --size {size}{colour} --seed {seed}"]


def _threshold_commands(description: ModelDescription) -> list[str]:
    """One command for all labels that follow the same rule; those of a new model need none."""
    told: dict[str, list[str]] = {}
    for name, choice in description.threshold_choices.items():
        parameter = choice.value if choice.rule == MANUAL else choice.parameter
        rule = choice.rule if parameter is None else f"{choice.rule} --parameter {_typed(parameter)}"
        told.setdefault(rule, []).append(name)
    return [
        " ".join(
            [
                f"mri thresholds last --rule {rule}",
                *(f"--label {shlex.quote(name)}" for name in names if len(names) < len(description.labels)),
                "--save",
            ]
        )
        for rule, names in told.items()
    ]


def _typed(value: Any) -> str:
    """A value as the command line takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return words.choice(value) if isinstance(value, float) else str(value)
