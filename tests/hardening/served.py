"""A dashboard in a process of its own, and what a browser does to reach it, by hand."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from mri_core.settings import Settings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Served:
    port: int
    process: subprocess.Popen
    log: Path

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=30)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def talk(self, origin: str, host: str | None = None) -> ClientConnection:
        """The connection on which a page is sent, asked for under a host's name. Raises InvalidStatus when refused."""
        return connect(
            f"ws://{host or f'localhost:{self.port}'}/_stcore/stream",
            sock=socket.create_connection(("localhost", self.port)),
            origin=origin,
            subprotocols=["streamlit"],
            max_size=None,
        )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def serve(home: Settings, *options: str, port: int | None = None) -> Iterator[Served]:
    """The dashboard of a home, with the options of this repository and more."""
    port = port or free_port()
    log = home.root / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", "app/Home.py", "--server.port", str(port), *options]
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | home.environment(), stdout=written, stderr=written
        )
    served = Served(port, process, log)
    try:
        while process.poll() is None and not _answers(port):
            time.sleep(0.05)
        assert process.poll() is None, log.read_text()
        yield served
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("localhost", port), 1).close()
    except OSError:
        return False
    return True


def session(page: ClientConnection) -> str:
    """Begin a page and return the id of its session."""
    page.send(BackMsg(rerun_script=BackMsg().rerun_script).SerializeToString())
    while True:
        message = ForwardMsg.FromString(page.recv(timeout=60))
        if message.HasField("new_session"):
            return message.new_session.initialize.session_id
