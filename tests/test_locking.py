from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading

import pytest

from mri_core.errors import StorageError
from mri_core.locking import locked


def test_a_lock_that_cannot_be_made_is_said_to_be(tmp_path):
    with pytest.raises(
        StorageError, match=r"cannot create .*gone/\.lock: No such file or directory; free or allow space"
    ):
        locked(tmp_path / "gone" / ".lock")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO, errno.ESTALE])
def test_a_file_system_that_does_not_lock_is_said_not_to(tmp_path, monkeypatch, number):
    asked = []

    def refused(handle, _) -> None:
        asked.append(handle)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refused)
    with pytest.raises(StorageError, match=rf"cannot lock .*/\.lock: {os.strerror(number)}; make its file system work"):
        locked(tmp_path / ".lock")
    assert asked[0].closed


def test_threads_and_processes_wait_for_each_other(tmp_path):
    file, order = tmp_path / ".lock", []
    program = f"from mri_core.locking import locked; from pathlib import Path; locked(Path({str(file)!r})); print('in')"
    with locked(file):
        thread = threading.Thread(target=lambda: (locked(file).close(), order.append("thread")))
        thread.start()
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        thread.join(0.3)
        assert order == [] and process.poll() is None
    thread.join()
    assert order == ["thread"] and process.communicate()[0] == "in\n"


def test_a_holder_that_dies_lets_go(tmp_path):
    program = "import os, sys; from mri_core.locking import locked; from pathlib import Path; "
    program += "held = locked(Path(sys.argv[1])); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", program, tmp_path / ".lock"]).returncode == 9
    with locked(tmp_path / ".lock"):
        pass


def test_who_waits_no_longer_than_told_says_so_and_leaves_the_lock_alone(tmp_path):
    file = tmp_path / ".lock"
    with locked(file):
        with pytest.raises(StorageError, match=r"\.lock has been held by another process for 0 s; wait, or end that"):
            locked(file, seconds=0.05)
        with pytest.raises(StorageError):
            locked(file, seconds=0)
    with locked(file, seconds=0):
        pass
