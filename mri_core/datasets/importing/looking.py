"""Looking at a place apart from this process: what it holds may be anyone's.

What comes back is numbers and text that are checked; whatever a table or a header does to the libraries that read it,
it does there. See `looker`.
"""

from __future__ import annotations

import atexit
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from mri_core.datasets.importing import look_messages
from mri_core.datasets.importing.child import end_child, start_child
from mri_core.datasets.importing.decoder import SECONDS
from mri_core.datasets.importing.messages import told_field
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Preview
from mri_core.datasets.importing.zipped import unpacked
from mri_core.errors import InvalidInput
from mri_core.images.framing import receive_header, send
from mri_core.images.limits import refuse, variable

AT_ONCE = 2
"""Places that are looked at at the same time."""
_GRACE = 10  # seconds beside its own in which a process has started, and has ended by itself

_PROGRAM = "from mri_core.datasets.importing.looker import main; main()"
_Answer = TypeVar("_Answer")


def preview_apart(place: Path, choices: Choices, source: str | None = None) -> Preview:
    """As `run.preview`, elsewhere; of what is left out, the first look_messages.MOST_LEFT_OUT entries.

    Raises InvalidInput in the same words, and for a place that takes too long or too much memory, or ends the process;
    StorageError where the disk does not hold what is in a zip.
    """
    with unpacked(place) as root:
        request = {"choices": look_messages.told_choices(choices), "source": source}
        return _looker.ask(root, request, look_messages.preview_of)


def columns_apart(place: Path, table: Path | None) -> tuple[str, ...]:
    """As `table.columns_of`, elsewhere. Raises InvalidInput as `preview_apart`."""
    return _looker.ask(place, {"table": table and told_field(str(table))}, look_messages.columns_of)


class Looker:
    """A process that looks, started when it is first needed and again after it has ended; thread-safe."""

    def __init__(self) -> None:
        self._lock, self._room = threading.Lock(), threading.BoundedSemaphore(AT_ONCE)
        self._child: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def ask(self, place: Path, request: dict[str, Any], answer_of: Callable[[Any], _Answer]) -> _Answer:
        """The answer to one request about a place. Raises InvalidInput where there is none."""
        ours, theirs = socket.socketpair()
        with self._room, ours:
            with theirs:
                self._hand_over(theirs)
            ours.settimeout(SECONDS + _GRACE)
            try:
                with cast(BinaryIO, ours.makefile("rwb")) as stream:
                    send(stream, {"place": told_field(str(place)), **request})
                    told = receive_header(stream)
                if "error" in told:
                    raise InvalidInput(look_messages.cut(" ".join(str(told["error"]).split())))
                return answer_of(told.get("answer"))
            except (EOFError, OSError) as error:
                if isinstance(error, TimeoutError):  # it should have ended by itself
                    self.end()
                raise refuse(
                    place.name,
                    f"looking at it took more than {SECONDS} seconds ({variable('seconds')}), or ended the process",
                    "undamaged files, or to be imported with `mri import`, which takes its time",
                ) from error

    def end(self) -> None:
        with self._lock:
            self._end()

    def _hand_over(self, asked: socket.socket) -> None:
        """Give the socket of a request to the process."""
        with self._lock:
            if self._child is None or self._child.poll() is not None:
                self._start()
            try:
                socket.send_fds(cast(socket.socket, self._control), [b"."], [asked.fileno()])
            except OSError:  # it has just ended, because nothing was asked for long
                self._start()
                socket.send_fds(cast(socket.socket, self._control), [b"."], [asked.fileno()])

    def _start(self) -> None:
        self._end()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._child = start_child(_PROGRAM, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)

    def _end(self) -> None:
        if self._child is not None and self._control is not None:
            self._control.close()
            end_child(self._child)
        self._child = self._control = None


_looker = Looker()
atexit.register(_looker.end)
