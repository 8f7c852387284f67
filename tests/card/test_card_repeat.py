"""The commands of a card give the run's settings again, whatever they were."""

import shlex
from dataclasses import replace
from typing import Any

import pytest

from mri_core.card.card import Card
from mri_core.card.repeat import commands, nearest_preset
from mri_core.cli import app
from mri_core.evaluation.calibration import fit_calibration
from mri_core.evaluation.thresholds import MANUAL, choose_threshold
from mri_core.prediction.model_file import save_calibration, save_thresholds
from mri_core.training.presets import PRESETS, make_spec

CHANGES = {
    "floats": {"learning_rate": 0.00002, "label_smoothing": 0.1},
    "choices": {"loss": "focal", "flips": "both", "channels": 1},
    "yes and no": {"only_labelled": True, "test_time_flips": False},
    "thousands": {"epochs": 1000, "batch_size": 4096, "patience": 999, "seed": 2**31 - 1},
}


def options(command: str) -> tuple[str, dict[str, str]]:
    """What a shell hands to the program: the preset, and the settings changed."""
    words = shlex.split(command)
    changes = [words[i + 1].split("=", 1) for i, word in enumerate(words) if word == "--set"]
    return words[words.index("--preset") + 1], dict(changes)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_the_command_gives_the_settings_again(card, preset, changes) -> None:
    spec = make_spec(preset, changes)
    train = commands(replace(card, run=replace(card.run, spec=spec)))[0]
    named, changed = options(train)
    assert make_spec(named, changed) == spec
    assert len(changed) <= len(changes)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_its_own_nearest(preset) -> None:
    assert nearest_preset(PRESETS[preset]) == (preset, {})


def with_header(card: Card, **changes: Any) -> Card:
    return replace(card, data=replace(card.data, header=card.data.header.model_copy(update=changes)))


def test_names_are_safe_in_a_shell(card) -> None:
    train = commands(with_header(card, name="my set; rm x"))[0]
    assert shlex.split(train)[:4] == ["mri", "train", "--dataset", "my set; rm x"]


ORIGINS = {
    "simulated": ({"simulated": True, "provenance": {"seed": 7}}, ["mri demo --name set --slices 800 --seed 7"]),
    "imported": (
        {"provenance": {"origin": "imported from t.csv", "skipped": 2, "seed": 3}},
        ["mri import SOURCE --name set --size 8 --seed 3"],
    ),
    "imported in colour": (
        {"provenance": {"seed": 3}, "image_shape": (16, 16, 3)},
        ["mri import SOURCE --name set --size 16 --colour --seed 3"],
    ),
    "unknown": ({}, []),
}


@pytest.mark.parametrize("case", ORIGINS)
def test_the_data_set_is_made_first_where_it_is_known_how(card, case) -> None:
    header, made = ORIGINS[case]
    train = "mri train --dataset set --preset cnn"
    assert commands(with_header(card, **header)) == [*made, train, "mri evaluate last --split test"]
    assert commands(replace(card, data=None))[0] == train


def test_thresholds_and_calibration_are_chosen_again(card, remake, folder) -> None:
    stored = card.judged["validation"].stored
    fitted = {"whole": fit_calibration(stored.truth[:, 0], stored.probabilities[:, 0], "whole")}
    save_calibration(folder, fitted)
    choices = [("whole", "sensitivity", 0.95), ("core", "sensitivity", 0.95), ("rare", MANUAL, 0.25)]
    save_thresholds(folder, [choose_threshold(stored, *each, calibration=fitted) for each in choices])
    typed = commands(remake())
    assert typed[1:-1] == [
        "mri calibrate last --save",
        "mri thresholds last --rule sensitivity --parameter 0.95 --label whole --label core --save",
        "mri thresholds last --rule manual --parameter 0.25 --label rare --save",
    ]
    assert {each.split()[1] for each in typed} <= {command.name for command in app.registered_commands}


def test_a_rule_for_all_labels_names_none(card, remake, folder) -> None:
    stored = card.judged["validation"].stored
    save_thresholds(folder, [choose_threshold(stored, name, MANUAL, 0.4) for name in card.run.label_names])
    assert "mri thresholds last --rule manual --parameter 0.4 --save" in commands(remake())


def test_validation_is_judged_where_there_is_no_test(make) -> None:
    assert commands(make(splits=("train", "validation")))[-1] == "mri evaluate last --split validation"
