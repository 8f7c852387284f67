"""Programs that write to one store at the same instant, each a process of its own."""

import subprocess
import sys
from collections.abc import Sequence

READY = "ready"
PREAMBLE = f"""
import sys
import mlflow.store.tracking.sqlalchemy_store
from pathlib import Path
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
store = RunStore(Settings(home=Path(sys.argv[1])))
print({READY!r}, flush=True)
sys.stdin.readline()
"""


def at_once(home, programs: Sequence[str]) -> None:
    """Run `programs`, which find `store` open on `home`, together; all must end well.

    Each imports what it needs first and then waits for the word, so that the writing, and not the importing,
    happens at once. They are started by command and not by multiprocessing, whose children run the parent's
    `__main__` again: under a test runner that is anything.
    """
    command = [sys.executable, "-c"]
    rivals = [
        subprocess.Popen(
            [*command, PREAMBLE + program, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for program in programs
    ]
    for each in rivals:
        assert each.stdout is not None and each.stdout.readline().strip() == READY
    for each in rivals:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    assert [each.communicate() and each.returncode for each in rivals] == [0] * len(rivals)
