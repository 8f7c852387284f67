from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from mri_core.csv_text import csv_text
from mri_core.datasets.dataset import open_dataset
from mri_core.errors import NotFound, StorageError
from mri_core.evaluation.predictions import load_predictions
from mri_core.images.slice import Slice
from mri_core.prediction.answers import FileAnswer, answer_file, answers_json, answers_table
from mri_core.prediction.export import verify
from mri_core.prediction.model_file import read_description, write_description
from mri_core.prediction.predictor import Prediction, load_predictor


@pytest.fixture
def folder(trained):
    return trained.settings.runs / trained.run_id


@pytest.fixture
def predictor(folder):
    return load_predictor(folder)


def png(pixels: np.ndarray) -> bytes:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


def test_an_uploaded_test_slice_gets_the_stored_probabilities(trained, folder, predictor):
    """Training and prediction see the same pixels: the file of a slice gives what the run stored for it."""
    dataset = open_dataset("demo", trained.settings)
    stored = load_predictions(folder, "test")
    for number, row in enumerate(dataset.rows("test")[:5]):
        answer = answer_file(predictor, png(np.asarray(dataset.pixels[row])), "slice.png")
        (prediction,) = answer.predictions
        assert list(prediction.probabilities.values()) == pytest.approx(stored.probabilities[number], abs=1e-5)
        np.testing.assert_array_equal(prediction.seen, dataset.pixels[row])


def test_batches_give_what_single_slices_give(predictor):
    slices = np.random.default_rng(0).integers(0, 256, (300, 64, 64), dtype=np.uint8)
    together = predictor.probabilities(slices)
    assert together.shape == (300, 3) and ((together >= 0) & (together <= 1)).all()
    np.testing.assert_allclose(
        together[[0, 255, 256, 299]], predictor.probabilities(slices[[0, 255, 256, 299]]), atol=1e-6
    )


def test_a_label_is_concluded_at_its_threshold(predictor):
    slices = [Slice(np.full((64, 64), value, np.uint8), "x") for value in (0, 90, 255)]
    for prediction in predictor.predict(slices):
        expected = [label for label, p in prediction.probabilities.items() if p >= prediction.thresholds[label]]
        assert list(prediction.labels) == expected


def test_warns_of_blank_and_enlarged_slices(predictor):
    blank, small = predictor.predict(
        [Slice(np.zeros((64, 64), np.uint8), "x"), Slice(np.arange(300, dtype=np.uint8).reshape(10, 30) % 200, "y")]
    )
    assert blank.warnings == ("The slice is blank: every pixel has the same intensity.",)
    assert small.warnings[0] == "The slice measures 30×10 pixels and was enlarged to 64×64."
    assert small.seen.shape == (64, 64)


def test_doubts_are_of_their_own_slice(trained, predictor):
    """Among usual slices only the strange ones are doubted, whatever else is in the batch."""
    dataset = open_dataset("demo", trained.settings)
    usual = [np.asarray(dataset.pixels[row]) for row in dataset.rows("train")[:12]]
    pixels = [*usual, 255 - usual[0], np.zeros((64, 64), np.uint8), usual[1] // 8]
    found = [one.warnings for one in predictor.predict([Slice(one, "x") for one in pixels])]
    assert sum(map(bool, found[:12])) <= 1
    assert "does not look like" in found[12][0] and "blank" in found[13][0] and "less contrast" in found[14][-1]
    assert [one.warnings for one in predictor.predict([Slice(pixels[14], "x")])] == [found[14]]


def test_a_missing_or_damaged_model_is_said(tmp_path, folder):
    with pytest.raises(NotFound, match="no model yet"):
        load_predictor(tmp_path)
    (tmp_path / "model.json").write_text((folder / "model.json").read_text())
    with pytest.raises(StorageError, match=r"model\.onnx cannot be read"):
        load_predictor(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(StorageError, match=r"model\.onnx is not the file that was saved"):
        load_predictor(tmp_path)
    write_description(tmp_path, read_description(tmp_path).model_copy(update={"sha256": {}}))  # as older versions did
    with pytest.raises(StorageError, match=r"model\.onnx cannot be read"):
        load_predictor(tmp_path)
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(StorageError, match=r"model\.json cannot be read"):
        read_description(tmp_path)


def test_verifying_finds_a_difference(folder, predictor):
    slices = np.random.default_rng(0).integers(0, 256, (4, 64, 64), dtype=np.uint8)
    right = predictor.probabilities(slices)
    assert verify(folder, slices, right) == 0
    assert verify(folder, slices, right + 0.25) == pytest.approx(0.25, abs=1e-6)


def prediction(**probabilities: float) -> Prediction:
    thresholds = dict.fromkeys(probabilities, 0.5)
    labels = tuple(label for label, p in probabilities.items() if p >= 0.5)
    return Prediction("s", 1.5, np.zeros((2, 2), np.uint8), probabilities, thresholds, labels, ("Careful.",))


def test_answers_as_json():
    one = FileAnswer("one.png", (prediction(a=0.75, b=0.25),))
    volume = FileAnswer("two.nii", (prediction(a=0.0, b=0.0), prediction(a=1.0, b=1.0)))
    broken = FileAnswer("x.png", error="x.png: it is damaged")
    records = answers_json([one, volume, broken])
    assert records[0] == {
        "file": "one.png", "slice": None, "probabilities": {"a": 0.75, "b": 0.25}, "thresholds": {"a": 0.5, "b": 0.5},
        "labels": ["a"], "no_finding": False, "warnings": ["Careful."], "series": None, "volume": None,
    }  # fmt: skip
    assert [(r["slice"], r["labels"], r["no_finding"]) for r in records[1:3]] == [(0, [], True), (1, ["a", "b"], False)]
    assert records[2]["volume"] == {
        "place": 1, "name": "two.nii", "slices": 2, "probabilities": {"a": 0.5, "b": 0.5}, "labels": ["a", "b"],
        "no_finding": False,
    }  # fmt: skip
    assert records[3] == {"file": "x.png", "error": "x.png: it is damaged"}


def test_answers_as_a_table_that_no_spreadsheet_runs(predictor):
    answers = [FileAnswer("=HYPERLINK(1).png", (prediction(a=0.75),)), FileAnswer("x", error="broken")]
    model = predictor.description.model_copy(update={"labels": ("a",)})
    table = answers_table(answers, model)
    assert table.to_dict("records") == [
        {"file": "=HYPERLINK(1).png", "slice": 0, "position": 1.5, "probability a": 0.75, "threshold a": 0.5,
         "concluded a": True, "labels": "a", "no finding": False, "warnings": "Careful.", "series": "",
         "model": model.run, "data set fingerprint": model.dataset["fingerprint"]}
    ]  # fmt: skip
    assert csv_text(table).splitlines()[1].startswith("'=HYPERLINK(1).png,0,1.5,0.75,0.5,True,a,False,")
