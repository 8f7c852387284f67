"""An import as a command, for a process of its own and for whoever wants to type it."""

from __future__ import annotations

from pathlib import Path

from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Recipe
from mri_core.images.preprocessing import STANDARD


def import_command(
    place: Path, choices: Choices, recipe: Recipe, kind: str | None = None, report: Path | None = None
) -> list[str]:
    """The words after `mri` that import the same, but for the data set's name. What is as usual is left out."""
    how, usual = choices.preprocessing, Recipe()
    options = {
        "--labels": choices.table,
        "--as": kind,
        "--file-column": choices.file_column,
        "--patient-column": choices.patient_column,
        "--split-column": choices.split_column,
        "--label-columns": ",".join(choices.label_columns) or None,
        "--labels-in": choices.labels_in,
        "--separator": choices.separator,
        "--size": recipe.image_shape[0] if recipe.image_shape[:2] != usual.image_shape else None,
        "--resampling": how.resampling if how.resampling != STANDARD.resampling else None,
        "--window": how.window if how.window != STANDARD.window else None,
        "--axis": how.axis if how.axis != STANDARD.axis else None,
        "--mask-pixels": choices.mask_pixels if choices.mask_pixels != 1 else None,
        "--fractions": ",".join(f"{share:g}" for share in recipe.fractions.values())
        if recipe.fractions != usual.fractions
        else None,
        "--seed": recipe.seed or None,
        "--report": report,
    }
    words = ["import", str(place)]
    for option, value in options.items():
        words += [option, str(value)] if value is not None else []
    if (how.low, how.high) != (STANDARD.low, STANDARD.high):
        words += ["--percentiles", f"{how.low:g}", f"{how.high:g}"]
    if choices.slices is not None:
        words += ["--slices", *map(str, choices.slices)]
    words += ["--colour"] if len(recipe.image_shape) > 2 else []
    return words + (["--resplit"] if choices.resplit else [])
