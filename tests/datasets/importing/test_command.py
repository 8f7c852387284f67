"""What a page chooses becomes a command that means the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from mri_core import cli
from mri_core.cli import importing
from mri_core.datasets.importing.command import import_command
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Recipe
from mri_core.images.preprocessing import Preprocessing

CHOICES = {
    "nothing": (Choices(), Recipe(), None, None),
    "columns": (Choices(Path("l.csv"), "f", "p", "s", ("a b", "c"), resplit=True), Recipe(), "table", None),
    "names": (Choices(labels_in="all", separator=";"), Recipe((96, 96, 3), seed=7), None, Path("left.csv")),
    "pixels": (
        Choices(
            slices=(3, 9),
            mask_pixels=5,
            preprocessing=Preprocessing(resampling="lanczos", window="percentile", low=1, high=98.5, axis="coronal"),
        ),
        Recipe((32, 32), {"train": 0.5, "validation": 0.25, "test": 0.25}),
        "volumes",
        None,
    ),
}


@pytest.mark.parametrize("case", CHOICES)
def test_the_command_imports_what_was_chosen(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    choices, recipe, kind, report = CHOICES[case]
    taken: list[tuple[Any, ...]] = []

    class Enough(Exception):
        pass

    def instead(settings, name, place, choices, recipe, kind, progress):
        taken.append((name, place, choices, recipe, kind))
        raise Enough

    monkeypatch.setattr(importing, "import_source", instead)
    monkeypatch.chdir(tmp_path)
    command = import_command(Path("folder"), choices, recipe, kind, report)
    monkeypatch.setattr(sys, "argv", ["mri", *command, "--name", "mine", "--json"])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    with pytest.raises((Enough, SystemExit)):
        cli.main()
    assert taken == [("mine", Path("folder"), choices, recipe, kind)], capsys.readouterr()


def test_what_is_as_usual_is_not_said() -> None:
    assert import_command(Path("folder"), Choices(), Recipe()) == ["import", "folder"]
