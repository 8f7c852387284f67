"""Every worker of a cluster listens, with a run in hand or without, so that no loss waits for somebody to look."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from distributed import Worker, WorkerPlugin

from mri_core.runs.heartbeat import LISTEN_SECONDS, Listener, listen, repeat
from mri_core.runs.store import RunStore
from mri_core.runs.supervise import hand_on
from mri_core.settings import Settings

if TYPE_CHECKING:
    from distributed import Client


class Listening(WorkerPlugin):
    """Has a worker listen to whoever looks after the runs of a home, and hand on those of the lost.

    environment, command: as of `supervise`.
    """

    idempotent = True  # workers that have it keep it

    def __init__(self, environment: Mapping[str, str], command: Sequence[str]) -> None:
        self.environment, self.command = dict(environment), tuple(command)
        # One for each home, and another where its settings have changed; of these, the address may hold a password.
        told = repr((sorted(self.environment.items()), self.command))
        self.name = f"listening {hashlib.blake2b(told.encode(), digest_size=8).hexdigest()}"
        self._over: dict[str, threading.Event] = {}

    def setup(self, worker: Worker) -> None:
        store = RunStore(Settings.model_validate(self.environment))
        lost = partial(hand_on, self.environment, self.command)
        look = partial(listen, store, lost, Listener())  # of its own: a worker may serve several homes
        over = self._over[worker.address] = threading.Event()
        threading.Thread(target=repeat, args=(LISTEN_SECONDS, look, over), name="listening", daemon=True).start()

    def teardown(self, worker: Worker) -> None:
        self._over[worker.address].set()  # and it is not waited for: the database may be away


def listen_everywhere(client: Client, settings: Settings, command: Sequence[str]) -> None:
    """Have all workers of a scheduler listen, those that are to come too."""
    client.register_plugin(Listening(settings.taking("").environment(), command))
