"""The Map page, and similar slices wherever a slice is opened."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.embedding import map as maps
from mri_core.embedding.embedding import embed, kept_embedding
from mri_core.embedding.kept import keep
from mri_core.embedding.similar import similar_slices
from mri_core.prediction.outcomes import OUTCOMES

Open = Callable[..., AppTest]


@pytest.fixture
def demo(lab) -> Dataset:
    """The data set, as if no slice of it had been looked at."""
    st.cache_resource.clear()  # the same data set stays open from a home of another test
    dataset = open_dataset("demo", lab.settings)
    shutil.rmtree(dataset.folder / "derived", ignore_errors=True)
    return dataset


@pytest.fixture
def mapped(demo: Dataset) -> Dataset:
    """The same with a map, made of no more than two of its numbers."""
    points = np.array([(row, x, y) for row, (x, y) in enumerate(embed(demo)[:, :2])], dtype=maps._POINT)
    keep(demo, maps._KEPT, points)
    return demo


def checked(app: AppTest) -> AppTest:
    assert not app.exception and not app.error
    return app


def box(app: AppTest, label: str):
    return next(each for each in app.main.selectbox if each.label == label)


def drawn(app: AppTest) -> dict[str, list[str]]:
    """Name in the legend -> ids of the points of the map."""
    [chart] = app.main.get("plotly_chart")
    return {
        trace["name"].rsplit(" (", 1)[0]: [one for [one] in trace["customdata"]]
        for trace in json.loads(chart.proto.spec)["data"]
    }


def texts(app: AppTest) -> str:
    return "\n".join(each.value for each in (*app.markdown, *app.caption)).replace("\\", "")


def similar_ids(app: AppTest) -> list[str]:
    return [one.label.replace("\\", "") for one in app.button if (one.key or "").startswith("similar")]


def test_an_empty_home_says_where_to_make_a_data_set(home, open_page: Open) -> None:
    assert checked(open_page("map")).info[0].value == "There is no data set yet."


def test_a_few_slices_have_no_map(home, open_page: Open) -> None:
    rows = [{"id": f"s{i}", "patient": None, "split": "train", "source": "", "position": i, "a": 1} for i in range(3)]
    with DatasetBuilder(home, "few", ("a",), (8, 8), 3) as builder:
        builder.add(np.zeros((3, 8, 8), dtype=np.uint8), rows)
        builder.finish(simulated=False, provenance={})
    app = checked(open_page("map"))
    assert "at least 10 slices, and this data set has 3" in app.info[0].value and not app.main.button


def test_a_map_is_made_when_it_is_asked_for(demo: Dataset, open_page: Open) -> None:
    app = checked(open_page("map"))
    assert [button.label for button in app.main.button] == ["Map 300 slices"] and not app.main.get("plotly_chart")
    assert kept_embedding(demo) is None
    app.main.button[0].click()
    app = checked(app.run())
    assert sorted(one for ids in drawn(app).values() for one in ids) == sorted(demo.index["id"])
    # It stays made: another session opens it at once.
    assert drawn(checked(open_page("map"))) == drawn(app)


def test_points_are_coloured_by_what_is_chosen(mapped: Dataset, open_page: Open) -> None:
    index = mapped.index
    app = checked(open_page("map"))
    assert sorted(drawn(app)["no finding"]) == index["id"][~mapped.truth.any(axis=1)].tolist()
    box(app, "Colour by").set_value("one label")
    app = checked(app.run())
    box(app, "Label").set_value("label 2")
    app = checked(app.run())
    assert app.query_params["colour"] == "one label" and app.query_params["label"] == "label 2"
    assert drawn(app)["with label 2"] == index["id"][index["label 2"] == 1].tolist()
    assert drawn(checked(open_page("map", colour="one label", label="label 2"))) == drawn(app)
    by_split = drawn(checked(open_page("map", colour="split")))
    assert by_split == {name: index["id"][index["split"] == name].tolist() for name in ("train", "validation", "test")}
    assert len(drawn(checked(open_page("map", colour="nonsense", label="cyst")))) > 1
    assert "Simulated slices. Click a point" in texts(app)


def test_errors_of_a_run(mapped: Dataset, trained, open_page: Open) -> None:
    app = checked(open_page("map", colour="errors of a run"))
    assert box(app, "Run").value == trained.run_id and app.query_params["run"] == trained.run_id
    found = drawn(app)
    assert set(found) == set(OUTCOMES)
    train = mapped.index["id"][mapped.index["split"] == "train"]
    assert found["not judged"] == train.tolist()


def test_without_a_run_there_are_no_errors(mapped: Dataset, lab, trained, open_page: Open) -> None:
    lab.delete(trained.run_id)
    app = checked(open_page("map", colour="errors of a run"))
    assert "No training on this version of the data" in app.info[0].value and not app.main.get("plotly_chart")


@pytest.mark.parametrize("page", ["map", "browse"])
def test_an_opened_slice_shows_those_like_it(mapped: Dataset, open_page: Open, page: str) -> None:
    vectors, slice_id = embed(mapped), mapped.index["id"][45]
    app = checked(open_page(page, slice=slice_id))
    facts = " ".join(map(str, app.table[0].value.to_numpy().ravel())).replace("\\", "")
    assert slice_id in facts
    expected = [one.record.id for one in similar_slices(mapped, vectors, 45, 6)]
    assert similar_ids(app) == expected
    next(one for one in app.button if one.label.replace("\\", "") == expected[2] and "similar" in one.key).click()
    assert checked(app.run()).query_params["slice"] == expected[2]


def test_slices_are_looked_at_when_that_is_asked_for(demo: Dataset, open_page: Open) -> None:
    app = checked(open_page("browse", slice=demo.index["id"][45]))
    assert not similar_ids(app) and "all 300 slices are looked at" in texts(app)
    assert "Find similar slices" in [one.label for one in app.button] and kept_embedding(demo) is None


def test_a_slice_that_does_not_exist_is_named(mapped: Dataset, open_page: Open) -> None:
    app = open_page("map", slice="nobody")
    assert "there is no slice 'nobody'" in app.error[0].value.replace("\\", "") and len(drawn(app)) > 1
