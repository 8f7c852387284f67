"""What an import did to pixels is done to the files that its model predicts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from PIL import Image

from mri_core.datasets.dataset import Header, open_dataset
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Recipe, import_source
from mri_core.images import Preprocessing
from mri_core.prediction.model_file import MODEL_JSON, ModelDescription, read_description
from mri_core.prediction.on_disk import answer_paths
from mri_core.prediction.predictor import load_predictor

HOW = Preprocessing(resampling="bicubic", low=20, high=70)


def test_a_file_is_seen_as_it_was_imported(trained, tmp_path):
    """Deep pictures of another size, so that window and filter both matter."""
    random = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for i in range(6):
        values = random.integers(0, 60_000, (90, 80)).astype(np.uint16)
        Image.fromarray(values).save(tmp_path / "in" / f"{i}.png")
    (tmp_path / "in" / "labels.csv").write_text("file,lesion\n" + "".join(f"{i},{i % 2}\n" for i in range(6)))
    settings = trained.settings.model_copy(update={"home": tmp_path / "home"})
    dataset = import_source(settings, "mine", tmp_path / "in", Choices(preprocessing=HOW), Recipe()).dataset

    usual = load_predictor(trained.settings.runs / trained.run_id)
    description = usual.description.model_copy(update={"preprocessing": dataset.header.preprocessing})
    ours = replace(usual, description=description)
    files = [tmp_path / "in" / f"{i}.png" for i in range(6)]
    seen, otherwise = (
        [answer.predictions[0].seen for answer in answer_paths(predictor, files)] for predictor in (ours, usual)
    )
    np.testing.assert_array_equal(seen, dataset.pixels)
    for i in range(6):
        assert (otherwise[i] != dataset.pixels[i]).any()


def test_a_run_keeps_what_its_data_set_says(trained):
    folder = trained.settings.runs / trained.run_id
    assert "preprocessing" in json.loads((folder / MODEL_JSON).read_text())
    assert read_description(folder).preprocessing == open_dataset("demo", trained.settings).header.preprocessing


def test_data_sets_and_models_from_before_there_was_a_choice(trained):
    """They are read as what was always done."""
    folder = trained.settings.runs / trained.run_id
    model = json.loads((folder / MODEL_JSON).read_text())
    header = json.loads((trained.settings.datasets / "demo" / "dataset.json").read_text())
    for kind, document in ((ModelDescription, model), (Header, header)):
        del document["preprocessing"]
        document.pop("unlabelled", None)
        assert kind.model_validate(document).preprocessing == Preprocessing()
