"""What a cluster's workers do besides training: listen to each other, and hand in what a restarted scheduler forgot.

A worker that is started with `--preload mri_core.runs.listening` does so from its beginning, any other from its first
run on.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from mri_core.runs.heartbeat import LISTEN_SECONDS, repeat
from mri_core.runs.revival import revive
from mri_core.settings import Settings

if TYPE_CHECKING:
    from distributed import Worker

_listened_for: set[Settings] = set()


def dask_setup(_worker: Worker) -> None:
    """Called by Dask as a worker starts."""
    settings = Settings()
    if settings.scheduler:
        begin_to_listen(settings)


def begin_to_listen(settings: Settings) -> None:
    """Have this process listen for its home for as long as it lives. Asked again, nothing more is done."""
    settings = settings.taking("")
    if settings not in _listened_for:
        _listened_for.add(settings)
        action = partial(revive, settings)
        threading.Thread(
            target=repeat, args=(LISTEN_SECONDS, action, threading.Event()), name="listening", daemon=True
        ).start()
