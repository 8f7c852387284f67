"""Files read in a child: the same slices and the same errors, whatever the file does to the child."""

from __future__ import annotations

import dataclasses
import gzip
import io
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
import psutil
import pydicom
import pytest
from bombs import npy, zipped
from PIL import Image
from pydicom.data import get_testdata_file

from mri_core.errors import ImageError
from mri_core.images import apart, read_slices
from mri_core.images.apart import read_apart, unpack_apart
from mri_core.images.archive import unpack
from mri_core.images.limits import LIMITS
from mri_core.images.preprocessing import Preprocessing
from mri_core.images.slice import Slice


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def volume() -> bytes:
    values = np.random.default_rng(0).normal(size=(8, 9, 5)).astype(np.float32)
    return gzip.compress(nibabel.Nifti1Image(values, np.diag([2.0, 2, 3, 1])).to_bytes())


SAID = [field.name for field in dataclasses.fields(Slice) if field.name != "pixels"]


def marked() -> bytes:
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm"))
    dataset.BurnedInAnnotation = "YES"
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


FILES = {
    "grey.png": lambda: png(np.arange(200, dtype=np.uint8).reshape(10, 20)),
    "colour.png": lambda: png(np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)),
    "MR_small.dcm": lambda: Path(get_testdata_file("MR_small.dcm")).read_bytes(),
    "MR_small_jp2klossless.dcm": lambda: Path(get_testdata_file("MR_small_jp2klossless.dcm")).read_bytes(),
    "MR_small_jpeg_ls_lossless.dcm": lambda: Path(get_testdata_file("MR_small_jpeg_ls_lossless.dcm")).read_bytes(),
    "SC_rgb_rle_2frame.dcm": lambda: Path(get_testdata_file("SC_rgb_rle_2frame.dcm")).read_bytes(),
    "marked.dcm": marked,
    "volume.nii.gz": volume,
}


@pytest.mark.parametrize("name", FILES)
def test_the_slices_are_those_that_are_read_here(name: str) -> None:
    data, how = FILES[name](), Preprocessing(low=2, high=98)
    expected, found = read_slices(data, name, how), read_apart(data, name, how)
    for one, other in zip(found, expected, strict=True):
        assert [getattr(one, said) for said in SAID] == [getattr(other, said) for said in SAID]
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_the_files_of_a_zip_are_those_that_are_unpacked_here() -> None:
    files = [(name, make()) for name, make in FILES.items()]
    data = zipped(*files, ("__MACOSX/._a", b"x"))
    assert unpack_apart(data, "files.zip") == list(unpack(data, "files.zip")) == files
    for broken in (data[:-9], b"no zip"):
        with pytest.raises(ImageError) as here:
            list(unpack(broken, "files.zip"))
        with pytest.raises(ImageError) as there:
            unpack_apart(broken, "../files.zip")
        assert str(there.value) == str(here.value)


def test_a_zip_of_many_files_is_taken_packed_and_as_it_is() -> None:
    noise = random.Random(0).randbytes(2**20)
    files = [(f"series/{number}.dcm", noise + bytes(2 * 2**20)) for number in range(16)]
    assert len(zipped(*files)) < 20 * 2**20  # a third
    assert unpack_apart(zipped(*files), "files.zip") == files
    assert unpack_apart(zipped(("a.nii", bytes(32 * 2**20))), "files.zip")[0][1] == bytes(32 * 2**20)


def test_a_zip_that_swells_is_refused_where_all_of_it_would_be_held() -> None:
    data = zipped(("a.nii", bytes(32 * 2**20 + 1)))
    with pytest.raises(
        ImageError, match=r"declare 33,554,433 bytes, .* at most 32 MB .*\(MRI_MAX_ZIP_MB\), or 16 times"
    ):
        unpack_apart(data, "files.zip")
    assert len(list(unpack(data, "files.zip"))) == 1


def test_a_file_that_takes_too_much_memory_is_refused_and_the_child_goes_on(reader: apart._Reader) -> None:
    small = "import resource; from mri_core.images import reader_process, confine; was = confine.confine;"
    with pytest.MonkeyPatch.context() as only_now:
        only_now.setattr(apart, "_PROGRAM", small + TIGHT)
        with pytest.raises(
            ImageError, match=r"^a\.npy: reading it takes too much memory; expected .*MRI_MAX_MEMORY_MB"
        ):
            reader.read(npy((1, 4096, 4096), "<f2", 2**25), "a.npy", Preprocessing())
        child = reader._child.pid
        assert reader.read(FILES["grey.png"](), "a.png", Preprocessing())[0].pixels.shape == (10, 20)
        assert reader._child.pid == child


TIGHT = """
def tight():
    left = was()
    used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 60 * 2**20, used + 60 * 2**20))
    return left
reader_process.confine = tight
reader_process.main()
"""


@pytest.mark.parametrize("data", [b"", b"no image", FILES["grey.png"]()[:50]], ids=["empty", "text", "cut short"])
def test_the_errors_are_those_that_are_raised_here(data: bytes) -> None:
    with pytest.raises(ImageError) as here:
        read_slices(data, "a.png")
    with pytest.raises(ImageError) as there:
        read_apart(data, "../b/a.png")
    assert str(there.value) == str(here.value)


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
    "sends numbers": "send(out, {'slices': [5]}); time.sleep(600)",
    "sends an object": "send(out, {'slices': {'shape': [4, 4]}}); time.sleep(600)",
    "says too little": "send(out, {'slices': [{'shape': [1, 1]}]}, [b'x']); time.sleep(600)",
    "has no such number": "send(out, {'slices': [{'shape': [1e400, 1], 'source': ''}]}); time.sleep(600)",
    "sends brackets": "out.write((10**6).to_bytes(8, 'big') + b'[' * 10**6); out.flush(); time.sleep(600)",
    "promises more than it sends": "send(out, {'slices': [{'shape': [9, 9], 'source': ''}]}, [b'xx'])",
    "sends a list": "out.write((2).to_bytes(8, 'big') + b'[]'); out.flush(); time.sleep(600)",
    "starts others": "import subprocess; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])",
}


@pytest.mark.parametrize("case", MISBEHAVING)
def test_a_child_that_is_not_itself_is_ended(case: str, reader: apart._Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_PROGRAM", BEGIN + MISBEHAVING[case])
    monkeypatch.setattr(apart, "LIMITS", LIMITS.model_copy(update={"seconds": 0.5}))
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(ImageError, match=r"a\.png: .*ended the reader"):
        reader.read(FILES["grey.png"](), "a.png", Preprocessing())
    _, alive = psutil.wait_procs(set(psutil.Process().children(recursive=True)) - before, timeout=10)
    assert not alive


def test_after_a_file_that_ends_the_child_the_next_is_read(
    reader: apart._Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as only_now:
        only_now.setattr(apart, "_PROGRAM", BEGIN + MISBEHAVING["dies"])
        with pytest.raises(ImageError, match="ended the reader"):
            reader.read(FILES["grey.png"](), "a.png", Preprocessing())
    assert reader.read(FILES["grey.png"](), "a.png", Preprocessing())[0].pixels.shape == (10, 20)


def test_a_child_that_does_not_start_is_said(reader: apart._Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_PROGRAM", "raise SystemExit(1)")
    for _ in range(2):
        with pytest.raises(ImageError, match=r"does not start; expected .* 1,024 MB of memory \(MRI_MAX_MEMORY_MB\)"):
            reader.read(FILES["grey.png"](), "a.png", Preprocessing())


MISTAKEN = {
    "says nothing": "sys.exit()",
    "sends slices": "send(out, {'slices': []}); time.sleep(600)",
    "promises too much": "send(out, {'path': 'a', 'bytes': 2**40}); time.sleep(600)",
    "sends more than such a zip may hold": "send(out, {'path': 'a', 'bytes': 2**26}, [bytes(2**26)]); send(out, {})",
    "promises less than nothing": "send(out, {'path': 'a', 'bytes': -1}); out.close(); time.sleep(600)",
    "sends text": "send(out, {'path': 'a', 'bytes': 'many'}); time.sleep(600)",
    "sends files for ever": "[send(out, {'path': 'a', 'bytes': 0}) for _ in iter(int, 1)]",
}


@pytest.mark.parametrize("case", MISTAKEN)
def test_a_child_that_unpacks_otherwise_is_ended(
    case: str, reader: apart._Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "_PROGRAM", BEGIN + MISTAKEN[case])
    monkeypatch.setattr(apart, "LIMITS", LIMITS.model_copy(update={"seconds": 2}))
    with pytest.raises(ImageError, match=r"a\.zip: .*ended the reader"):
        reader.unpack(zipped(("a", b"x")), "a.zip")
    assert reader._child is None


def test_paths_that_a_child_sends_are_made_safe(reader: apart._Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "send(out, {'path': 'a\\n' + 'b' * 999, 'bytes': 1}, [b'x']); send(out, {}); time.sleep(600)"
    monkeypatch.setattr(apart, "_PROGRAM", BEGIN + told)
    ((path, contents),) = reader.unpack(zipped(("a", b"x")), "a.zip")
    assert len(path) == 120 and path.isprintable() and contents == b"x"


def test_the_one_that_reads_is_replaced_after_some_files(
    reader: apart._Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = "from mri_core.images import reader_process; reader_process.FILES_A_READER = 2; reader_process.main()"
    monkeypatch.setattr(apart, "_PROGRAM", few)
    parents, pids = set(), []
    for _ in range(5):
        reader.read(FILES["grey.png"](), "a.png", Preprocessing())
        parents.add(psutil.Process(reader._child.pid))
        pids += [child.pid for child in psutil.Process(reader._child.pid).children()]
    assert len(parents) == 1 and len(set(pids)) == 3


def test_one_that_reads_and_dies_takes_its_parent_along(reader: apart._Reader) -> None:
    reader.read(FILES["grey.png"](), "a.png", Preprocessing())
    child = reader._child
    psutil.Process(child.pid).children()[0].kill()
    assert child.wait(30) == 0
    assert reader.read(FILES["grey.png"](), "a.png", Preprocessing())[0].pixels.shape == (10, 20)


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
