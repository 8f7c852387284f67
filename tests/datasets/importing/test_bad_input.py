"""Input that is damaged, hostile or odd: it is said which, the rest is imported, and nothing half-made stays."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from import_support import COUNT, lines, name, picture
from PIL import Image

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import list_datasets
from mri_core.datasets.importing import table, zipped
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Recipe, import_source, preview
from mri_core.errors import InvalidInput, StorageError

SMALL = Recipe((16, 16))


def _broken_files(folder: Path) -> dict[str, str]:
    """Files among good ones that cannot be read -> what is said of them."""
    good = (folder / "s0.png").read_bytes()
    (folder / "empty.png").write_bytes(b"")
    (folder / "cut.png").write_bytes(good[: len(good) // 2])
    (folder / "text.png").write_text("no picture")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "here.png").symlink_to("there.png")
    (folder / "there.png").symlink_to("here.png")
    (folder / "nowhere.png").symlink_to("gone.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.png").mkdir()
    said = {
        "empty.png": "the file is empty",
        "cut.png": "damaged, cut short",
        "text.png": "damaged, cut short or not an image",
        **dict.fromkeys(("loop.png", "here.png", "nowhere.png", "pipe.png"), "there is no such file"),
        "folder.png": "there is no such file",
    }
    if os.geteuid():  # root reads everything
        (folder / "secret.png").write_bytes(good)
        (folder / "secret.png").chmod(0)
        said["secret.png"] = "cannot be opened (Permission denied)"
    return said


def test_files_that_cannot_be_read_cost_only_themselves(home, folder, write):
    said = _broken_files(folder)
    body = lines().splitlines()
    body[COUNT // 2 : COUNT // 2] = [f"{file},p9,0,0" for file in said]
    imported = import_source(home, "mine", folder, Choices(write("\n".join(body))), SMALL)
    assert imported.dataset.index["id"].tolist() == [name(i) for i in range(COUNT)]
    np.testing.assert_array_equal(imported.dataset.pixels, [picture(i) for i in range(COUNT)])
    found = {one.what: one for one in imported.summary.left_out}
    for file, why in said.items():
        assert why in found[file].why and found[file].reason in ("skipped", "row without a file")


def test_folders_of_labels_with_odd_files_in_them(home, folder, tmp_path):
    """What cannot be read is joined with nothing, a pipe is not waited for, and bytes that are no text are shown."""
    root = tmp_path / "sorted"
    for label in ("lesion", "normal"):
        (root / label).mkdir(parents=True)
        os.mkfifo(root / label / "pipe.png")
        (root / label / "gone.png").symlink_to("nowhere")
        for i in range(6):
            Image.fromarray(picture(i + 6 * (label == "lesion"))).save(root / label / f"{i}.png")
    odd = os.fsencode(root / "lesion") + b"/\xff\xfe.png"
    Path(os.fsdecode(odd)).write_bytes((folder / "s0.png").read_bytes())
    imported = import_source(home, "mine", root, recipe=SMALL)
    assert imported.dataset.header.slices == 13 and "lesion/??.png" in set(imported.dataset.index["id"])
    assert imported.summary.counts == {"skipped": 4}
    assert imported.summary.report().encode().count(b"\n") == 5


def test_a_table_of_ten_gigabytes_is_refused_by_its_size(home, folder, tmp_path):
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.write(b"file,lesion\ns0.png,")
        file.truncate(10 * 2**30)  # a hole, which takes no room
    before = psutil.Process().memory_info().rss
    with pytest.raises(InvalidInput, match=r"has 10,737,418,240 bytes; expected a table of at most 268,435,456"):
        import_source(home, "mine", folder, Choices(huge), SMALL)
    assert psutil.Process().memory_info().rss - before < 20e6


def _generated(columns: int, length: int) -> str:
    return "file," + ",".join(f"c{i}" for i in range(columns)) + "\ns0.png" + ("," + "1" * length) * columns + "\n"


LONG = {
    "a cell": _generated(1, 2000),
    "many cells": _generated(500, 2),
    "the header": ",".join(f"column{i}" for i in range(500)) + "\n",
    "an open quote": 'file,lesion\ns0.png,"' + "\n1" * 500 + "\n",
    "UTF-16": _generated(1, 2000).encode("utf-16"),
    "no end": _generated(1, 2000).rstrip("\n"),
}


@pytest.mark.parametrize("case", LONG)
def test_long_lines_are_refused_before_they_are_parsed(home, folder, write, case, monkeypatch):
    monkeypatch.setattr(table, "LONGEST_LINE", 1000)
    monkeypatch.setattr(table, "_CHUNK_BYTES", 64)
    said = "EOF inside string" if case == "an open quote" else "a line of more than 1,000 bytes"
    with pytest.raises(InvalidInput, match=said):
        import_source(home, "mine", folder, Choices(write(LONG[case])), SMALL)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_many_lines_are_not_one(home, folder, write, end, monkeypatch):
    monkeypatch.setattr(table, "LONGEST_LINE", 50)
    monkeypatch.setattr(table, "_CHUNK_BYTES", 64)
    monkeypatch.setattr(table, "_CHUNK_ROWS", 5)
    imported = import_source(home, "mine", folder, Choices(write(lines().replace("\n", end))), SMALL)
    assert imported.dataset.header.slices == COUNT and imported.dataset.header.patients == 6


@pytest.mark.parametrize("file", ["labels.parquet", "labels.xlsx"])
def test_typed_tables_are_read_in_pieces(home, folder, write, file, monkeypatch):
    monkeypatch.setattr(table, "_CHUNK_ROWS", 5)
    frame = pd.DataFrame({"file": [name(i) for i in range(COUNT)], "lesion": [i % 2 for i in range(COUNT)]})
    frame.loc[3, "lesion"] = None
    path = folder.parent / file
    (frame.to_parquet if file.endswith("parquet") else frame.to_excel)(path, index=False)
    dataset = import_source(home, "mine", folder, Choices(path), SMALL).dataset
    assert dataset.truth[:, 0].tolist() == [int(i % 2 and i != 3) for i in range(COUNT)]
    (frame.iloc[:0].to_parquet if file.endswith("parquet") else frame.iloc[:0].to_excel)(path, index=False)
    with pytest.raises(InvalidInput, match="has no rows"):
        import_source(home, "empty", folder, Choices(path), SMALL)


def test_a_workbook_of_too_many_texts(home, folder, write, monkeypatch):
    path = folder.parent / "labels.xlsx"
    pd.DataFrame({"file": [name(i) for i in range(COUNT)], "lesion": 1}).to_excel(path, index=False)
    monkeypatch.setattr(table, "_SHARED", "xl/workbook.xml")  # openpyxl writes no shared texts
    monkeypatch.setattr(table, "_MOST_SHARED", 10)
    with pytest.raises(InvalidInput, match=r"labels.xlsx is too large for a workbook; save it as CSV"):
        import_source(home, "mine", folder, Choices(path), SMALL)


def test_an_empty_table(home, folder, write):
    with pytest.raises(InvalidInput, match=r"labels.csv is empty; expected a header and at least one row"):
        import_source(home, "mine", folder, Choices(write("")), SMALL)


PATHS_OUT = [
    "../labels.csv",
    "/etc/passwd",
    "..\\labels.csv",
    "C:\\scans\\s0.png",
    "c:s0.png",
    "deep/../../x.png",
    "..",
]


def test_a_table_names_nothing_outside(home, folder, write):
    extra = "".join(f"{path},p9,0,0\n" for path in PATHS_OUT)
    imported = import_source(home, "mine", folder, Choices(write(lines(extra))), SMALL)
    said = {one.what: one.why for one in imported.summary.left_out if one.reason == "row without a file"}
    assert list(said) == PATHS_OUT and all("lies outside of pictures" in why for why in said.values())
    assert imported.dataset.header.slices == COUNT


def _special(mode: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("pictures/odd")
    member.external_attr = (mode | 0o777) << 16
    return member


MEMBERS = {
    "a drive": ("C:/out.png", "would write to 'C:/out.png'"),
    "a drive, backwards": ("d:out.png", "would write to 'd:out.png'"),
    "a share": ("\\\\server\\out.png", "would write to"),
    "above, deep": ("pictures/../../out.png", "would write to 'pictures/../../out.png'"),
    "a link to a file": (_special(stat.S_IFLNK), "holds a link"),
}


@pytest.mark.parametrize("case", MEMBERS)
def test_a_zip_writes_nothing_outside(home, folder, tmp_path, case, monkeypatch):
    member, said = MEMBERS[case]
    there = tmp_path / "temporary"
    there.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(there))
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.write(folder / "s0.png", "pictures/s0.png")
        archive.writestr(member, "../../../labels.csv")
    with pytest.raises(InvalidInput, match=said.replace("\\", "\\\\")):
        import_source(home, "mine", tmp_path / "in.zip", recipe=SMALL)
    assert list_datasets(home) == [] and list(there.iterdir()) == []


def test_too_little_room_to_unpack(home, folder, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.write(folder / "s0.png", "pictures/s0.png")
    monkeypatch.setattr(zipped.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 10})())
    with pytest.raises(StorageError, match="MB free; make room, or set TMPDIR to another disk"):
        preview(tmp_path / "in.zip")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which Linux has")
@pytest.mark.parametrize("file", ["rows.0.parquet", "index.parquet", "slices.npy", "dataset.json"])
def test_a_disk_that_fills_up_at_any_time_leaves_nothing(home, folder, write, file, monkeypatch):
    """Each file of a data set in turn lies on a disk that is full."""
    enter = DatasetBuilder.__enter__

    def full(builder):
        entered = enter(builder)
        path = home.datasets / ".mine.partial" / file
        path.unlink(missing_ok=True)
        path.symlink_to("/dev/full")
        if file == "slices.npy":
            entered._file.close()
            entered._file = path.open("wb", buffering=0)
        return entered

    monkeypatch.setattr(DatasetBuilder, "__enter__", full)
    kept = shutil.copytree(folder, folder.parent / "kept")
    with pytest.raises(StorageError, match="No space left on device; make room or set MRI_HOME"):
        import_source(home, "mine", folder, Choices(write(lines())), SMALL)
    assert list(home.datasets.iterdir()) == []
    assert sorted(path.name for path in folder.rglob("*")) == sorted(path.name for path in kept.rglob("*"))


def test_too_little_memory_is_said_and_leaves_nothing(home, folder, write, monkeypatch):
    def too_much(*_):
        raise MemoryError

    monkeypatch.setattr(DatasetBuilder, "add", too_much)
    with pytest.raises(
        InvalidInput, match=r"^pictures: importing it takes more memory than there is; expected smaller"
    ):
        import_source(home, "mine", folder, Choices(write(lines())), SMALL)
    assert list(home.datasets.iterdir()) == []
