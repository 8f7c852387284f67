"""One answer as it is shown: both views of the slice, volumes, several runs, evidence and doubts."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from ended_runs import described
from PIL import Image
from pydicom.data import get_testdata_file
from streamlit.testing.v1 import AppTest

from app.ui import judgements
from mri_core.images.preprocessing import Preprocessing
from mri_core.prediction.answers import FileAnswer, answer_file
from mri_core.prediction.evidence import EVIDENCE, EvidenceKind
from mri_core.prediction.model_file import ModelDescription
from mri_core.prediction.original import Origin
from mri_core.prediction.predictor import Predictor
from mri_core.runs.run import Run


class Brightness:
    """Stands for a model: a label is as probable as the slice is bright, the next one half as much, and so on."""

    def __init__(self, labels: int) -> None:
        self.labels = labels

    def get_inputs(self):
        return [type("Input", (), {"name": "slices"})()]

    def run(self, _outputs, given):
        (slices,) = given.values()
        bright = slices.astype(float).mean(axis=(1, 2, 3)) / 255
        return [np.stack([bright / 2**place for place in range(self.labels)], axis=1).astype(np.float32)]


def model(labels: Sequence[str], edge: int = 16, threshold: float = 0.5, **preprocessing: object) -> Predictor:
    description = ModelDescription(
        run="r",
        dataset={},
        labels=tuple(labels),
        thresholds=dict.fromkeys(labels, threshold),
        image_shape=(edge, edge),
        onnx_difference=0,
        preprocessing=Preprocessing.model_validate(preprocessing),
    )
    return Predictor(description, Brightness(len(labels)))


BRIGHT = model(["bright", "<b>dim</b>"])
OTHER_SHAPE = model(["bright", "third"], edge=24, threshold=0.8)
SAGITTAL = model(["bright"], axis="sagittal")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch):
    """Draws what models say of a file. warnings: on each slice, by each model, in place of its own."""

    def opened(data: bytes, name: str, *models: Predictor, warnings: Sequence[str] | None = None) -> AppTest:
        runs = [described(number) for number in range(1, len(models) + 1)]
        by_id = {run.id: each for run, each in zip(runs, models, strict=True)}
        monkeypatch.setattr(judgements, "predictor", lambda run: by_id[run.id])
        answers = [answer_file(each, data, name) for each in models]
        if warnings is not None:
            told = [(text,) if text else () for text in warnings]
            answers = [
                replace(answer, predictions=tuple(replace(one, warnings=said) for one in answer.predictions))
                for answer, said in zip(answers, told, strict=True)
            ]
        slices = max(len(answer.predictions) for answer in answers)
        origins = [Origin(name, data, number) for number in range(slices)]
        return draw(runs, answers, origins)

    return opened


def draw(runs: Sequence[Run], answers: Sequence[FileAnswer], origins: Sequence[Origin]) -> AppTest:
    def page(runs, answers, origins) -> None:
        from app.ui import answer_view

        answer_view.draw(runs, answers, origins, "k")

    app = AppTest.from_function(
        page, default_timeout=30, kwargs={"runs": runs, "answers": answers, "origins": origins}
    ).run()
    assert not app.exception
    return app


def picture(values: np.ndarray) -> bytes:
    held = io.BytesIO()
    Image.fromarray(values).save(held, "PNG")
    return held.getvalue()


def volume(brightness: Sequence[int], spacing: float = 2.5) -> bytes:
    """A head of axial slices, each of one intensity but for a corner."""
    voxels = np.zeros((12, 10, len(brightness)), np.int16)
    voxels[:] = brightness
    voxels[0, 0] = 0
    voxels[0, 1] = 1000
    return nibabel.Nifti1Image(voxels, np.diag([1, 1, spacing, 1])).to_bytes()


def texts(app: AppTest) -> str:
    """What is written, without the marks that keep names from being read as Markdown."""
    return "\n".join(one.value for one in [*app.markdown, *app.caption]).replace("\\", "")


def group(app: AppTest, label: str):
    return next(each for each in app.get("button_group") if each.label == label)


def alts(app: AppTest) -> list[str]:
    return [image.proto.imgs[0].alt for image in app.get("image")]


def urls(app: AppTest) -> list[str]:
    """By the contents of the pictures."""
    return [image.proto.imgs[0].url for image in app.get("image")]


def slider(app: AppTest, label: str):
    return next(each for each in app.slider if each.label == label)


def test_the_original_stands_beside_what_the_model_sees(shown) -> None:
    app = shown(picture(np.full((40, 30), 200, np.uint8)), "a.png", BRIGHT)
    assert alts(app) == ["a.png as its file has it", "a.png as the model sees it"]
    told = texts(app)
    assert "30×40 pixels (width × height), zoom 7;" in told and "16×16 pixels, zoom 18; intensities 0 to 255" in told
    assert "changes this picture only, not what the model sees" in told
    assert "**Concludes: bright.**" in told
    assert not app.warning and not app.slider and len(app.get("plotly_chart")) == 1


def test_the_window_is_for_display_and_leaves_the_answer_alone(shown) -> None:
    path = Path(get_testdata_file("MR_small.dcm"))  # 12 bits, with a window of its own
    app = shown(path.read_bytes(), "MR_small.dcm", BRIGHT)
    before, answer = urls(app), [chart.proto.spec for chart in app.get("plotly_chart")]
    group(app, "Window").set_value("Percentiles").run()
    chosen = slider(app, "Percentiles that are black and white")
    assert chosen.value == (0.5, 99.5) and "percentiles 0.5 to 99.5 of its intensities" in texts(app)
    after = urls(app)
    assert after[0] != before[0] and after[1] == before[1]
    chosen.set_value((20.0, 60.0)).run()
    assert not app.exception and urls(app)[0] not in (before[0], after[0]) and urls(app)[1] == before[1]
    assert [chart.proto.spec for chart in app.get("plotly_chart")] == answer
    slider(app, "Percentiles that are black and white").set_value((60.0, 60.0)).run()
    assert not app.exception and "expected the first to be lower" in app.error[0].value


def test_a_volume_jumps_to_a_peak_and_to_the_tiles_of_the_top_slices(shown) -> None:
    app = shown(volume([100, 300, 900, 200, 50]), "head.nii", BRIGHT)
    assert slider(app, "Slice").value == 3 and "Slice 3 of 5" in texts(app)
    slider(app, "Slice").set_value(5).run()
    app.button(key="peak 0 k").click().run()
    assert slider(app, "Slice").value == 3 and app.button(key="peak 0 k").disabled
    tiles = [button for button in app.button if (button.key or "").startswith("tile")]
    assert [tile.label for tile in tiles] == ["Slice 3", "Slice 2", "Slice 4", "Slice 1", "Slice 5"]
    tiles[1].click().run()
    assert not app.exception and slider(app, "Slice").value == 2 and "Slice 2 of 5" in texts(app)


def test_a_patient_is_answered_by_several_slices_and_not_by_the_highest(shown) -> None:
    app = shown(volume([900, 50, 50, 50, 50]), "head.nii", BRIGHT)
    assert "**The patient: no finding.** No label reaches its threshold. The nearest is bright" in texts(app)
    assert "mean probability over the 3 slices of 5" in texts(app) and "the rule by which reports score" in texts(app)
    table = app.table[0].value.map(lambda text: text.replace("\\", ""))
    [answer] = [answer_file(BRIGHT, volume([900, 50, 50, 50, 50]), "head.nii")]
    values = sorted((one.probabilities["bright"] for one in answer.predictions), reverse=True)
    assert table.iloc[0].tolist() == [
        "bright",
        f"{sum(values[:3]) / 3:.3f} < 0.500 off",
        f"{values[0]:.3f} in slice 1",
        "1 of 5",
    ]
    slider(app, "Slice").set_value(1).run()
    assert "**Concludes: bright.**" in texts(app)


def test_several_runs_beside_each_other_with_shapes_of_their_own(shown) -> None:
    app = shown(picture(np.full((32, 32), 160, np.uint8)), "a.png", BRIGHT, OTHER_SHAPE)
    assert "The runs disagree on bright (cnn 1 concludes it, cnn 2 does not)." in texts(app)
    table = app.table[0].value.map(lambda text: text.replace("\\", ""))
    assert table.to_numpy().tolist() == [
        ["bright", "0.627 ≥ 0.500 on", "0.627 < 0.800 off"],
        ["<b>dim</b>", "0.314 < 0.500 off", "no such label"],
        ["third", "no such label", "0.314 < 0.800 off"],
    ]
    assert "**cnn 1 concludes: bright.**" in texts(app) and "16×16 pixels" in texts(app)
    group(app, "Seen by").set_value(1).run()
    assert not app.exception and "**cnn 2 concludes: no finding.** No label reaches" in texts(app)
    assert "24×24 pixels" in texts(app)


def test_runs_that_cut_a_volume_along_other_axes_are_compared_as_patients_only(shown) -> None:
    app = shown(volume([100, 300, 900, 200, 50]), "head.nii", BRIGHT, SAGITTAL)
    assert "**The patient, by 2 runs.**" in texts(app) and "Without cnn 2: cut along another axis" in texts(app)
    slider(app, "Slice").set_value(2).run()
    group(app, "Seen by").set_value(1).run()
    assert not app.exception and (slider(app, "Slice").max, slider(app, "Slice").value) == (12, 2)
    slider(app, "Slice").set_value(12).run()
    assert not app.exception and "Slice 12 of 12" in texts(app)
    group(app, "Seen by").set_value(0).run()
    assert not app.exception and slider(app, "Slice").value == 3


def test_doubts_are_listed_and_none_are_no_promise(shown) -> None:
    data = picture(np.full((32, 32), 160, np.uint8))
    app = shown(data, "a.png", BRIGHT, OTHER_SHAPE, warnings=["It is *unlike* the others.", ""])
    [warning] = app.warning
    assert warning.value.replace("\\", "") == (
        "**When not to believe this answer**\n\n- cnn 1: It is *unlike* the others."
    )
    assert "\\*unlike\\*" in warning.value
    app = shown(data, "a.png", BRIGHT, warnings=[""])
    assert not app.warning and "believe" not in texts(app)
    app = shown(volume([100, 300, 900]), "head.nii", BRIGHT, warnings=["It is unlike the others."])
    assert "There are doubts about all 3 slices" in app.warning[0].value


def test_a_choice_of_evidence_is_offered_where_the_network_has_one(shown, monkeypatch: pytest.MonkeyPatch) -> None:
    data = picture(np.arange(256, dtype=np.uint8).reshape(16, 16))
    app = shown(data, "a.png", BRIGHT)
    group(app, "Evidence for").set_value(0).run()
    assert not app.exception and "Found by" not in [each.label for each in app.get("button_group")]
    hidden = urls(app)[1]
    found = dict.fromkeys(BRIGHT.description.labels, np.eye(16, dtype=np.float32))
    another = EvidenceKind("Features", "Found elsewhere.", lambda _predictor, _seen: found)
    monkeypatch.setitem(EVIDENCE, "activation", another)
    judgements.evidence.clear()
    app.run()
    assert urls(app)[1] == hidden
    group(app, "Found by").set_value("activation").run()
    assert not app.exception and urls(app)[1] != hidden and slider(app, "Opacity").value == 60


def test_a_file_that_one_run_cannot_read_is_answered_by_the_other() -> None:
    data = picture(np.full((32, 32), 160, np.uint8))
    runs = [described(1), described(2)]
    refused = FileAnswer("a.png", error="a.png: it is too *large*; expected less")
    app = draw(runs, [refused, FileAnswer("a.png", error=refused.error)], [])
    assert [error.value.replace("\\", "") for error in app.error] == [refused.error]
    assert "\\*large\\*" in app.error[0].value and not app.get("image")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judgements, "predictor", lambda _run: BRIGHT)
        app = draw(runs, [refused, answer_file(BRIGHT, data, "a.png")], [Origin("a.png", data)])
    assert len(app.error) == 1 and "**Concludes: bright.**" in texts(app)
