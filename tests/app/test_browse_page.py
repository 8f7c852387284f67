from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import Dataset, open_dataset

HOME = Path(__file__).resolve().parents[2] / "app" / "Home.py"
PER_PAGE = 30


def browse(**address: str | list[str]) -> AppTest:
    at = AppTest.from_file(str(HOME), default_timeout=60).run()
    at.switch_page("views/browse.py")
    for key, value in address.items():
        at.query_params[key] = value
    return checked(at.run())


def checked(at: AppTest) -> AppTest:
    assert not at.exception
    return at


def tiles(at: AppTest) -> list[str]:
    """Ids of the slices in the grid."""
    return [button.label.replace("\\", "") for button in at.button if button.key and button.key.startswith("enlarge")]


def counted(at: AppTest) -> str:
    return next(text.value for text in at.markdown if "** of " in text.value)


def group(at: AppTest, label: str):
    return next(element for element in at.get("button_group") if element.label == label)


def box(at: AppTest, label: str):
    return next(element for element in at.selectbox if element.label == label)


@pytest.fixture
def demo(trained) -> Dataset:
    return open_dataset("demo", trained.settings)


def test_an_empty_home_says_where_to_make_a_data_set(home):
    at = browse()
    assert at.info[0].value == "There is no data set yet."
    assert at.get("page_link")[0].label == "Make or bring a data set"


def test_the_first_page_shows_the_first_slices_with_their_labels(demo):
    at = browse()
    assert counted(at) == "**300** of 300 simulated slices"
    assert tiles(at) == list(demo.index["id"][:PER_PAGE])
    for caption, (_, row) in zip(at.caption, demo.index[:PER_PAGE].iterrows(), strict=True):
        labels = [name for name in demo.label_names if row[name]]
        assert caption.value == f"{row['patient']} · {', '.join(labels) or 'no finding'}"
    assert len(at.image) == PER_PAGE


def test_a_page_is_turned_and_named_in_the_address(demo):
    at = browse()
    at.get("pagination")[0].select(10)
    checked(at.run())
    assert tiles(at) == list(demo.index["id"][270:])
    assert at.query_params["page"] == "10"


def test_filters_come_from_the_address(demo):
    at = browse(split="train", label=["label 1"], match="exactly")
    index = demo.index
    fits = index[
        (index["split"] == "train") & (index["label 1"] == 1) & (index[["label 2", "label 3"]].sum(axis=1) == 0)
    ]
    assert counted(at) == f"**{len(fits)}** of 300 simulated slices"
    assert tiles(at) == list(fits["id"][:PER_PAGE])


def test_filters_go_into_the_address_and_begin_on_the_first_page(demo):
    at = browse(page="3")
    assert tiles(at) == list(demo.index["id"][60:90])
    group(at, "Findings").set_value([3])
    checked(at.run())
    none = demo.index[demo.index[list(demo.label_names)].sum(axis=1) == 0]
    assert counted(at) == f"**{len(none)}** of 300 simulated slices"
    assert tiles(at) == list(none["id"][:PER_PAGE])
    assert at.query_params["no_finding"] == "yes" and "page" not in at.query_params
    group(at, "Split").set_value("test")
    checked(at.run())
    assert at.query_params["split"] == "test"
    assert counted(at) == f"**{(none['split'] == 'test').sum()}** of 300 simulated slices"


def test_one_patient_sorted_by_position_from_the_top(demo):
    at = browse()
    box(at, "Patient").set_value("P00002")
    box(at, "Sort by").set_value("position")
    at.toggle[0].set_value(True)
    checked(at.run())
    expected = demo.index[demo.index["patient"] == "P00002"].sort_values("position", ascending=False)
    assert tiles(at) == list(expected["id"])
    assert {key: at.query_params[key] for key in ("patient", "sort", "last_first")} == {
        "patient": "P00002", "sort": "position", "last_first": "yes",
    }  # fmt: skip


def test_nothing_that_fits_is_said_in_words(demo):
    at = browse(label=["label 1"], no_finding="yes")
    assert counted(at).startswith("**0** of")
    assert at.info[0].value.startswith("No slice has all that.")


def test_an_address_with_nonsense_shows_everything(demo):
    at = browse(split="holdout", label=["cyst"], match="some", patient="nobody", sort="age", page="minus one")
    assert counted(at) == "**300** of 300 simulated slices" and not at.error


def test_a_slice_is_enlarged_with_all_that_is_known_of_it(demo):
    at = browse()
    next(button for button in at.button if button.key and button.key.startswith("enlarge 4 ")).click()
    checked(at.run())
    row, pixels = demo.index.iloc[4], demo.pixels[4]
    assert at.query_params["slice"] == row["id"]
    shown = " ".join(map(str, at.table[0].value.to_numpy().ravel())).replace("\\", "")
    for fact in (row["id"], row["patient"], row["split"], row["checksum"], "64×64 pixels", "no finding"):
        assert fact in shown
    assert f"{pixels.min()} to {pixels.max()}, mean {pixels.mean():.1f}" in shown
    assert len(at.get("plotly_chart")) == 1


def test_the_large_view_goes_on_to_the_neighbours(demo):
    at = browse(slice=demo.index["id"][0])
    moves = {button.label: button for button in at.button if button.label in ("Previous", "Next")}
    assert moves["Previous"].disabled and not moves["Next"].disabled
    moves["Next"].click()
    checked(at.run())
    assert at.query_params["slice"] == demo.index["id"][1]


def test_a_slice_that_does_not_exist_is_named(demo):
    at = browse(slice="nobody")
    assert at.error[0].value.startswith("there is no slice 'nobody' in data set 'demo'")
    assert len(tiles(at)) == PER_PAGE


def test_labels_that_are_not_known_are_not_taken_for_no_finding(home):
    random = np.random.default_rng(0)
    rows = [
        {"id": f"s{number}", "patient": None, "split": "test" if number else "train", "source": f"{number}.png",
         "position": None, "lesion": None if number else 0}
        for number in range(4)
    ]  # fmt: skip
    with DatasetBuilder(home, "competition", ["lesion"], (8, 8), len(rows)) as builder:
        builder.add(random.integers(0, 256, (4, 8, 8), dtype=np.uint8), rows)
        builder.finish(simulated=False, provenance={})
    at = browse()
    said = [caption.value for caption in at.caption if "finding" in caption.value or "unknown" in caption.value]
    assert ["labels unknown" in one for one in said] == [False, True, True, True]


@pytest.fixture
def crowd(home) -> Dataset:
    """3,030 slices of 606 patients: more of them than a box lists, and more pages than are numbered."""
    rows = [
        {"id": f"s{number:04}", "patient": f"P{number // 5:03}", "split": "train", "source": "", "position": None}
        | {"lesion": number % 2}
        for number in range(3_030)
    ]
    with DatasetBuilder(home, "crowd", ["lesion"], (8, 8), len(rows)) as builder:
        builder.add(np.zeros((len(rows), 8, 8), dtype=np.uint8), rows)
        return builder.finish(simulated=False, provenance={})


def test_of_many_patients_one_is_typed_and_named_in_the_address(crowd):
    at = browse()
    assert not [element for element in at.selectbox if element.label == "Patient"]
    at.text_input[0].set_value(" P601 ")
    checked(at.run())
    assert tiles(at) == [f"s{number}" for number in range(3005, 3010)] and at.query_params["patient"] == "P601"
    at = browse(patient="P602")
    assert at.text_input[0].value == "P602" and len(tiles(at)) == 5 and not at.sidebar.warning
    at.text_input[0].set_value("")
    checked(at.run())
    assert counted(at) == "**3,030** of 3,030 slices" and "patient" not in at.query_params


@pytest.mark.parametrize(
    ("typed", "like"),
    [("p60", "Names like it: P600, P601, P602, P603, P604."), ("x", "A name looks like P000.")],
)
def test_a_typed_patient_that_does_not_exist_is_told_with_names_like_it(crowd, typed, like):
    at = browse()
    at.text_input[0].set_value(typed)
    checked(at.run())
    assert [told.value for told in at.sidebar.warning] == [f"There is no patient “{typed}”. {like}"]
    assert counted(at) == "**0** of 3,030 slices" and "patient" not in at.query_params


def test_of_many_pages_one_is_typed_and_named_in_the_address(crowd):
    at = browse()
    [page] = at.number_input
    assert page.max == 101 and "of 101 pages" in [text.value for text in at.markdown]
    page.set_value(100)
    checked(at.run())
    assert tiles(at) == [f"s{number}" for number in range(2970, 3000)] and at.query_params["page"] == "100"
    assert tiles(browse(page="101"))[0] == "s3000"
