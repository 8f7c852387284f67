from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mri_core.datasets.dataset import SPLITS, open_dataset

HOME = Path(__file__).resolve().parents[2] / "app" / "Home.py"


def labels_page() -> AppTest:
    at = AppTest.from_file(str(HOME), default_timeout=60).run()
    at.switch_page("views/labels.py").run()
    assert not at.exception
    return at


def test_an_empty_home_says_where_to_make_a_data_set(home):
    at = labels_page()
    assert at.info[0].value == "There is no data set yet."
    assert at.get("page_link")[0].label == "Make or bring a data set"


def test_the_table_counts_each_split(trained):
    at = labels_page()
    dataset = open_dataset("demo", trained.settings)
    table = at.dataframe[0].value.set_index("split")
    assert list(table.index) == list(SPLITS)
    for split in SPLITS:
        rows = dataset.index[dataset.index["split"] == split]
        carried = rows[list(dataset.label_names)].sum(axis=1)
        none = int((carried == 0).sum())
        assert table.loc[split, "slices"] == str(len(rows))
        assert table.loc[split, "none"] == f"{none} ({100 * none / len(rows):.1f} %)"
        for i, name in enumerate(dataset.label_names):
            positives = int(rows[name].sum())
            assert table.loc[split, f"label {i}"] == f"{positives} ({100 * positives / len(rows):.1f} %)"
        assert table.loc[split, "cardinality"] == f"{carried.mean():.3f}"
        assert table.loc[split, "density"] == f"{carried.mean() / 3:.3f}"
    assert at.caption[0].value.startswith("300 simulated slices of ")


def test_every_column_that_a_student_would_ask_about_is_explained(trained):
    columns = json.loads(labels_page().dataframe[0].proto.columns)
    explained = {config["label"] for config in columns.values() if config.get("help")}
    assert {"No finding", "label 1", "Cardinality", "Density"} <= explained


def test_differences_between_splits_are_told_in_words(trained):
    at = labels_page()
    index = open_dataset("demo", trained.settings).index
    told = "\n".join(warning.value for warning in at.warning)
    for split in SPLITS[1:]:
        for label in ("label 1", "label 2", "label 3"):
            prevalence = index.groupby("split", observed=True)[label].mean()
            difference = prevalence[split] - prevalence["train"]
            more = "more" if difference > 0 else "less"
            words = f"{label} is {abs(difference) * 100:.1f} points {more} frequent in {split}"
            assert (words in told) == (abs(difference) > 0.03)


def test_three_charts_and_a_download(trained):
    at = labels_page()
    assert len(at.get("plotly_chart")) == 3
    titles = [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in at.get("plotly_chart")]
    assert titles == ["Prevalence by split", "Labels that occur together", "Label sets by frequency"]
    assert at.get("download_button")[0].label == "Download as CSV"


@pytest.mark.parametrize("address", ["demo", "nothing"])
def test_the_page_opens_from_an_address(trained, address):
    at = AppTest.from_file(str(HOME), default_timeout=60)
    at.query_params["dataset"] = address
    at.run().switch_page("views/labels.py").run()
    assert not at.exception and at.query_params["dataset"] == "demo"
