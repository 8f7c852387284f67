"""Two thousand strings over everything that takes a name: nothing outside of the home is read, made or changed, and
what is refused is refused in words."""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from hardening_support import copied, open_page
from mlflow.store.entities import PagedList
from mlflow.tracking import MlflowClient
from traversal_strings import COUNT, strings
from typer.testing import CliRunner

from mri_core import cli
from mri_core.datasets import making
from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import check_name, open_dataset, suggested_name
from mri_core.datasets.importing.files import list_files
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import preview
from mri_core.datasets.importing.uploads import keep_upload
from mri_core.datasets.importing.zipped import unpacked
from mri_core.errors import MriError
from mri_core.images import read_slices
from mri_core.images.archive import unpack
from mri_core.quality.exclude import next_name
from mri_core.runs.champions import promotions, registered_name
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

STRINGS = strings()
FEW = STRINGS[:: len(STRINGS) // 40]
QUESTION = r"(attributes\.run_id LIKE '[0-9a-f]{1,32}%')?"
"""What the database is asked for a run that is named."""
ALLOWED = [Path(place).resolve() for place in (sys.prefix, sys.base_prefix, Path(__file__).parents[2], "/proc", "/sys")]
"""Where the interpreter and its libraries read from."""

_opened: list[str] | None = None


def _watch(event: str, arguments: tuple) -> None:
    if _opened is not None and event in _EVENTS:
        named = arguments[:1] if event == "open" else arguments[:2]
        _opened.extend(os.fsdecode(one) for one in named if isinstance(one, str | bytes | os.PathLike))


_EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.listdir",
           "os.scandir", "os.truncate", "os.chmod", "shutil.rmtree", "shutil.move", "shutil.copyfile")  # fmt: skip
sys.addaudithook(_watch)  # for good: it cannot be taken away


@pytest.fixture(scope="module")
def guarded(_trained_home, tmp_path_factory) -> Iterator[Settings]:
    """A home two folders deep, beside it what must not be touched: a file, and a data set that is no one's here."""
    outside = tmp_path_factory.mktemp("outside")
    settings = copied(_trained_home.settings.root, outside / "inner" / "home")
    for place in (outside, outside / "inner"):
        (place / "secret.txt").write_text("secret")
        (place / "etc").mkdir()
        (place / "etc" / "passwd").write_text("secret")
        shutil.copytree(settings.datasets / "demo", place / "datasets" / "secret")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MRI_HOME", str(settings.root))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("MRI_SCHEDULER", raising=False)
        patch.setenv("HOME", str(outside))
        patch.setenv("TMPDIR", str(outside / "inner" / "home"))
        patch.setattr(tempfile, "tempdir", None)
        patch.setattr(shutil, "_use_fd_functions", False)  # what is removed is then named by its whole path
        patch.chdir(outside / "inner")
        st.cache_resource.clear()  # else pages keep open what this is a copy of, where a test has opened it before
        st.cache_data.clear()
        yield settings


@contextmanager
def nothing_outside(settings: Settings) -> Iterator[None]:
    """Fails when the block opens, makes or changes anything but in the home and in ALLOWED."""
    global _opened
    before, _opened = _tree(settings), []
    try:
        yield
    finally:
        opened, _opened = _opened, None
    inside = [settings.root, *ALLOWED]
    places = {Path(os.path.realpath(one)) for one in opened if one not in ("/dev/null", "/dev/urandom")}
    out = [place for place in places if not any(place.is_relative_to(root) for root in inside)]
    # What Streamlit looks for; and what an editable installation has on Python's path, which is looked for here too.
    usual = ("secrets.toml", "mime.types")
    assert not [place for place in out if place.name not in usual and not place.name.endswith(".__path_hook__")]
    assert _tree(settings) == before


def _tree(settings: Settings) -> dict[str, tuple[int, int]]:
    """Every file and folder around the home, with its size and time of change."""
    found = {}
    for folder, folders, files in os.walk(settings.root.parents[1]):
        folders[:] = [name for name in folders if Path(folder, name) != settings.root]
        for name in (*folders, *files):
            state = Path(folder, name).stat()
            found[str(Path(folder, name))] = (state.st_size if name in files else 0, state.st_mtime_ns)
    return found


def _refused(call: Callable[[str], object], names: list[str]) -> int:
    """How many of the names are refused; anything but our own error ends the test."""
    refused = 0
    for name in names:
        try:
            call(name)
        except MriError as error:
            assert "\n" not in str(error).replace(name, ""), name
            refused += 1
    return refused


def test_the_strings_are_many_and_of_every_kind() -> None:
    assert len(set(STRINGS)) == COUNT == 2000
    for part in (
        "../",
        "..\\",
        "%2f",
        "%252e",
        "\x00",
        "\r",
        "\u2215",
        "\uff0e",
        "CON",
        "C:",
        "\\\\",
        "'",
        "~",
        "--",
        "*",
    ):
        assert sum(part in one for one in STRINGS) > 0, part


def test_the_guard_sees_what_it_guards_against(guarded) -> None:
    secret = guarded.root.parent / "secret.txt"
    with pytest.raises(AssertionError), nothing_outside(guarded):
        secret.read_text()
    with pytest.raises(AssertionError), nothing_outside(guarded):
        secret.with_name("new").touch()
    secret.with_name("new").unlink()


def test_no_name_of_a_data_set_leads_out(guarded, monkeypatch) -> None:
    started = []
    monkeypatch.setattr(making.subprocess, "Popen", lambda *a, **k: started.append(a))

    def build(name: str) -> None:
        with DatasetBuilder(guarded, name, ("a",), (8, 8), 1):
            assert (guarded.datasets / f".{name}.partial").parent == guarded.datasets

    def start(name: str) -> None:
        with suppress(AttributeError):  # there is no process to be noted
            making.start_making(guarded, name, ["demo"])

    homes = {path.name for path in guarded.datasets.iterdir()}
    with nothing_outside(guarded):
        possible = [name for name in STRINGS if not _refused(check_name, [name])]
        assert _refused(lambda name: open_dataset(name, guarded), STRINGS) == COUNT
        assert _refused(build, STRINGS) == _refused(start, STRINGS) == COUNT - len(possible) == COUNT - len(started)
        for call in (making.last_attempt, making.stop_making, making.import_report, making.report_path):
            assert _refused(lambda name, call=call: call(guarded, name), STRINGS) <= COUNT - len(possible)
        assert not _refused(lambda text: check_name(suggested_name(text)), STRINGS)
        assert not _refused(lambda text: next_name(text, guarded), STRINGS)
    assert all(Path(name).name == name and name.isascii() and name.isprintable() for name in possible)
    assert {path.name for path in guarded.datasets.iterdir()} - homes == {f".{name}.log" for name in possible}


def test_no_id_of_a_run_leads_out(guarded, monkeypatch) -> None:
    store, asked = RunStore(guarded), []
    before = sorted(path.name for path in guarded.runs.iterdir())
    nothing = PagedList([], None)
    monkeypatch.setattr(MlflowClient, "search_runs", lambda _, ids, told="", *a, **k: asked.append(told) or nothing)
    with nothing_outside(guarded):
        assert _refused(store.find, STRINGS) == COUNT
        for call in (store.get, store.history, store.delete, store.request_stop, store.stop_requested):
            assert _refused(call, STRINGS) == COUNT
    assert len(asked) > COUNT / 2 and not [one for one in asked if not re.fullmatch(QUESTION, one)]
    assert sorted(path.name for path in guarded.runs.iterdir()) == before


def test_no_name_leaves_its_place_in_a_question_to_the_database(guarded) -> None:
    store, kept = RunStore(guarded), RunStore(guarded).list()
    with nothing_outside(guarded):
        for name in [*FEW[::4], "'", '"', "'\"", "demo' OR '1'='1", "demo\ud800", "\x00", "`"]:
            for call in (store.list, store.champion, lambda name: promotions(guarded, name)):
                with suppress(MriError):
                    assert not call(name), name
            assert "/" not in registered_name(name) and ":" not in registered_name(name)
    assert store.list() == kept


def test_no_name_of_an_upload_leads_out(guarded) -> None:
    kept: list[Path] = []
    with nothing_outside(guarded):
        refused = _refused(lambda name: kept.append(keep_upload(guarded, io.BytesIO(b"x"), name)), STRINGS)
        told = _refused(lambda name: read_slices(b"no picture", name), STRINGS)
    assert refused + len(kept) == told == COUNT
    uploads = guarded.root / "uploads"
    assert all(place.parent.parent == uploads and place.name.isascii() for place in kept)
    shutil.rmtree(uploads)


def test_no_member_of_a_zip_leads_out(guarded) -> None:
    names = [name for name in STRINGS if _can_be_zipped(name)]
    assert len(names) > COUNT - 10
    for start in range(0, len(names), 400):
        paths = [path for path, _ in unpack(_zipped(*names[start : start + 400]), "many.zip")]
        assert paths and all(path.isprintable() and not {"", ".", ".."} & set(path.split("/")) for path in paths)
    place, refused, tried = guarded.root / "one.zip", 0, names[::8]  # each makes a folder
    with nothing_outside(guarded):
        for name in tried:
            place.write_bytes(_zipped(name))
            try:
                with unpacked(place) as folder:
                    assert folder.resolve().is_relative_to(guarded.root)
            except MriError:
                refused += 1
    assert len(tried) / 4 < refused < len(tried)
    place.unlink()


def _zipped(*names: str) -> bytes:
    """A zip with members that are called so."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            member = zipfile.ZipInfo("name")
            member.filename = name  # which the constructor would make harmless
            archive.writestr(member, b"x")
    return held.getvalue()


def _can_be_zipped(name: str) -> bool:
    return len(name.encode(errors="replace")) < 2**16 and name.encode(errors="ignore").decode() == name


def test_no_cell_of_a_table_leads_out(guarded) -> None:
    study = guarded.root / "study"
    study.mkdir()
    (study / "one.png").write_bytes(b"x")
    files = list_files(study)
    cells = [name for name in STRINGS if name.isprintable()]
    pd.DataFrame({"file": [*cells, "one.png"], "a": 1}).to_csv(study / "labels.csv", index=False)
    with nothing_outside(guarded):
        found = {files.paths[place] for name in STRINGS if isinstance(place := files.find(name), int)}
        assert found <= {"one.png"}
        seen = preview(study, Choices(), rows=COUNT)
        assert seen.total == 1
    shutil.rmtree(study)


COMMANDS = (("show",), ("stats",), ("delete", "--yes"), ("failures",))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_commands_refuse_in_words(guarded, command: tuple[str, ...]) -> None:
    with nothing_outside(guarded):
        for name in FEW[::10]:
            result = CliRunner().invoke(cli.app, [*command, "--", name])
            assert result.exit_code, name
            assert isinstance(result.exception, MriError | SystemExit), (name, result.exception)


@pytest.mark.parametrize("page", ["report", "browse", "runs"])
def test_pages_show_words_or_what_they_show_without_an_address(guarded, page: str) -> None:
    with nothing_outside(guarded):
        for name in ("../../datasets/secret", "..\\x\x00'\""):
            address = dict.fromkeys(("dataset", "run", "slice", "patient", "label", "selected", "making", "page"), name)
            app = open_page(page, **address)
            assert not app.exception, (name, [each.message for each in app.exception])
