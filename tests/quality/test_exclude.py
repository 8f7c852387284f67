"""A new version lacks what it should, keeps all else, and says where it comes from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mri_core.datasets.dataset import Dataset, list_datasets, open_dataset
from mri_core.errors import InvalidInput
from mri_core.quality.exclude import LONGEST_NAME, exclude, next_name
from mri_core.settings import Settings


def test_what_is_kept_is_as_it_was(clean: Dataset, small_home: Settings) -> None:
    rows = np.array([599, 0, 17])
    before = clean.fingerprint
    made = exclude(clean, rows, small_home, "clean without three", {"blank": 3})
    kept = np.delete(np.arange(600), rows)
    assert np.array_equal(made.pixels, clean.pixels[kept])
    pd.testing.assert_frame_equal(made.index, clean.index.iloc[kept].reset_index(drop=True))
    assert made.header.simulated and made.header.preprocessing == clean.header.preprocessing
    assert made.label_names == clean.label_names and made.fingerprint != before
    origin = made.header.provenance["version_of"]
    assert origin == {"name": "clean", "fingerprint": before, "excluded": 3, "because": {"blank": 3}}
    assert made.header.provenance["seed"] == clean.header.provenance["seed"]
    assert open_dataset("clean", small_home).fingerprint == before
    assert next_name("clean without three", small_home) == "clean without three v2"


def test_missing_values_stay_missing(made, tmp_path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 8)).astype(np.uint8)
    dataset = made(pixels, {"a": [1, None, 0, 1, 0]}, position=[None, 1.0, None, 3.0, 4.0])
    without = exclude(dataset, np.array([3]), Settings(home=tmp_path), "made v2", {})
    assert without.index["a"].isna().tolist() == [False, True, False, False]
    assert without.index["position"].isna().tolist() == [True, False, True, False]
    assert without.header.patients is None


def test_what_cannot_be_left_out_is_refused_and_nothing_is_made(clean: Dataset, small_home: Settings) -> None:
    names = {header.name for header in list_datasets(small_home)}
    for rows, name, said in (
        (np.array([], dtype=int), "new", "no slice is to be left out"),
        (clean.rows("test"), "new", "nothing would remain in test"),
        (np.array([0]), "clean", "there is a data set 'clean' already"),
        (np.array([0]), "../new", "cannot name a data set"),
    ):
        with pytest.raises(InvalidInput, match=said):
            exclude(clean, rows, small_home, name, {})
    assert {header.name for header in list_datasets(small_home)} == names


@pytest.mark.parametrize(
    ("name", "expected"),
    [("demo", "demo v2"), ("demo v2", "demo v3"), ("demo v9", "demo v10"), ("v2", "v2 v2"), ("a v", "a v v2")],
)
def test_versions_are_counted(home: Settings, name: str, expected: str) -> None:
    assert next_name(name, home) == expected


def test_a_version_s_name_is_never_too_long_or_taken(clean: Dataset, small_home: Settings) -> None:
    assert len(next_name("x" * LONGEST_NAME, small_home)) == LONGEST_NAME
    exclude(clean, np.array([1]), small_home, "clean v2", {})
    assert next_name("clean", small_home) == "clean v3" == next_name("clean v2", small_home)
