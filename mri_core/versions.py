"""Which versions are installed, for records and documents that say what they were made with."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import version


def installed_versions(packages: Iterable[str]) -> dict[str, str]:
    """Python's version and those of installed packages, by name."""
    return {"Python": platform.python_version()} | {name: version(name) for name in packages}
