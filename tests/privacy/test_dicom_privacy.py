"""Nothing that a DICOM file says of its patient leaves the reader, on whichever way the file is sent."""

from __future__ import annotations

import base64
import logging
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from google.protobuf.message import Message
from marked_files import STEM, traces, traces_in
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from mri_core import cli
from mri_core.datasets.importing.run import Recipe, import_source, preview
from mri_core.errors import ImageError
from mri_core.images import read_slices
from mri_core.images.apart import read_apart
from mri_core.prediction.answers import answer_file, answers_json, answers_table
from mri_core.prediction.predictor import BURNED_IN, load_predictor
from mri_core.serving.service import make_service
from mri_core.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom says of each tag that it is no valid one

HOME = Path(__file__).parents[2] / "app" / "Home.py"
Files = dict[str, bytes]


class _Log(logging.Handler):
    """What a program's log has: pytest's own would also hear loggers that hand nothing on."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(autouse=True)
def _nobody_is_named(whole: Files, broken: Files, capfd: pytest.CaptureFixture) -> Iterator[None]:
    """In what a test logs or prints, in this process or in others."""
    log, root = _Log(), logging.getLogger()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    yield
    root.removeHandler(log)
    root.setLevel(level)
    printed, errors = capfd.readouterr()
    assert not traces("\n".join([printed, errors, *log.lines]).encode())


@pytest.fixture
def lab(trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy of the trained home, which the environment names."""
    shutil.copytree(trained.settings.root, tmp_path / "lab")
    monkeypatch.setenv("MRI_HOME", str(tmp_path / "lab"))
    return Settings()


@pytest.fixture
def folder(whole: Files, broken: Files, tmp_path: Path) -> Path:
    """All files, and a table that labels them by their names."""
    scans = tmp_path / "scans"
    scans.mkdir()
    for name, data in (whole | broken).items():
        (scans / name).write_bytes(data)
    rows = [f"{name},{number % 2}" for number, name in enumerate(whole | broken)]
    (scans / "labels.csv").write_text("\n".join(["file,lesion", *rows]) + "\n")
    return scans


def test_the_search_finds_what_is_there(whole: Files, broken: Files) -> None:
    for name, data in whole.items():
        assert traces(data) >= {"utf-8"}, name
    assert whole["plain.dcm"].count(STEM.encode()) > 1500
    for text in ("", "a", "ab"):
        assert traces(base64.b64encode(f"{text}{STEM}12 {STEM}".encode())) == {"base64"}
    assert "utf-16-le" in traces(f"x{STEM}1".encode("utf-16-le"))
    assert traces(f"x{STEM.upper()}1".encode()) == {"utf-8"}
    assert all(STEM.encode() in data for data in broken.values())


def test_reading_gives_pixels_and_hashes(whole: Files, broken: Files) -> None:
    for name, data in (whole | broken).items():
        for read in (read_slices, read_apart):
            try:
                found = read(data, name)
            except ImageError as error:
                assert name in broken and not traces(f"{error!r} {error.args}".encode()), name
                continue
            assert all(one.burned_in for one in found)
            assert {len(one.patient) for one in found} == {len(one.series) for one in found} == {12}
            assert not traces(repr([(one, one.pixels.tobytes()) for one in found]).encode()), name
        if name in whole:
            assert np.ptp(found[0].pixels) > 0


def test_importing_keeps_nothing(folder: Path, lab: Settings, whole: Files) -> None:
    seen = preview(folder)
    imported = import_source(lab, "scans", folder, recipe=Recipe((16, 16)))
    assert imported.summary.taken > len(whole) and imported.summary.left_out
    assert any(f"{imported.summary.taken} slices" in one and "burned" in one for one in imported.summary.warnings)
    assert imported.dataset.columns("patient")["patient"].notna().all()
    told = (seen, imported.summary.to_json(), imported.summary.report(), imported.dataset.header)
    assert not traces(repr(told).encode())
    assert not traces_in(lab.root)
    shutil.copyfile(folder / "plain.dcm", lab.root / "plain.dcm")
    assert list(traces_in(lab.root)) == ["plain.dcm"]


def test_labels_by_patient_are_found_without_being_kept(whole: Files, lab: Settings, tmp_path: Path) -> None:
    scans = tmp_path / "named"
    scans.mkdir()
    rows = ["PatientID,lesion"]
    for number, (name, data) in enumerate(whole.items()):
        (scans / name).write_bytes(data)
        rows.append(f"{pydicom.dcmread(scans / name, specific_tags=['PatientID']).PatientID},{number % 2}")
    (scans / "labels.csv").write_text("\n".join(rows))
    imported = import_source(lab, "named", scans, recipe=Recipe((16, 16)))
    assert imported.dataset.columns("patient")["patient"].nunique() == len(whole)
    assert not traces_in(lab.root)


def test_predicting_says_nothing_on_any_way(whole: Files, broken: Files, lab: Settings, trained) -> None:
    predictor = load_predictor(lab.runs / trained.run_id)
    answers = [answer_file(predictor, data, name) for name, data in (whole | broken).items()]
    assert all(BURNED_IN in one.warnings for answer in answers for one in answer.predictions)
    told = [repr(answers_json(answers)), answers_table(answers, predictor.description).to_csv(), repr(answers)]
    with TestClient(make_service(predictor, "a run"), base_url="http://127.0.0.1") as client:
        sent = [("files", (name, data, "application/dicom")) for name, data in (whole | broken).items()]
        reply = client.post("/v1/predict", files=sent)
        assert reply.status_code == 200 and len(reply.json()) > len(whole)
        told += [reply.text, repr(reply.headers), client.get("/v1/model").text]
    assert not traces("\n".join(told).encode())
    assert not traces_in(lab.root)


def test_the_command_says_nothing(
    folder: Path, lab: Settings, trained, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    for more in (["--json"], []):
        paths = sorted(map(str, folder.glob("*.dcm")))
        monkeypatch.setattr(sys, "argv", ["mri", "predict", trained.run_id, *paths, *more])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        with pytest.raises(SystemExit):
            cli.main()
        printed, errors = capfd.readouterr()
        assert "plain.dcm" in printed and not traces(f"{printed}\n{errors}".encode())
    assert not traces_in(lab.root)


def _is_sent(node: object) -> bool:
    return isinstance(getattr(node, "proto", None), Message)


def test_the_page_shows_nothing(whole: Files, broken: Files, lab: Settings, trained) -> None:
    app = AppTest.from_file(str(HOME), default_timeout=60)
    app.switch_page("views/predict.py")
    app.query_params["run"] = trained.run_id
    app.run()
    for names in (["plain.dcm"], ["text-WindowCenter.dcm"], ["frames.dcm", "syntax.dcm", "cut-70.dcm"]):
        files = [(name, (whole | broken)[name], "application/dicom") for name in names]
        app.get("file_uploader")[0].set_value(files).run()
        assert not app.exception
        for _ in range(200):  # several files are answered beside the page
            shown = b"\n".join(node.proto.SerializeToString() for node in app._tree if _is_sent(node))
            told = shown.replace(b"\\", b"")  # texts of pages are escaped
            if all(name.encode() in told for name in names):
                break
            app.run()
        assert all(name.encode() in told for name in names)
        assert not traces(shown)
    assert not traces_in(lab.root)
