"""Uploads are kept under names of ours, unpacked, and not for ever."""

from __future__ import annotations

import io
import os
import time
import zipfile
from pathlib import Path

import pytest

from mri_core.datasets.importing.uploads import KEPT_SECONDS, keep_upload
from mri_core.errors import InvalidInput, StorageError
from mri_core.settings import Settings


def zipped(**members: bytes) -> io.BytesIO:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, contents in members.items():
            archive.writestr(name.replace("__", "/"), contents)
    held.seek(0)
    return held


def kept(home: Settings) -> list[Path]:
    return list((home.root / "uploads").iterdir())


@pytest.mark.parametrize("name", ["a.npz", "../../A.NPY", "x/y.csv", "ü.xlsx"])
def test_a_file_is_kept_as_it_is_under_a_name_of_ours(home: Settings, name: str) -> None:
    place = keep_upload(home, io.BytesIO(b"contents"), name)
    assert place.read_bytes() == b"contents"
    assert place.is_relative_to(home.root / "uploads") and place.stem == "upload"


def test_a_zip_is_unpacked_and_gone(home: Settings) -> None:
    place = keep_upload(home, zipped(study__a=b"1", study__b=b"2"), "my study.zip")
    assert sorted(path.name for path in place.iterdir()) == ["a", "b"]
    assert [path.name for path in place.parent.iterdir()] == ["slices"]
    several = keep_upload(home, zipped(a=b"1", b=b"2"), "b.ZIP")
    assert sorted(path.name for path in several.iterdir()) == ["a", "b"]


def test_what_is_refused_leaves_nothing(home: Settings) -> None:
    with pytest.raises(InvalidInput, match=r"ends in '\.exe'; expected one of \.zip"):
        keep_upload(home, io.BytesIO(b""), "a.exe")
    for data in (io.BytesIO(b"no zip"), zipped(**{"..__a": b"1"})):
        with pytest.raises(InvalidInput):
            keep_upload(home, data, "a.zip")
    assert kept(home) == []


def test_a_disk_that_refuses_is_said_and_leaves_nothing(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(StorageError, match="No space left on device; make room"):
        keep_upload(home, io.BytesIO(b"x"), "a.npz")
    assert kept(home) == []


def test_what_came_long_ago_is_cleared_away(home: Settings) -> None:
    old, young = (keep_upload(home, io.BytesIO(b"x"), "a.npz").parent for _ in range(2))
    long_ago = time.time() - KEPT_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    new = keep_upload(home, io.BytesIO(b"x"), "a.npz").parent
    assert set(kept(home)) == {young, new}
