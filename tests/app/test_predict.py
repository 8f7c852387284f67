"""The Predict page: what it says of uploaded files is what the core says."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from streamlit.testing.v1 import AppTest

from mri_core.datasets.dataset import open_dataset
from mri_core.images import read_slices
from mri_core.prediction.predictor import load_predictor

Open = Callable[..., AppTest]
File = tuple[str, bytes, str]


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
    data = Path(get_testdata_file("MR_small.dcm")).read_bytes()
    app = upload(app, ("MR_small.dcm", data, "application/dicom"))
    assert not app.exception and not app.error
    predictor = load_predictor(trained.settings.runs / trained.run_id)
    (expected,) = predictor.predict(read_slices(data, "MR_small.dcm"))
    concluded = ", ".join(expected.labels) or "no finding"
    assert f"Concludes: {concluded}" in texts(app)
    assert "64×64 pixels" in texts(app)
    assert len(app.main.get("plotly_chart")) == 1 and len(app.main.get("download_button")) == 1
    assert not app.slider


def test_a_volume_has_a_slider_and_a_profile(trained, open_page: Open) -> None:
    dataset = open_dataset("demo", trained.settings)
    voxels = np.asarray(dataset.pixels[:20]).transpose(2, 1, 0)[:, ::-1]
    volume = nibabel.Nifti1Image(np.ascontiguousarray(voxels), np.diag([3.5, 3.5, 6.6, 1]))
    app = upload(open_page("predict", run=trained.run_id), ("head.nii", volume.to_bytes(), "application/octet-stream"))
    assert not app.exception and not app.error
    assert (app.slider[0].min, app.slider[0].max, app.slider[0].value) == (1, 20, 10)
    assert len(app.main.get("plotly_chart")) == 2
    app.slider[0].set_value(20).run()
    assert not app.exception and "Concludes" in texts(app)


def test_a_broken_file_is_named_and_the_others_are_answered(trained, open_page: Open) -> None:
    blank = png(np.zeros((64, 64), np.uint8))
    files = (("no_picture.png", b"text", "image/png"), ("blank.png", blank, "image/png"), ("empty.dcm", b"", ""))
    app = upload(open_page("predict", run=trained.run_id), *files)
    assert not app.exception and len(app.error) == 2
    assert "no\\_picture\\.png" in app.error[0].value and "empty\\.dcm" in app.error[1].value
    assert "every pixel has the same intensity" in app.warning[0].value.replace("\\", "")


def test_more_files_than_the_page_takes(trained, open_page: Open) -> None:
    blank = png(np.zeros((8, 8), np.uint8))
    app = upload(open_page("predict", run=trained.run_id), *[(f"{i}.png", blank, "image/png") for i in range(51)])
    assert not app.exception
    assert app.error[0].value.startswith("51 files were dropped, expected at most 50 at once")


def test_a_name_is_shown_as_it_is_never_as_markup(trained, open_page: Open) -> None:
    name = "**bold** <b>x</b> [link](http://x).png"
    app = upload(open_page("predict", run=trained.run_id), (name, png(np.zeros((64, 64), np.uint8)), "image/png"))
    shown = next(element.value for element in app.main.markdown if "bold" in element.value)
    assert "**bold**" not in shown and "<b>" not in shown and "](" not in shown


def test_an_unknown_run_in_the_address_falls_back_to_the_newest(trained, open_page: Open) -> None:
    app = open_page("predict", run="f" * 32)
    assert not app.exception and app.sidebar.selectbox[1].value == trained.run_id
    assert app.query_params["run"] in (trained.run_id, [trained.run_id])


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


def test_the_evidence_for_a_label_is_shown_when_asked_for(trained, open_page: Open) -> None:
    app = open_page("predict", run=trained.run_id)
    pixels = open_dataset("demo", trained.settings).pixels[0]
    app = upload(app, ("slice.png", png(pixels), "image/png"))
    assert not [slider for slider in app.slider if slider.label == "Opacity"]
    group = next(each for each in app.get("button_group") if each.label == "Evidence for")
    group.set_value(1).run()
    assert not app.exception
    assert [slider.value for slider in app.slider if slider.label == "Opacity"] == [60]
    assert "Orange speaks for the label" in texts(app)
