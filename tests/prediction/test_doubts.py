from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from arrows_support import brightness, make_arrows

from mri_core.datasets.dataset import open_dataset
from mri_core.errors import StorageError
from mri_core.evaluation.calibration import Calibration
from mri_core.images.slice import Slice
from mri_core.prediction import reference_fit
from mri_core.prediction.doubts import BLANK, doubts, flip_doubts, look_doubts, size_doubts
from mri_core.prediction.model_file import ModelDescription
from mri_core.prediction.predictor import load_predictor
from mri_core.prediction.reference import FILE_NAME, read_reference
from mri_core.prediction.reference_fit import make_reference
from mri_core.training.spec import TrainingSpec

DESCRIPTION = ModelDescription(
    run="r", dataset={}, labels=("sick",), thresholds={"sick": 0.5}, image_shape=(32, 32), onnx_difference=0
)


def noise(slices):
    return np.random.default_rng(0).integers(0, 256, slices.shape, dtype=np.uint8)


def dimmed(slices):
    return np.maximum(slices, 16) - 16


@pytest.mark.parametrize("strange, said", [
    (lambda slices: slices[:, ::-1, ::-1], "The slice seems to lie upside down: turned or mirrored, it looks like"),
    (lambda slices: slices[:, ::-1], "The slice seems to lie upside down: turned or mirrored, it looks like"),
    (lambda slices: np.rot90(slices, 1, (1, 2)), "The slice seems to lie on its side: turned by a quarter, it looks"),
    (noise, "The slice does not look like the training slices: its shapes and its intensities and grain lie "),
    (lambda slices: np.roll(slices, 8, axis=2), "The slice does not look like the training slices: its shapes lie "),
    (lambda slices: np.minimum(slices, 230) + 25, "The slice is brighter than the training slices: its mean "),
    (lambda slices: slices // 5, "The slice is of less contrast than the training slices: its spread of "),
    (dimmed, "The slice is darker than the training slices: its mean intensity is "),
])  # fmt: skip
def test_a_strange_slice_is_said_to_be_strange_in_its_way(reference, unseen, strange, said):
    found = look_doubts(reference, strange(unseen[:100]))
    assert np.mean([any(one.startswith(said) for one in sentences) for sentences in found]) > 0.9


def test_usual_slices_are_not_doubted(reference, unseen):
    found = look_doubts(reference, unseen)
    assert 0 < np.mean([bool(sentences) for sentences in found]) < 0.03


def test_noise_is_not_said_to_lie_upside_down(reference, unseen):
    assert not [one for some in look_doubts(reference, noise(unseen[:300])) for one in some if "lie upside" in one]


def test_what_is_usual_stands_beside_what_was_seen(reference, unseen):
    (found,) = look_doubts(reference, dimmed(unseen[:1]))
    (sentence,) = [one for one in found if "darker" in one]
    low, _, high = reference.ranges[:, 0]
    assert f"mean intensity is {dimmed(unseen[0]).mean():.0f} of 255, where" in sentence
    assert f"99 % of theirs lie between {low:.0f} and {high:.0f}." in sentence


def turning(slices: np.ndarray) -> np.ndarray:
    """A model that one bright pixel to the left makes sure."""
    return np.where(slices[:, 16, 0] > 200, 0.9, 0.3)[:, np.newaxis]


def test_an_answer_that_moves_with_a_flip_is_doubted(reference, unseen):
    slices = unseen[:3].copy()
    slices[1, 16, 0] = 255
    none, said, _ = flip_doubts(reference, DESCRIPTION, slices, turning(slices), turning)
    assert not none and len(said) == 1
    assert said[0].startswith(
        "Mirrored left to right, the slice moves the probability of sick from 0.900 to 0.300 and "
    )
    assert "with it the answer, farther than in 99 % of held-out slices" in said[0]


def test_moved_probabilities_are_said_as_they_are_shown(reference, unseen):
    """Calibrated, and without a word on the answer where that stays."""
    slices = unseen[:1].copy()
    slices[0, 16, 0] = 255
    halved = Calibration("temperature", {"temperature": 2.0}, 0.7, 0.6, {}, 50, "validation", "2025-01-01T00:00:00")
    description = DESCRIPTION.model_copy(update={"calibration": {"sick": halved}, "thresholds": {"sick": 0.8}})
    ((sentence,),) = flip_doubts(reference, description, slices, turning(slices), turning)
    assert "from 0.750 to 0.396, farther than" in sentence


def test_small_movements_are_no_doubt_however_still_the_others_are(reference, unseen):
    still = replace(reference, movement=np.array(1e-7))

    def moving(by):
        return lambda slices: 0.5 + by * (slices[:, 16, :1] > 200)

    slices = unseen[:1].copy()
    slices[0, 16, 0] = 255
    assert flip_doubts(still, DESCRIPTION, slices, moving(0.04)(slices), moving(0.04)) == [[]]
    assert len(flip_doubts(still, DESCRIPTION, slices, moving(0.06)(slices), moving(0.06))[0]) == 1


@pytest.mark.parametrize("size, doubted", [
    ((240, 240), False), ((170, 300), False), ((512, 512), True), ((100, 240), True), ((240, 600), True)
])  # fmt: skip
def test_sizes_are_compared_with_the_training_files(reference, size, doubted):
    known = replace(reference, sizes=np.array([[200, 256], [240, 256]]))
    assert not size_doubts(size, (32, 32), reference)
    found = size_doubts(size, (32, 32), known)
    assert bool(found) == doubted
    assert all("where the training slices had 240×200 to 256×256" in one for one in found)


def test_sizes_that_an_import_noted_are_known(home):
    noted = make_arrows(home, provenance={"sizes": [[200, 256], [240, 256]]})
    assert make_reference(noted, TrainingSpec(), brightness).sizes.tolist() == [[200, 256], [240, 256]]


def test_blank_and_enlarged_slices_are_doubted_without_a_reference(reference):
    originals = [np.zeros((32, 32), np.uint8), np.zeros((4, 8), np.uint8)]
    slices = np.zeros((2, 32, 32), np.uint8)
    expected = [(BLANK,), (BLANK, "The slice measures 8×4 pixels and was enlarged to 32×32.")]
    for known in (None, reference):
        assert doubts(originals, slices, turning(slices), DESCRIPTION, known, turning) == expected


@pytest.fixture
def old(trained, tmp_path):
    """The folder of a run from before there were references."""
    folder = tmp_path / "run"
    shutil.copytree(trained.settings.runs / trained.run_id, folder)
    (folder / FILE_NAME).unlink()
    return folder


def test_a_reference_is_made_once_for_an_older_run(trained, old, monkeypatch):
    made = []
    monkeypatch.setattr(reference_fit, "make_reference", lambda *given: made.append(given) or make_reference(*given))
    predictor = load_predictor(old)
    dataset = open_dataset("demo", trained.settings)
    slices = [Slice(255 - np.asarray(dataset.pixels[row]), "inverted") for row in dataset.rows("test")[:2]]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(predictor.predict, [slices] * 4))
    assert len(made) == 1 and made[0][1].flips == "none"  # the run's own settings
    assert read_reference(old) is not None
    said = [[one.warnings for one in answer] for answer in answers]
    assert said == [said[0]] * 4 and all("does not look like" in one[0] for one in said[0])


def test_without_the_data_set_doubts_are_left_out_and_that_is_said(old, home):
    predictor = load_predictor(old)
    slices = [Slice(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8), "noise")]
    assert predictor.predict(slices)[0].warnings == ()
    assert predictor.not_compared() == (
        "The slices are not compared with those the model was trained on: the data set it was trained on is gone; "
        "make or import it again."
    )


def test_a_reference_that_cannot_be_kept_holds_all_the_same(trained, old, monkeypatch):
    def refuse(*_):
        raise StorageError("cannot write it: the disk is full")

    monkeypatch.setattr(reference_fit, "save_reference", refuse)
    assert load_predictor(old).not_compared() is None and read_reference(old) is None
