"""The command line: each command parses, calls the core, and prints."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from types import TracebackType

import typer

from mri_core.cli import (
    bench,
    champions,
    compare,
    crossvalidate,
    data,
    failures,
    importing,
    migrate,
    operating,
    quality,
    queue,
    report,
    reproduce,
    results,
    serve,
    similar,
    training,
)
from mri_core.errors import MriError
from mri_core.images.limits import read_limits

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_INTERRUPTED = 130  # what Typer makes of Ctrl-C

app = typer.Typer(
    name="mri",
    help="Multi-label classification of MRI slices.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for commands in (
    data,
    importing,
    quality,
    similar,
    training,
    queue,
    crossvalidate,
    results,
    serve,
    failures,
    compare,
    champions,
    operating,
    report,
    reproduce,
    migrate,
    bench,
):
    for name, command in commands.COMMANDS.items():
        app.command(name)(command)


def main() -> None:
    """Run the command line. Exit status: 0 done, 1 it could not be done, 2 wrong usage."""
    sys.excepthook = _report_bug
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being ended clears away as much as Ctrl-C does
    try:
        read_limits()  # whoever set one wrongly is told, and nothing is done with another
        typer.main.get_command(app)()
    except MriError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except SystemExit as ending:
        if ending.code != _INTERRUPTED:
            raise
        print("error: interrupted; nothing half-made was kept", file=sys.stderr)
        sys.exit(1)


def _report_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """No traceback reaches a user, unless they ask for it with MRI_DEBUG=1."""
    if os.environ.get("MRI_DEBUG"):
        traceback.print_exception(kind, error, trace)
    told = " ".join(str(error).split())
    print(f"error: this is a fault of the program: {kind.__name__}: {told}; MRI_DEBUG=1 shows where", file=sys.stderr)
