"""A home full of attacks, made once for each module that opens its pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hardening_support import copied, make_hostile

from mri_core.settings import Settings


@dataclass(frozen=True)
class Hostile:
    """settings: of the home. run: the trained one, other: one beside it."""

    settings: Settings
    run: str
    other: str


@pytest.fixture(scope="module")
def hostile(_trained_home, tmp_path_factory) -> Iterator[Hostile]:
    settings = copied(_trained_home.settings.root, tmp_path_factory.mktemp("hostile") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MRI_HOME", str(settings.root))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("MRI_SCHEDULER", raising=False)
        patch.chdir(settings.root)
        yield Hostile(settings, _trained_home.run_id, make_hostile(settings, _trained_home.run_id))
