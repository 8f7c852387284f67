"""A limit that cannot be one: every command says so in one line, and does nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAID = (
    "error: MRI_MAX_FILE_MB is 'many', expected a whole number from 1 to 4,096; set it to one, or take it out of the "
    "environment and `.env`\n"
)


@pytest.mark.parametrize("command", [["datasets"], ["predict", "last", "a.png", "--json"], ["serve", "last"]])
def test_it_is_said_before_anything_is_done(trained, typed, monkeypatch: pytest.MonkeyPatch, command) -> None:
    monkeypatch.setenv("MRI_MAX_FILE_MB", "many")
    assert typed(*command) == (1, "", SAID)


def test_it_is_said_by_a_program_that_begins_with_it(home) -> None:
    environment = os.environ | {"MRI_MAX_FILE_MB": "many", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "mri_core", "serve", "last"], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", SAID)


def test_it_is_read_from_the_env_file_too(home, typed) -> None:
    (home.root / ".env").write_text("MRI_MAX_SECONDS=-1\n")
    status, printed, told = typed("datasets")
    assert (status, printed) == (1, "") and told.startswith("error: MRI_MAX_SECONDS is '-1', expected ")
