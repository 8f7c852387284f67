"""Slices are copied out of a file alike, whether it is mapped or read."""

import os
from pathlib import Path

import numpy as np
import pytest

from mri_core.datasets import gather as module
from mri_core.datasets.gather import gather, read_ahead

ROWS = np.array([7, 0, 99, 7, 41])


@pytest.mark.parametrize("shape", [(100, 6, 5), (100, 6, 5, 3)])
@pytest.mark.parametrize("mapped_bytes", [0, 2**30], ids=["read", "mapped"])
def test_the_same_slices_either_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], mapped_bytes: int
) -> None:
    monkeypatch.setattr(module, "MAPPED_BYTES", mapped_bytes)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.save(tmp_path / "slices.npy", pixels)
    mapped = np.load(tmp_path / "slices.npy", mmap_mode="r")
    found = gather(mapped, ROWS)
    np.testing.assert_array_equal(found, pixels[ROWS])
    found[:] = 0  # a copy: nothing is written through
    np.testing.assert_array_equal(gather(mapped, ROWS), pixels[ROWS])
    assert gather(mapped, ROWS[:0]).shape == (0, *shape[1:])


def test_an_array_in_memory_is_cut_as_it_is() -> None:
    pixels = np.arange(60, dtype=np.uint8).reshape(10, 2, 3)
    np.testing.assert_array_equal(gather(pixels, np.array([3, 1])), pixels[[3, 1]])


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux tells what is mapped")
def test_a_large_file_is_not_held(tmp_path: Path) -> None:
    def held() -> int:
        line = next(one for one in Path("/proc/self/smaps_rollup").read_text().splitlines() if one.startswith("Rss:"))
        return int(line.split()[1])

    pixels = np.lib.format.open_memmap(tmp_path / "slices.npy", "w+", np.uint8, (40_000, 64, 64))
    pixels[:] = 1
    pixels.flush()
    del pixels
    mapped = np.load(tmp_path / "slices.npy", mmap_mode="r")
    before = held()
    for start in range(0, 40_000, 1000):
        gather(mapped, np.arange(start, start + 1000, 10))
    assert held() - before < 30_000, "in kB, of a file of 164 MB"


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system cannot be asked")
def test_the_bytes_asked_for_ahead_are_those_of_the_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (100, 6, 5), dtype=np.uint8)
    np.save(tmp_path / "slices.npy", pixels)
    mapped = np.load(tmp_path / "slices.npy", mmap_mode="r")
    asked = []
    monkeypatch.setattr(os, "posix_fadvise", lambda file, offset, size, advice: asked.append((offset, size, advice)))
    read_ahead(mapped, ROWS)
    assert not asked, "a mapped file is left to the system"
    monkeypatch.setattr(module, "MAPPED_BYTES", 0)
    read_ahead(mapped, ROWS)
    contents = (tmp_path / "slices.npy").read_bytes()
    fetched = [np.frombuffer(contents[offset : offset + size], np.uint8) for offset, size, _ in asked]
    np.testing.assert_array_equal(np.reshape(fetched, (5, 6, 5)), pixels[ROWS])
    assert {advice for *_, advice in asked} == {os.POSIX_FADV_WILLNEED}
