"""Waiting for the run database: nothing can go on before what has happened is recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from mri_core.errors import StoreError

_RETRY_SECONDS = 2.0
_Result = TypeVar("_Result")


def patiently(action: Callable[[], _Result]) -> _Result:
    """`action`, again and again while the database is busy or away."""
    while True:
        try:
            return action()
        except StoreError:
            time.sleep(_RETRY_SECONDS)
