"""Looking at a place in a process of its own: the same as here, and nothing that is there reaches this process."""

from __future__ import annotations

import json
import socket
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import psutil
import pyarrow as pa
import pytest
from import_support import lines
from pyarrow import parquet

from mri_core.datasets.importing import look_messages, looking
from mri_core.datasets.importing.look_messages import (
    LONGEST,
    LONGEST_COLUMN,
    MOST_COLUMNS,
    MOST_LABELS,
    MOST_LEFT_OUT,
    choices_of,
    told_choices,
    told_columns,
    told_preview,
)
from mri_core.datasets.importing.looking import Looker, columns_apart, preview_apart
from mri_core.datasets.importing.plan import Choices, LeftOut
from mri_core.datasets.importing.run import Preview, preview
from mri_core.datasets.importing.table import columns_of
from mri_core.errors import InvalidInput
from mri_core.images import Preprocessing


def _table(folder: Path) -> tuple[Path, Choices]:
    (folder / "labels ü.csv").write_text(lines("gone.png,p9,1,0\ns0.png,p0,0,\n"))
    return folder, Choices(folder / "labels ü.csv", label_columns=("lesion",))


def _zip(folder: Path) -> tuple[Path, Choices]:
    _table(folder)
    with zipfile.ZipFile(folder.parent / "study.zip", "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder.parent))
    return folder.parent / "study.zip", Choices()


def _arrays(folder: Path) -> tuple[Path, Choices]:
    np.savez(folder / "in.npz", images=np.zeros((20, 8, 8), np.uint8), labels=np.eye(20, 3))
    return folder / "in.npz", Choices()


def _volumes(folder: Path) -> tuple[Path, Choices]:
    place = folder.parent / "volumes"
    place.mkdir()
    voxels = np.zeros((4, 5, 6), np.uint8)
    voxels[1, 2, 3:] = 2
    for name in ("scan.nii", "scan_mask.nii"):
        nibabel.Nifti1Image(voxels, np.eye(4)).to_filename(place / name)
    return place, Choices(slices=(1, 5))


PLACES = {"table": _table, "zip": _zip, "arrays": _arrays, "volumes": _volumes}


@pytest.mark.parametrize("kind", PLACES)
def test_a_preview_is_the_one_that_is_made_here(folder: Path, kind: str) -> None:
    place, choices = PLACES[kind](folder)
    expected, found = preview(place, choices), preview_apart(place, choices)
    assert found == replace(expected, left_out=tuple(expected.left_out)) and found.total
    assert columns_apart(place, choices.table) == columns_of(place, choices.table)


REFUSED: dict[str, Callable[[Path], tuple[Path, Choices, str | None]]] = {
    "nothing": lambda folder: (folder / "gone", Choices(), None),
    "no labels": lambda folder: (folder, Choices(), "table"),
    "no such column": lambda folder: (*PLACES["table"](folder)[:1], Choices(file_column="dünn"), None),
    "no such kind": lambda folder: (folder, Choices(), "kind"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_refused_in_the_same_words(folder: Path, case: str) -> None:
    place, choices, kind = REFUSED[case](folder)
    with pytest.raises(InvalidInput) as here:
        preview(place, choices, kind)
    with pytest.raises(InvalidInput) as there:
        preview_apart(place, choices, kind)
    assert str(there.value) == str(here.value)


def test_choices_travel_as_they_are() -> None:
    how = Preprocessing(low=2, axis="sagittal")
    for choices in (
        Choices(),
        Choices(Path("/a/\udcff ü.csv"), "f", "p", "s", ("ä", "b"), "l", "\t", True, (2, 5), 7, how),
    ):
        assert choices_of(json.loads(json.dumps(told_choices(choices), ensure_ascii=False))) == choices


def _workbook(path: Path) -> None:
    """A sheet of 300 MB of blanks in 300 kB."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(300):
            sheet.write(bytes(2**20))


def _parquet(path: Path) -> None:
    """One text of 16 MB, which 400 rows refer to, in some kB."""
    texts = pa.DictionaryArray.from_arrays(np.zeros(400, np.int32), pa.array(["a" * 2**24]))
    parquet.write_table(
        pa.table({"file": texts, "lesion": np.ones(400)}), path, compression="zstd", dictionary_pagesize_limit=2**26
    )


def _line(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"a," * 2**19)


def _nested(path: Path) -> None:
    header = b"{'descr': " + b"-" * 9000 + b"1}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


BOMBS = {
    "labels.xlsx": (_workbook, "is too large for a workbook; save it as CSV"),
    "labels.parquet": (_parquet, r"takes more than 3,072 MB of memory|cannot be read as a table"),
    "labels.csv": (_line, "has a line of more than 1,048,576 bytes"),
    "in.npz": (_nested, "images.npy: its header is damaged"),
}


def files_under(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*"))


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_goes_off_elsewhere(
    folder: Path, name: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, said = BOMBS[name]
    make(folder / name)
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    files, memory = files_under(folder, temporary), psutil.Process().memory_info().rss
    for look in (
        [lambda: preview_apart(folder / name, Choices(), "arrays")]
        if name == "in.npz"
        else [lambda: preview_apart(folder, Choices()), lambda: columns_apart(folder, None)]
    ):
        with pytest.raises(InvalidInput, match=said):
            look()
    assert psutil.Process().memory_info().rss - memory < 32 * 2**20
    assert files_under(folder, temporary) == files


TRYING = """
import os, socket, time
from mri_core.datasets.importing import looker
from mri_core.errors import InvalidInput
looker.SECONDS, looker.IDLE_SECONDS = 1, 3
looker.import_module = lambda name: None
confine, left = looker.confine, []
looker.confine = lambda memory: left.append(confine(memory))

def attempt(what):
    try:
        what()
    except OSError as error:
        raise InvalidInput(type(error).__name__)

TRIED = {{
    "dies": lambda: os.abort(),
    "hangs": lambda: time.sleep(600),
    "takes memory": lambda: bytearray(2**36),
    "prints": lambda: print("x" * 100_000, flush=True),
    "writes": lambda: attempt(lambda: open({written!r}, "w").write("x" * 10_000)),
    "connects": lambda: attempt(lambda: socket.create_connection(("127.0.0.1", {port}), timeout=5)),
}}

def columns(place, table):
    TRIED.get(place.name, lambda: None)()
    return place.name, "no network" if left[0] else "network"

looker.columns_of = columns
{program}
"""


@pytest.fixture
def trying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Looker]:
    """A process in which places do what they are called."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        values = {"written": str(tmp_path / "written"), "port": server.getsockname()[1]}
        monkeypatch.setattr(looking, "_PROGRAM", TRYING.format(**values, program=looking._PROGRAM))
        looker = Looker()
        monkeypatch.setattr(looking, "_looker", looker)
        yield looker
        looker.end()


def test_what_a_place_does_to_the_process_costs_that_place_only(trying: Looker, tmp_path: Path) -> None:
    good, network = columns_apart(Path("/a/good"), None)
    ended = r": looking at it took more than 80 seconds \(MRI_MAX_SECONDS\), or ended the process; expected"
    tried = {
        "dies": "^dies" + ended,
        "hangs": "^hangs" + ended,
        "takes memory": "^takes memory: looking at it takes more than 3,072 MB of memory; expected smaller files$",
        "writes": "^OSError$",
        **({"connects": "^(OSError|ConnectionRefusedError)$"} if network == "no network" else {}),
    }
    for name, said in tried.items():
        with pytest.raises(InvalidInput, match=said):
            columns_apart(Path("/a", name), None)
        assert columns_apart(Path("/a/good"), None) == (good, network)
    assert (tmp_path / "written").read_bytes() == b""
    assert columns_apart(Path("/a/prints"), None) == ("prints", network)

    first = trying._child
    assert first is not None and first.wait(60) == 0  # nobody asked it for long
    assert columns_apart(Path("/a/good"), None) == (good, network) and trying._child is not first


GOOD = {
    "source": "table",
    "labels": ["a"],
    "total": 3,
    "mapping": {"file": "f"},
    "notes": [],
    "left_out": [["x", "skipped", "why"]],
    "counts": {"skipped": 1},
    "rows": [{"id": "x", "split": None, "a": 1}],
}
LIES = {
    "nothing": None,
    "a part less": {name: value for name, value in GOOD.items() if name != "rows"},
    "a part more": GOOD | {"__reduce__": "os.system"},
    "a kind there is not": GOOD | {"source": "os"},
    "a reason there is not": GOOD | {"counts": {"other": 1}},
    "fewer than none": GOOD | {"total": -1},
    "many labels": GOOD | {"labels": ["a"] * (MOST_LABELS + 1)},
    "many entries": GOOD | {"left_out": GOOD["left_out"] * (MOST_LEFT_OUT + 1)},
    "many rows": GOOD | {"rows": GOOD["rows"] * 6},
    "a long text": GOOD | {"notes": ["a" * (LONGEST + 1)]},
    "an object in a row": GOOD | {"rows": [{"id": ["x"]}]},
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_is_none_is_not_believed(lie: str) -> None:
    assert look_messages.preview_of(GOOD).left_out == (LeftOut("x", "skipped", "why"),)
    with pytest.raises(EOFError):
        look_messages.preview_of(LIES[lie])


@pytest.mark.parametrize("lie", [None, "ab", ["a"] * (MOST_COLUMNS + 1), ["a" * (LONGEST_COLUMN + 1)], [1]])
def test_columns_that_are_none_are_not_believed(lie: object) -> None:
    assert look_messages.columns_of(["a", "b"]) == ("a", "b")
    with pytest.raises(EOFError):
        look_messages.columns_of(lie)


def test_what_is_too_much_to_show_is_cut_or_said() -> None:
    """What is told fits into what is believed."""
    left_out = [LeftOut("\udcff" + "x" * 9999, "skipped", "y" * 9999)] * 9999
    rows = ({"id": "z" * 9999, "split": None, "l" * 9999: 1},)
    found = Preview("table", "", ("l" * 9999,), 1, {"m" * 9999: "n"}, ("o" * 9999,), left_out, {"skipped": 9999}, rows)
    shown = look_messages.preview_of(json.loads(json.dumps(told_preview(found), ensure_ascii=False)))
    assert shown.counts == {"skipped": 9999} and len(shown.left_out) == MOST_LEFT_OUT
    assert shown.notes == ("o" * (LONGEST - 1) + "…",) and shown.left_out[0].what.startswith("?x")
    with pytest.raises(InvalidInput, match="there are 1,001 labels, expected at most 1,000"):
        told_preview(replace(found, labels=tuple(map(str, range(1001)))))
    with pytest.raises(InvalidInput, match="5,001 columns; expected at most 5,000"):
        told_columns(tuple(map(str, range(5001))))
    with pytest.raises(InvalidInput, match="501 letters; expected at most 500"):
        told_columns(("a" * 501,))
