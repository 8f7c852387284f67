"""The Predict page: what it says of uploaded files is what the core says."""

from __future__ import annotations

import io
import shutil
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from ended_runs import add_run
from PIL import Image
from pydicom.data import get_testdata_file
from streamlit.elements.widgets import button
from streamlit.testing.v1 import AppTest

from app.ui import cache, uploading
from mri_core import words
from mri_core.csv_text import csv_text
from mri_core.datasets.dataset import open_dataset
from mri_core.images import read_slices
from mri_core.images.limits import LIMITS
from mri_core.prediction import batch as core
from mri_core.prediction.batch_job import BatchJob
from mri_core.prediction.batch_result import DOUBTED, LABEL
from mri_core.prediction.judged_run import open_judged_run
from mri_core.prediction.model_file import MODEL_ONNX, read_description, write_description
from mri_core.prediction.predictor import load_predictor
from mri_core.prediction.submission import submission_table
from mri_core.runs.store import RunStore

Open = Callable[..., AppTest]
File = tuple[str, bytes, str]


@pytest.fixture(autouse=True)
def _nothing_was_dropped_yet() -> None:
    """Uploads are kept for all sessions of a server, which these tests' processes stand for."""
    cache.desk.clear()


def png(pixels: np.ndarray) -> bytes:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


def upload(app: AppTest, *files: File) -> AppTest:
    return app.get("file_uploader")[0].set_value(list(files)).run()


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.main.markdown, *app.main.caption])


def test_an_empty_home_leads_to_data(home, open_page: Open) -> None:
    app = open_page("predict")
    assert not app.exception and app.title[0].value == "Predict"
    assert app.info[0].value == "There is no data set yet."
    assert [link.value for link in app.main.page_link] == ["Make or bring a data set"]


def test_an_untrained_data_set_leads_to_training(lab, trained, open_page: Open) -> None:
    lab.delete(trained.run_id)
    app = open_page("predict")
    assert not app.exception and "no trained run" in app.info[0].value
    assert [link.value for link in app.main.page_link] == ["Train one"]


def test_a_real_scan_gets_three_probabilities(trained, open_page: Open) -> None:
    app = open_page("predict", run=trained.run_id)
    assert not app.exception and not app.error and "many become a gallery" in texts(app)
    data = Path(get_testdata_file("MR_small.dcm")).read_bytes()
    app = upload(app, ("MR_small.dcm", data, "application/dicom"))
    assert not app.exception and not app.error
    predictor = load_predictor(trained.settings.runs / trained.run_id)
    (expected,) = predictor.predict(read_slices(data, "MR_small.dcm"))
    concluded = " + ".join(expected.labels) or "no finding"
    assert f"Concludes: {concluded}" in texts(app)
    assert len(app.main.get("plotly_chart")) == 1


def test_a_volume_has_a_slider_and_a_profile(trained, open_page: Open) -> None:
    dataset = open_dataset("demo", trained.settings)
    voxels = np.asarray(dataset.pixels[:20]).transpose(2, 1, 0)[:, ::-1]
    volume = nibabel.Nifti1Image(np.ascontiguousarray(voxels), np.diag([3.5, 3.5, 6.6, 1]))
    app = upload(open_page("predict", run=trained.run_id), ("head.nii", volume.to_bytes(), "application/octet-stream"))
    assert not app.exception and not app.error
    assert (app.slider[0].min, app.slider[0].max) == (1, 20)


def address(app: AppTest, key: str) -> list[str]:
    """What the page's address says; the test driver gives a list once the page has written it."""
    found = app.query_params[key]
    return [found] if isinstance(found, str) else found


def jobs(app: AppTest) -> list[BatchJob]:
    """The batches over what was dropped last, one a run."""
    return list(cache.desk()._kept[address(app, "upload")[0]].jobs.values())


def dropped(app: AppTest) -> BatchJob:
    [job] = jobs(app)
    return job


def batch(app: AppTest, *files: File) -> AppTest:
    """The page once a batch is answered."""
    app = upload(app, *files)
    assert dropped(app).wait(60)
    return app.run()


@pytest.fixture
def demo_files(trained) -> list[File]:
    pixels = open_dataset("demo", trained.settings).pixels
    return [(f"slice {row}.png", png(np.asarray(pixels[row])), "image/png") for row in range(26)]


def test_many_files_become_a_gallery_and_a_table(trained, open_page: Open, demo_files: list[File]) -> None:
    blank = ("blank.png", png(np.zeros((64, 64), np.uint8)), "image/png")
    app = batch(open_page("predict", run=trained.run_id), *demo_files, blank, ("no_picture.png", b"text", ""))
    assert not app.exception and not app.error
    assert app.subheader[0].value == "27 slices of 27 files"
    result = dropped(app).result
    masks = result.masks()
    show = next(group for group in app.get("button_group") if group.label == "Show")
    assert show.options == [f"{words.plain(kind.removeprefix(LABEL))} · {mask.sum()}" for kind, mask in masks.items()]
    assert len([button for button in app.button if button.key.startswith("open ")]) == 24
    assert "no\\_picture" not in texts(app) and "1 file could not be read" in texts(app)
    [unreadable] = [frame.value for frame in app.dataframe if "why" in frame.value]
    assert unreadable["file"].tolist() == ["no_picture.png"] and unreadable["why"][0].startswith("no_picture.png: ")

    show.set_value(list(masks).index(DOUBTED))
    app.selectbox(key="order of a batch").set_value(1)
    next(group for group in app.get("button_group") if group.label == "As").set_value("Table")
    app.run()
    assert not app.exception and address(app, "show") == [DOUBTED] and address(app, "view") == ["Table"]
    [table] = [frame.value for frame in app.dataframe if "concluded" in frame.value]
    label = result.model.labels[0]
    rows = result.sorted(masks[DOUBTED], label)
    assert table["file"].tolist() == result.table["file"].iloc[rows].tolist() and "blank.png" in table["file"].tolist()
    assert table[f"probability {label}"].is_monotonic_decreasing
    assert [button.label for button in app.get("download_button")][:2] == [
        f"{len(rows)} slice{'' if len(rows) == 1 else 's'} as {form}" for form in ("CSV", "Parquet")
    ]


def test_a_tile_opens_its_slice_and_leads_on_and_back(trained, open_page: Open, demo_files: list[File]) -> None:
    app = batch(open_page("predict", run=trained.run_id), *demo_files[:3])
    next(button for button in app.button if button.label == words.plain("slice 1.png")).click().run()
    assert not app.exception and address(app, "row") == ["1"]
    assert "#### slice 1\\.png" in texts(app) and not app.subheader
    next(button for button in app.button if button.label == "Next").click().run()
    assert "#### slice 2\\.png" in texts(app)
    assert next(button for button in app.button if button.label == "Next").disabled
    next(button for button in app.button if button.label == "All 3 slices").click().run()
    assert not app.exception and app.subheader[0].value == "3 slices of 3 files"


def test_a_page_that_is_left_finds_its_batch_again(trained, open_page: Open, demo_files: list[File]) -> None:
    app = batch(open_page("predict", run=trained.run_id), *demo_files[:2])
    begun, found = dropped(app), address(app, "upload")[0]
    app.switch_page("views/overview.py").run()
    app.switch_page("views/predict.py").run()
    assert not app.exception and app.subheader[0].value == "2 slices of 2 files"
    assert "2 files, dropped earlier" in texts(app)
    elsewhere = open_page("predict", run=trained.run_id, upload=found)
    assert elsewhere.subheader[0].value == "2 slices of 2 files" and dropped(elsewhere) is begun
    next(button for button in app.button if button.label == "Put away").click().run()
    assert not app.subheader and "upload" not in app.query_params


def test_the_files_of_a_series_in_a_zip_are_one_volume(trained, open_page: Open) -> None:
    source = pydicom.dcmread(get_testdata_file("MR_small.dcm"))
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for place in (1, 0, 2):
            source.ImagePositionPatient, source.InstanceNumber = [0, 0, 5.0 * place], place + 1
            one = io.BytesIO()
            source.save_as(one)
            archive.writestr(f"study/{place}.dcm", one.getvalue())
        archive.writestr("study/readme.txt", "no picture")
    app = batch(open_page("predict", run=trained.run_id), ("study.zip", held.getvalue(), "application/zip"))
    assert not app.exception and not app.subheader
    assert (app.slider[0].min, app.slider[0].max) == (1, 3)
    assert "study \\(series " in texts(app)


def test_a_stopped_batch_says_so_and_can_be_finished(
    trained, open_page: Open, demo_files: list[File], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, let_go = threading.Event(), threading.Event()

    def waits(predictor, items, cancelled, own=core._answer_pass):
        reading.set()
        assert let_go.wait(60)
        return own(predictor, items, cancelled)

    with monkeypatch.context() as patched:
        patched.setattr(core, "_answer_pass", waits)
        app = upload(open_page("predict", run=trained.run_id), *demo_files[:3])
        assert reading.wait(60) and "0 of 3 files" in app.main.get("progress")[0].proto.text
        next(button for button in app.button if button.label == "Stop and keep what is answered").click().run()
        let_go.set()
        assert dropped(app).wait(60)
    app.run()
    assert not app.exception and "was stopped after 0 of 3 files" in app.warning[0].value
    next(button for button in app.button if button.label == "Answer all files").click().run()
    assert dropped(app).wait(60)
    assert app.run().subheader[0].value == "3 slices of 3 files" and not app.warning


def test_runs_side_by_side(lab, trained, open_page: Open, demo_files: list[File]) -> None:
    other = add_run(lab, trained.run_id)
    shutil.copy(lab.get(trained.run_id).folder / MODEL_ONNX, other.folder)
    model = read_description(other.folder)
    write_description(other.folder, model.model_copy(update={"thresholds": dict.fromkeys(model.labels, 0.0)}))
    app = open_page("predict", run=[trained.run_id, other.id])
    app = upload(app, *demo_files[:3])
    assert len(jobs(app)) == 2 and all(job.wait(60) for job in jobs(app))
    app.run()
    assert not app.exception and address(app, "run") == [trained.run_id, other.id]
    show = next(group for group in app.get("button_group") if group.label == "Show")
    assert show.options[-1] == "runs disagree · 3"


def test_more_files_than_the_page_takes(trained, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "LIMITS", LIMITS.model_copy(update={"files": 2}))
    blank = png(np.zeros((8, 8), np.uint8))
    app = upload(open_page("predict", run=trained.run_id), *[(f"{i}.png", blank, "image/png") for i in range(3)])
    assert not app.exception
    assert app.error[0].value.startswith("3 files were dropped; expected at most 2 files at once (MRI_MAX_FILES)")


def test_the_submission_of_the_test_split_in_one_click(trained, open_page: Open, monkeypatch) -> None:
    given = {}
    monkeypatch.setattr(button, "marshall_file", lambda at, data, proto, kind, name, **_: given.update({name: data()}))
    app = open_page("predict", run=trained.run_id)
    judged = open_judged_run(RunStore(trained.settings).get(trained.run_id), "test", trained.settings)
    [shown] = app.get("download_button")
    assert shown.label == f"Submission file of {judged.run.name} for the test split"
    assert given == {f"{judged.run.name} test submission.csv": csv_text(submission_table(judged))}


def test_a_name_is_shown_as_it_is_never_as_markup(trained, open_page: Open) -> None:
    name = "**bold** <b>x</b> [link](http://x).png"
    app = upload(open_page("predict", run=trained.run_id), (name, png(np.zeros((64, 64), np.uint8)), "image/png"))
    shown = next(element.value for element in app.main.markdown if "bold" in element.value)
    assert "**bold**" not in shown and "<b>" not in shown and "](" not in shown


def test_an_unknown_run_in_the_address_falls_back_to_the_newest(trained, open_page: Open) -> None:
    app = open_page("predict", run="f" * 32)
    assert not app.exception and app.sidebar.multiselect[0].value == [trained.run_id]
    assert address(app, "run") == [trained.run_id]


@pytest.mark.parametrize("count", [1, 5000])
def test_the_profile_draws_a_bounded_number_of_points(count: int) -> None:
    from mri_core.charts.prediction import POINTS, volume_profile
    from mri_core.prediction.predictor import Prediction

    pixels = np.zeros((2, 2), np.uint8)
    predictions = [Prediction("x", None, pixels, {"a": i / count}, {"a": 0.5}, (), ()) for i in range(count)]
    trace = volume_profile(predictions, {"a": "#000000"}, chosen=0).data[0]
    assert len(trace.x) <= POINTS and trace.x[0] == 1 and trace.y[0] == 0


def test_the_bars_are_the_probabilities() -> None:
    from mri_core.charts.prediction import probability_bars
    from mri_core.prediction.predictor import Prediction

    prediction = Prediction("x", None, np.zeros((2, 2), np.uint8), {"a<b": 0.9, "c": 0.1}, {"a<b": 0.5, "c": 0.3},
                            ("a<b",), ())  # fmt: skip
    figure = probability_bars(prediction, {"a<b": "#000001", "c": "#000002"})
    bars, marks, values = figure.data
    assert list(bars.x) == [0.9, 0.1] and list(bars.y) == ["a&lt;b", "c"] and list(marks.x) == [0.5, 0.3]
    assert list(values.text) == ["0.900 on", "0.100 off"]
    assert list(bars.marker.color) == ["#000001", "#000002"]
