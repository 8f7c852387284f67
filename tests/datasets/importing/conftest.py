"""Small folders to import from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from import_support import COUNT, name, picture
from PIL import Image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve grey pictures s0.png to s11.png, every other one in a folder `deep`, and a text that calls itself one."""
    root = tmp_path / "pictures"
    (root / "deep").mkdir(parents=True)
    for i in range(COUNT):
        Image.fromarray(picture(i)).save(root / name(i))
    (root / "broken.png").write_text("no picture")
    return root


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """Write a table beside the pictures."""

    def write(text: str | bytes, file: str = "labels.csv") -> Path:
        table = folder.parent / file
        table.write_bytes(text if isinstance(text, bytes) else text.encode())
        return table

    return write
