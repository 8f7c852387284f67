"""The parts of a cross-validation: together all training slices, no patient in two of them."""

from __future__ import annotations

import numpy as np
import pytest

from mri_core.datasets.dataset import open_dataset
from mri_core.datasets.demo.generate import make_demo
from mri_core.errors import InvalidInput
from mri_core.training.parts import learnt_and_left_out
from mri_core.training.presets import make_spec
from mri_core.training.spec import PARTS


def left_out(dataset) -> list[np.ndarray]:
    return [learnt_and_left_out(dataset, make_spec("cnn", {"left_out": part}))[1] for part in range(1, PARTS + 1)]


def test_the_parts_are_all_training_slices_and_keep_patients_whole(trained) -> None:
    dataset = open_dataset("demo", trained.settings)
    parts, patients = left_out(dataset), dataset.index["patient"].to_numpy()
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), dataset.rows("train"))
    for number, part in enumerate(parts, start=1):
        learnt, out = learnt_and_left_out(dataset, make_spec("cnn", {"left_out": number}))
        np.testing.assert_array_equal(np.union1d(learnt, out), dataset.rows("train"))
        assert len(part) and not set(patients[learnt]) & set(patients[out])


def test_other_settings_deal_the_same_parts(trained) -> None:
    dataset = open_dataset("demo", trained.settings)
    again = learnt_and_left_out(dataset, make_spec("dense", {"left_out": 1, "epochs": 3}))[1]
    np.testing.assert_array_equal(again, left_out(dataset)[0])


def test_without_a_part_all_is_learnt(trained) -> None:
    dataset = open_dataset("demo", trained.settings)
    learnt, out = learnt_and_left_out(dataset, make_spec("cnn"))
    np.testing.assert_array_equal(learnt, dataset.rows("train"))
    assert not len(out)


def test_too_few_patients_are_said(home) -> None:
    small = make_demo(home, slices=100)
    assert small.index.loc[small.rows("train"), "patient"].nunique() < PARTS
    with pytest.raises(InvalidInput, match="too few training patients to leave out one of 5 parts"):
        learnt_and_left_out(small, make_spec("cnn", {"left_out": 1}))
