"""Versions are those that Python itself reports."""

import platform
from importlib.metadata import version

from mri_core.versions import installed_versions


def test_python_comes_first_and_packages_follow() -> None:
    found = installed_versions(("numpy", "keras"))
    assert list(found.items()) == [
        ("Python", platform.python_version()), ("numpy", version("numpy")), ("keras", version("keras")),
    ]  # fmt: skip
