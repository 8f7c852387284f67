"""A process that looks at places to import from: which columns their tables have, and what would be imported.

It is confined: no network, no new files, and memory as a decoding process has. Loading pandas takes a second, so it is
done once; each request is then answered by a process of its own, forked for it, which has a socket of its own, so that
whatever a file does to it reaches no other request.
"""

from __future__ import annotations

import os
import signal
import socket
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, cast

from mri_core.datasets.importing.decoder import MEMORY_MB, SECONDS
from mri_core.datasets.importing.look_messages import choices_of, cut, told_columns, told_preview
from mri_core.datasets.importing.messages import untold_field
from mri_core.datasets.importing.run import preview
from mri_core.datasets.importing.table import columns_of
from mri_core.errors import MriError
from mri_core.images.confine import allow_time, confine
from mri_core.images.framing import receive_header, send
from mri_core.images.limits import refuse

IDLE_SECONDS = 600
"""Without a request for so long, it ends."""


def main() -> None:
    """Answer on the sockets that come in through standard input, until the other side has gone or asks no more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that answer
    confine(MEMORY_MB)
    for name in ("nibabel", "openpyxl", "pandas", "pyarrow.parquet", "pydicom"):
        import_module(name)
    control = socket.socket(fileno=0)
    control.settimeout(IDLE_SECONDS)
    while True:
        try:
            _, given, *_ = socket.recv_fds(control, 1, 1)
        except TimeoutError:
            control.shutdown(socket.SHUT_RD)  # what is asked until now is answered yet, nothing comes behind it
            continue
        if not given:
            return
        if os.fork() == 0:
            control.close()
            _answer(socket.socket(fileno=given[0]))
            os._exit(0)
        os.close(given[0])


def _answer(asked: socket.socket) -> None:
    signal.alarm(SECONDS)
    allow_time(SECONDS)
    with asked.makefile("rwb") as both_ways:
        stream = cast(BinaryIO, both_ways)
        request = receive_header(stream)
        send(stream, _looked(request, Path(untold_field(request["place"]))))


def _looked(request: dict[str, Any], place: Path) -> dict[str, Any]:
    try:
        if "choices" in request:
            return {"answer": told_preview(preview(place, choices_of(request["choices"]), request["source"]))}
        table = untold_field(request["table"])
        return {"answer": told_columns(columns_of(place, table and Path(table)))}
    except MriError as error:
        said = str(error)
    except MemoryError:
        said = str(refuse(place.name, f"looking at it takes more than {MEMORY_MB:,} MB of memory", "smaller files"))
    except OSError as error:
        said = str(refuse(place.name, f"it cannot be read ({error.strerror})", "files that this computer can read"))
    return {"error": cut(said)}
