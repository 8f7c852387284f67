from __future__ import annotations

import pytest

from mri_core.augmentation.sides import labels_naming_a_side


@pytest.mark.parametrize(
    "name", ["left tumour", "Tumour, LEFT", "LeftTumour", "right-sided", "lesion_right", "tumourRight 2", "RIGHT"]
)
def test_a_side_is_found_however_it_is_written(name):
    assert labels_naming_a_side(["label 1", name]) == [name]


@pytest.mark.parametrize("name", ["label 1", "bright spot", "cleft", "tumour", "copyright", "leftover", ""])
def test_a_word_that_only_contains_a_side_is_none(name):
    assert labels_naming_a_side([name]) == []
