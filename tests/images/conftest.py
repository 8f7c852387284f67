"""Limits that a test changes."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from mri_core.images.limits import Limits


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Call it with limits that hold from now on, wherever the package has them."""

    def change(**values: int) -> None:
        changed = Limits(**values)
        for name, module in list(sys.modules.items()):
            if name.startswith("mri_core.images.") and hasattr(module, "LIMITS"):
                monkeypatch.setattr(module, "LIMITS", changed)

    return change
