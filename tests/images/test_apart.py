"""Files read in a child: the same slices and the same errors, whatever the file does to the child."""

from __future__ import annotations

import gzip
import io
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
import psutil
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from mri_core.errors import ImageError
from mri_core.images import apart, read_slices
from mri_core.images.apart import read_apart
from mri_core.images.preprocessing import Preprocessing


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def volume() -> bytes:
    values = np.random.default_rng(0).normal(size=(8, 9, 5)).astype(np.float32)
    return gzip.compress(nibabel.Nifti1Image(values, np.diag([2.0, 2, 3, 1])).to_bytes())


FILES = {
    "grey.png": lambda: png(np.arange(200, dtype=np.uint8).reshape(10, 20)),
    "colour.png": lambda: png(np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)),
    "MR_small.dcm": lambda: Path(get_testdata_file("MR_small.dcm")).read_bytes(),
    "MR_small_jp2klossless.dcm": lambda: Path(get_testdata_file("MR_small_jp2klossless.dcm")).read_bytes(),
    "volume.nii.gz": volume,
}


@pytest.mark.parametrize("name", FILES)
def test_the_slices_are_those_that_are_read_here(name: str) -> None:
    data, how = FILES[name](), Preprocessing(low=2, high=98)
    expected, found = read_slices(data, name, how), read_apart(data, name, how)
    assert [(one.source, one.patient, one.position) for one in found] == [
        (one.source, one.patient, one.position) for one in expected
    ]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("data", [b"", b"no image", FILES["grey.png"]()[:50]], ids=["empty", "text", "cut short"])
def test_the_errors_are_those_that_are_raised_here(data: bytes) -> None:
    with pytest.raises(ImageError) as here:
        read_slices(data, "a.png")
    with pytest.raises(ImageError) as there:
        read_apart(data, "../b/a.png")
    assert str(there.value) == str(here.value)


def bomb_png() -> bytes:
    data = bytearray(png(np.zeros((1, 1), np.uint8)))
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    return bytes(data)


def bomb_gzip() -> bytes:
    header = nibabel.Nifti1Image(np.zeros((1, 1, 1), np.float32), np.eye(4)).to_bytes()
    return gzip.compress(header + bytes(2**30), compresslevel=1)


@pytest.mark.parametrize("bomb", [bomb_png, bomb_gzip])
def test_a_bomb_goes_off_elsewhere(bomb) -> None:
    data = bomb()
    before = psutil.Process().memory_info().rss
    with pytest.raises(ImageError):
        read_apart(data, f"{bomb.__name__}.nii.gz")
    assert psutil.Process().memory_info().rss - before < 32 * 2**20


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[apart._Reader]:
    """A reader of a test's own."""
    made = apart._Reader()
    yield made
    made.end()


BEGIN = "import sys, time, os; from mri_core.images.framing import send; out = sys.stdout.buffer; send(out, {});"
MISBEHAVING = {
    "hangs": "time.sleep(600)",
    "dies": "os.abort()",
    "says nothing": "sys.exit()",
    "chatters": "out.write(b'x' * 100); out.flush(); time.sleep(600)",
    "sends no slices": "send(out, {'slices': []}); time.sleep(600)",
    "sends a slice of no size": "send(out, {'slices': [{'shape': [0, 4], 'source': ''}]}); time.sleep(600)",
    "promises too much": "send(out, {'slices': [{'shape': [100000, 100000], 'source': ''}]}); time.sleep(600)",
    "promises more than it sends": "send(out, {'slices': [{'shape': [9, 9], 'source': ''}]}, [b'xx'])",
    "sends a list": "out.write((2).to_bytes(8, 'big') + b'[]'); out.flush(); time.sleep(600)",
    "starts others": "import subprocess; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])",
}


@pytest.mark.parametrize("case", MISBEHAVING)
def test_a_child_that_is_not_itself_is_ended_and_the_next_file_is_read(
    case: str, reader: apart._Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as only_now:
        only_now.setattr(apart, "_PROGRAM", BEGIN + MISBEHAVING[case])
        only_now.setattr(apart, "SECONDS", 0.5)
        before = set(psutil.Process().children(recursive=True))
        with pytest.raises(ImageError, match=r"a\.png: .*ended the reader"):
            reader.read(FILES["grey.png"](), "a.png", Preprocessing())
        _, alive = psutil.wait_procs(set(psutil.Process().children(recursive=True)) - before, timeout=10)
        assert not alive
    assert reader.read(FILES["grey.png"](), "a.png", Preprocessing())[0].pixels.shape == (10, 20)


def test_a_child_is_replaced_after_some_files(reader: apart._Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "FILES_A_CHILD", 2)
    children = []
    for _ in range(3):
        reader.read(FILES["grey.png"](), "a.png", Preprocessing())
        children.append(reader._child.pid)
    assert children[0] == children[1] != children[2]


TRIED = """
import socket, sys
from mri_core.images.confine import confine
if not confine():
    print("the system has no network namespaces")
    sys.exit()
for attempt in (
    lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5),
    lambda: open(sys.argv[2], "w").write("x" * 10_000),
    lambda: bytearray(2**31),
):
    try:
        attempt()
        print("done")
    except (OSError, MemoryError) as error:
        print(type(error).__name__)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has network namespaces")
def test_a_confined_process_reaches_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", TRIED, str(server.getsockname()[1]), str(tmp_path / "written")]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    if "namespaces" in printed[0]:
        pytest.skip(printed[0])
    assert printed[0] in ("OSError", "ConnectionRefusedError") and printed[1:3] == ["OSError", "MemoryError"]
    assert not (tmp_path / "written").exists() or not (tmp_path / "written").stat().st_size
