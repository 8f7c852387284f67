"""What the trials look at in a home: the processes that serve it, its run database, a run's files."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress

import psutil

from mri_core.runs.run import Run
from mri_core.settings import Settings

CHANGES = ("log.txt", ".lock")


def processes_of(settings: Settings, part: str = "") -> list[psutil.Process]:
    """The live processes that were started with this home, this one left out, whose command has `part` in it."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            ours = process.pid != os.getpid() and process.environ().get("MRI_HOME") == str(settings.root)
            if ours and process.status() != psutil.STATUS_ZOMBIE and part in " ".join(process.cmdline()):
                found.append(process)
    return found


def database_faults(settings: Settings) -> list[str]:
    """What SQLite finds wrong with the run database."""
    with closing(sqlite3.connect(settings.root / "mlflow.db")) as database:
        return [line for (line,) in database.execute("PRAGMA integrity_check") if line != "ok"]


def files_of(run: Run) -> dict[str, tuple[int, int]]:
    """The files of a run's folder that nobody may touch once it has ended -> when they were written, and their size."""
    found = {path: path.stat() for path in run.folder.rglob("*") if path.name not in CHANGES and path.is_file()}
    return {str(path.relative_to(run.folder)): (each.st_mtime_ns, each.st_size) for path, each in found.items()}
