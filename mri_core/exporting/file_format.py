"""What a format has to offer to be exported to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mri_core.errors import InvalidInput
from mri_core.prediction.model_file import ModelDescription
from mri_core.replacing import replacing

if TYPE_CHECKING:
    import keras

_FACTS = ("run", "dataset", "labels", "thresholds", "calibration", "image_shape", "preprocessing")


@dataclass(frozen=True)
class FileFormat:
    """title, suffix: what it is called, and how its files end.

    package: what has to be installed to write it and to run what was written.
    write: the model and the facts about it -> files at and beside a path, whose names it returns, the model's first.
    answers: such a path and (n, H, W, C) uint8 slices -> (n, labels) probabilities, as the format's own program gives.
    """

    title: str
    suffix: str
    package: str
    write: Callable[[keras.Model, dict[str, Any], Path], tuple[Path, ...]]
    answers: Callable[[Path, np.ndarray], np.ndarray]

    def check_installed(self) -> None:
        """Raises InvalidInput where the package is missing, saying how to install it."""
        if find_spec(self.package) is None:
            name = self.package.replace("_", "-")
            raise InvalidInput(
                f"exporting to {self.title} needs the package {name}, expected it installed: `pip install {name}`, "
                "or choose another --format"
            )


def facts(description: ModelDescription) -> dict[str, Any]:
    """What whoever uses the model has to know, as JSON: labels in the order of the outputs, thresholds, and the rest.

    The calibration is told and not to be applied: it is part of an exported model.
    """
    return {name: value for name, value in description.model_dump(mode="json").items() if name in _FACTS}


def write_beside(told: dict[str, Any], out: Path) -> Path:
    """Write the facts to a JSON file of the same name, for formats that cannot hold them. Returns its path."""
    path = out.with_suffix(".json")
    with replacing(path) as file:
        file.write(json.dumps(told, ensure_ascii=False, indent=1).encode())
    return path
