from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from threading import Thread

import numpy as np
import psutil
import pytest
from pydicom.data import get_testdata_file
from pydicom.pixels import pixel_array

from mri_core.images import gdcm_process
from mri_core.images.confine import allow_time
from mri_core.images.gdcm_process import GdcmProcess

JPEG_LS = Path(str(get_testdata_file("MR_small_jpeg_ls_lossless.dcm", download=False)))
PLAIN = Path(str(get_testdata_file("MR_small.dcm", download=False)))


@pytest.fixture
def process():
    started = GdcmProcess()
    yield started
    if started._child is not None:
        started._child.kill()
        started._child.communicate()


def test_pixels_are_those_of_the_file_before_compression(process):
    for _ in range(2):
        assert np.array_equal(process.decode(JPEG_LS.read_bytes()), pixel_array(PLAIN))


def test_one_child_serves_many_files_and_refusals(process):
    process.decode(JPEG_LS.read_bytes())
    child = process._child.pid
    damaged = JPEG_LS.read_bytes().replace(b"\xff\xd8\xff", b"\xff\xff\xff")
    with pytest.raises(ValueError, match="gdcm"):
        process.decode(damaged)
    assert np.array_equal(process.decode(JPEG_LS.read_bytes()), pixel_array(PLAIN))
    assert process._child.pid == child


def test_a_child_that_dies_is_replaced(process):
    process.decode(JPEG_LS.read_bytes())
    process._child.kill()
    process._child.wait()
    assert process.decode(JPEG_LS.read_bytes()).shape == (64, 64)
    with pytest.raises(ValueError, match="gdcm"):
        process.decode(b"this ends the child with an exception")
    assert process.decode(JPEG_LS.read_bytes()).shape == (64, 64)


def test_a_child_that_hangs_is_ended(process, monkeypatch):
    monkeypatch.setattr(gdcm_process, "MAX_SECONDS", 0.0)
    with pytest.raises(ValueError, match="gdcm"):
        process.decode(JPEG_LS.read_bytes())


@pytest.fixture
def time_again():
    """Takes back what a test has allowed this process."""
    limits = resource.getrlimit(resource.RLIMIT_CPU)
    yield
    resource.setrlimit(resource.RLIMIT_CPU, limits)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows another process's limits")
def test_each_file_has_the_time_that_its_reader_has(process, time_again):
    for seconds in (1000, 1000, 3000):
        allow_time(seconds)
        process.decode(JPEG_LS.read_bytes())
        used = sum(psutil.Process(process._child.pid).cpu_times()[:2])
        until, _ = resource.prlimit(process._child.pid, resource.RLIMIT_CPU)
        assert seconds - 5 < until - used < seconds + 5


SLOW = """
import sys, time
from mri_core.images import gdcm_process
from pydicom import pixels

def slowly(*_, **__):
    until = time.process_time() + 0.8
    while time.process_time() < until:
        pass
    return decoded(*_, **__)

decoded, pixels.pixel_array = pixels.pixel_array, slowly
gdcm_process._serve()
"""
READER = """
import sys
from pathlib import Path
from mri_core.images import gdcm_process
from mri_core.images.confine import allow_time

gdcm_process.__file__, file = sys.argv[1:]
process = gdcm_process.GdcmProcess()
for _ in range(6):
    allow_time(2)
    print(process.decode(Path(file).read_bytes()).shape)
"""


def test_many_files_together_may_take_longer_than_one(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    command = [sys.executable, "-c", READER, str(tmp_path / "slow.py"), str(JPEG_LS)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == "(64, 64)\n" * 6


def test_more_time_than_the_system_leaves_is_not_asked_for():
    limited = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (50, 50)); "
    for allow in ("images.confine import allow_time as allow", "images.gdcm_process import _allow as allow"):
        program = f"{limited} from mri_core.{allow}; allow(600); print(resource.getrlimit(resource.RLIMIT_CPU))"
        printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        assert printed == "(50, 50)\n"


def test_threads_share_one_child(process):
    found: list[np.ndarray] = []
    data = JPEG_LS.read_bytes()
    threads = [Thread(target=lambda: found.append(process.decode(data))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert all(np.array_equal(one, pixel_array(PLAIN)) for one in found)
