"""Commands as a user types them."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from mri_core import cli


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[..., tuple[int, str, str]]:
    """A command in this process, which saves starting another: (exit status, standard output, standard error)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mri", *map(str, arguments)])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ending:
            cli.main()
        return (ending.value.code, *capsys.readouterr())

    return run
