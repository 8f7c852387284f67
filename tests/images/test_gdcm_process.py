from __future__ import annotations

from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.pixels import pixel_array

from mri_core.images import gdcm_process
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
