"""A PostgreSQL server for tests, thrown away afterwards."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

USER = "postgres"  # the server refuses to be run by root
_INSTALLED = Path("/usr/lib/postgresql")  # where Debian's packages are
_QUICK = "fsync=off\nfull_page_writes=off\n"  # what it has promised outlives it: the system has the file


@dataclass(frozen=True)
class Postgres:
    """A server on a port of this host. folder: its data, in a folder of its own. uri: of its only database."""

    binaries: Path
    folder: Path
    uri: str

    def start(self) -> None:
        """Returns once the server takes connections, which after a crash is once it has recovered."""
        self._run("pg_ctl", "start", "-w", "-D", str(self.folder), "-l", str(self.folder.parent / "log"))

    def kill(self) -> None:
        """As a crash of the machine would, without a word to anybody; returns once all of it has ended."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self.folder))

    def _run(self, program: str, *arguments: str) -> None:
        _as_user(str(self.binaries / program), *arguments)


def binaries() -> Path:
    """The folder of the newest server that is installed. Skips the test where there is none."""
    found = sorted(_INSTALLED.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not found and not (elsewhere := shutil.which("initdb")):
        pytest.skip("PostgreSQL's server is not installed (Debian's package postgresql)")
    if os.getuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("PostgreSQL does not run as root, and there is no setpriv to run it as another user")
    return found[-1].parent if found else Path(str(elsewhere)).parent


@contextmanager
def postgres(address: str = "127.0.0.1", durable: bool = False) -> Iterator[Postgres]:
    """A running server that listens on `address`. durable: what it has confirmed outlives a crash; slower."""
    installed = binaries()
    with tempfile.TemporaryDirectory(prefix="mri-postgres-") as top:
        folder, password, port = Path(top) / "data", secrets.token_urlsafe(12), free_port(address)
        secret = Path(top) / "password"
        secret.write_text(password)
        if os.getuid() == 0:
            for path in (Path(top), secret):
                shutil.chown(path, USER)
        server = Postgres(installed, folder, f"postgresql://{USER}:{password}@{address}:{port}/{USER}")
        options = ("-U", USER, "-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8", "--no-sync")
        server._run("initdb", "-D", str(folder), *options)
        with (folder / "postgresql.conf").open("a") as conf:
            conf.write(f"listen_addresses='{address}'\nport={port}\nunix_socket_directories='{top}'\n")
            conf.write("" if durable else _QUICK)
        if address != "127.0.0.1":
            with (folder / "pg_hba.conf").open("a") as hosts:
                hosts.write("host all all samenet scram-sha-256\n")
        server.start()
        try:
            yield server
        finally:
            server.kill()


def free_port(address: str = "127.0.0.1") -> int:
    with socket.create_server((address, 0)) as listening:
        return listening.getsockname()[1]


def _as_user(*command: str) -> None:
    demoted = ("setpriv", "--reuid", USER, "--regid", USER, "--init-groups") if os.getuid() == 0 else ()
    done = subprocess.run(
        (*demoted, *command), cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout.decode()
