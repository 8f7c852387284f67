"""Messages between this process and one that reads files: a JSON header, then bytes. Nothing in them is ever run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, BinaryIO

_LENGTH_BYTES = 8
MAX_HEADER_BYTES = 2**24
"""More than all slices of a file take; a longer one comes from a process that is not itself any more."""


def send(stream: BinaryIO, header: dict[str, Any], parts: Iterable[bytes | memoryview] = ()) -> None:
    """Write one message. The header should tell how many bytes follow."""
    text = json.dumps(header, ensure_ascii=False).encode()
    stream.write(len(text).to_bytes(_LENGTH_BYTES, "big") + text)
    for part in parts:
        stream.write(part)
    stream.flush()


def receive_header(stream: BinaryIO) -> dict[str, Any]:
    """The next message's header. Raises EOFError where the other side has gone or sends something else."""
    length = int.from_bytes(receive(stream, _LENGTH_BYTES), "big")
    if length > MAX_HEADER_BYTES:
        raise EOFError("the other process sends no messages any more")
    try:
        found = json.loads(receive(stream, length))
    except (ValueError, RecursionError) as error:
        raise EOFError("the other process sends no messages any more") from error
    if not isinstance(found, dict):
        raise EOFError("the other process sends no messages any more")
    return found


def receive(stream: BinaryIO, length: int) -> bytes:
    """So many bytes. Raises EOFError when there are fewer."""
    found = stream.read(length)
    if len(found) < length:
        raise EOFError("the other process has gone")
    return found
