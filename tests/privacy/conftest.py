"""The marked files, made once."""

from __future__ import annotations

from collections.abc import Iterator

import pydicom
import pytest
from marked_files import damaged, files

Files = dict[str, bytes]


@pytest.fixture(scope="session", autouse=True)
def _what_is_no_valid_value_is_written_all_the_same() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pydicom.config.settings, "writing_validation_mode", pydicom.config.IGNORE)
        yield


@pytest.fixture(scope="session")
def whole() -> Files:
    return files()


@pytest.fixture(scope="session")
def broken() -> Files:
    return damaged()
