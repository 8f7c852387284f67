from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mri_core.augmentation import AUGMENTATIONS, RANDOM_CHANGES
from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import Dataset, open_dataset

HOME = Path(__file__).resolve().parents[2] / "app" / "Home.py"


def augment(**address: str | list[str]) -> AppTest:
    at = AppTest.from_file(str(HOME), default_timeout=60).run()
    at.switch_page("views/augment.py")
    for key, value in address.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    return at


def shown(at: AppTest) -> list[str]:
    """Ids of the slices shown, from their headings."""
    return [text.value.split("**")[1].replace("\\", "") for text in at.markdown if text.value.startswith("**")]


@pytest.fixture
def demo(trained) -> Dataset:
    return open_dataset("demo", trained.settings)


def test_an_empty_home_says_where_to_make_a_data_set(home):
    at = augment()
    assert at.info[0].value == "There is no data set yet."
    assert at.get("page_link")[0].label == "Make or bring a data set"


def test_it_begins_with_a_few_slices_that_carry_a_label(demo):
    at = augment()
    index = demo.index.set_index("id")
    assert len(shown(at)) == 3
    assert all(index.loc[slice_id, list(demo.label_names)].any() for slice_id in shown(at))
    assert at.query_params["slice"] == shown(at)


def test_each_slice_is_shown_as_it_is_and_after_each_flip(demo):
    at = augment(slice=demo.index["id"][8])
    assert shown(at) == [demo.index["id"][8]]
    flips = [f"{name} flip" for name in AUGMENTATIONS]
    assert [caption.value for caption in at.caption] == ["as it is", *flips, *RANDOM_CHANGES]
    assert len(at.image) == 1 + len(AUGMENTATIONS) + len(RANDOM_CHANGES)
    at.sidebar.slider[0].set_value(0.0).run()
    assert [caption.value for caption in at.caption] == ["as it is", *flips, "intensity"]


def test_other_slices_are_chosen_and_named_in_the_address(demo):
    at = augment()
    wanted = [demo.index["id"][0], demo.index["id"][299]]
    at.multiselect[0].set_value(wanted).run()
    assert shown(at) == wanted and at.query_params["slice"] == wanted


def test_no_slice_and_an_unknown_one_are_told_in_words(demo):
    at = augment()
    at.multiselect[0].set_value([]).run()
    assert at.info[0].value == "Choose one or more slices in the sidebar."
    at = augment(slice="nobody")
    assert at.error[0].value.startswith("there is no slice 'nobody'")
    assert len(at.dataframe) == 1  # the growth does not depend on the slices chosen


def test_growth_of_the_training_set(demo):
    table = augment().dataframe[0].value.set_index("flips")
    train = demo.index[demo.index["split"] == "train"]
    n, labelled = len(train), int((train[list(demo.label_names)].sum(axis=1) > 0).sum())
    assert table["all"].to_dict() == {"none": n, "horizontal": 2 * n, "vertical": 2 * n, "both": 3 * n}
    assert table["labelled"].to_dict() == {
        "none": n, "horizontal": n + labelled, "vertical": n + labelled, "both": n + 2 * labelled,
    }  # fmt: skip


def test_labels_that_name_a_side_are_warned_about(home):
    labels = ("LeftTumour", "oedema")
    with DatasetBuilder(home, "sided", labels, (8, 8), 1) as builder:
        row = {
            "id": "1",
            "patient": None,
            "split": "train",
            "source": "x",
            "position": None,
            "LeftTumour": 1,
            "oedema": 0,
        }
        builder.add(np.zeros((1, 8, 8), np.uint8), [row])
        builder.finish(simulated=False, provenance={})
    warning = augment().warning[0].value
    assert warning.startswith("A horizontal flip makes LeftTumour wrong") and "oedema" not in warning


def test_labels_that_name_no_side_are_not(demo):
    assert not augment().warning
