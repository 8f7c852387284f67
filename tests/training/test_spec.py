from __future__ import annotations

import pytest

from mri_core.errors import InvalidInput, NotFound
from mri_core.training.presets import PRESETS, make_spec
from mri_core.training.spec import TrainingSpec

STUDY = {
    "cnn": ("cnn", "adam", 0.001, "binary_crossentropy", 64, 20, "horizontal"),
    "cnn-poisson": ("cnn", "adam", 0.001, "poisson", 64, 20, "horizontal"),
    "cnn-rmsprop": ("cnn", "rmsprop", 0.001, "binary_crossentropy", 64, 20, "horizontal"),
    "dense-adam": ("dense", "adam", 0.001, "binary_crossentropy", 64, 20, "both"),
    "dense-adam-80": ("dense", "adam", 0.001, "binary_crossentropy", 80, 20, "both"),
    "dense": ("dense", "sgd", 0.01, "binary_crossentropy", 64, 50, "both"),
}


@pytest.mark.parametrize("name", STUDY)
def test_presets_are_the_studys(name):
    s = PRESETS[name]
    settings = (s.architecture, s.optimizer, s.learning_rate, s.loss, s.batch_size, s.epochs, s.flips)
    assert settings == STUDY[name]
    assert s.patience == 4 and s.flip_mode == "append" and not s.only_labelled and s.channels == 3


def test_changes_come_as_text_from_a_command_line():
    spec = make_spec("cnn", {"epochs": "3", "learning_rate": "1e-2", "only_labelled": "true", "channels": "1"})
    assert (spec.epochs, spec.learning_rate, spec.only_labelled, spec.channels) == (3, 0.01, True, 1)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("learning_rate", -1, "learning_rate is -1, expected greater than 0"),
        ("learning_rate", "nan", "learning_rate is 'nan'"),
        ("batch_size", 0, "batch_size is 0, expected greater than or equal to 1"),
        ("epochs", 1e9, "epochs is 1000000000.0, expected less than or equal to 1000"),
        ("epochs", "many", "epochs is 'many', expected a valid integer"),
        ("optimizer", "adamw", "optimizer is 'adamw', expected 'adam', 'sgd', 'nesterov' or 'rmsprop'"),
        ("architecture", "vgg", "architecture is 'vgg', expected one of cnn, dense"),
        ("channels", 2, "channels is 2, expected 1 or 3"),
        ("flips", "diagonal", "flips is 'diagonal'"),
        ("seed", -1, "seed is -1"),
    ],
)
def test_bad_values_are_named_with_what_was_expected(field, value, said):
    with pytest.raises(InvalidInput) as caught:
        make_spec("cnn", {field: value})
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(NotFound, match=r"no preset 'cmn' .did you mean 'cnn'.*dense-adam"):
        make_spec("cmn")
    with pytest.raises(InvalidInput, match=r"no training setting 'epoch' .did you mean 'epochs'"):
        make_spec("cnn", {"epoch": 3})


@pytest.mark.parametrize("field", TrainingSpec.model_fields)
def test_every_setting_explains_itself(field):
    described = TrainingSpec.model_fields[field]
    assert described.title and described.description and described.description.endswith(".")


def test_a_spec_survives_json_and_cannot_change():
    spec = make_spec("dense")
    assert TrainingSpec.model_validate_json(spec.model_dump_json()) == spec
    with pytest.raises(ValueError, match=r"frozen"):
        spec.epochs = 3
