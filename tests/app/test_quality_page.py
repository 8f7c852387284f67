"""The Quality page: it checks when asked, shows what the core finds, and makes a new version when that is wanted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.ui import cache
from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import list_datasets, open_dataset
from mri_core.quality.checks import check_dataset
from mri_core.settings import Settings

Open = Callable[..., AppTest]
COPIES = 30


@pytest.fixture
def faulty(trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with data set "faulty": 200 slices of the demo set, copies of some in another split, and a black one."""
    demo = open_dataset("demo", trained.settings)
    settings = Settings(home=tmp_path / "faulty")
    monkeypatch.setenv("MRI_HOME", str(settings.root))
    rows = demo.index.drop(columns="checksum").astype(object).to_dict("records")[:200]
    rows = [row | {"split": ("train", "validation", "test")[i % 3]} for i, row in enumerate(rows)]
    rows += [rows[i] | {"id": f"copy *{i}*", "split": rows[i + 1]["split"]} for i in range(COPIES)]
    rows += [rows[1] | {"id": "black"}]
    pixels = np.concatenate([demo.pixels[:200], demo.pixels[:COPIES], 0 * demo.pixels[:1]])
    with DatasetBuilder(settings, "faulty", demo.label_names, demo.image_shape, len(rows)) as builder:
        builder.add(pixels, rows)
        builder.finish(simulated=True, provenance={})
    return settings


def checked(app: AppTest) -> AppTest:
    assert not app.exception and not app.error
    return app


def press(app: AppTest, begins: str) -> AppTest:
    next(button for button in app.button if button.label.startswith(begins)).click()
    return app.run()


def findings_page(open_page: Open, **address: str) -> AppTest:
    app = open_page("quality", **address)
    return checked(press(app, "Check") if any(button.label.startswith("Check") for button in app.button) else app)


def texts(app: AppTest) -> str:
    return "\n".join(each.value for each in (*app.main.markdown, *app.main.caption)).replace("\\", "")


def test_an_empty_home_says_where_to_make_a_data_set(home, open_page: Open) -> None:
    app = checked(open_page("quality"))
    assert app.info[0].value == "There is no data set yet."


def test_nothing_is_checked_before_it_is_asked_for(faulty: Settings, open_page: Open) -> None:
    app = checked(open_page("quality"))
    assert [button.label for button in app.main.button] == ["Check 231 slices"]
    assert "What is looked for" in texts(app) and not app.dataframe
    assert cache.quality(open_dataset("faulty", faulty).header) is None


def test_findings_are_those_of_the_core_the_worst_first(faulty: Settings, open_page: Open) -> None:
    app = findings_page(open_page)
    expected = check_dataset(open_dataset("faulty", faulty)).findings
    table = app.dataframe[0].value
    assert table["Finding"].tolist() == [finding.title for finding in expected]
    assert table["How many"].iloc[0] == f"{COPIES} pairs" and expected[0].name == "exact-across"
    assert app.query_params["finding"] == "exact-across" or app.query_params["finding"] == ["exact-across"]
    for said in (expected[0].summary, expected[0].meaning, expected[0].advice):
        assert said in texts(app)
    # It stays known: the page opens at once, in another session too.
    again = checked(open_page("quality"))
    assert again.dataframe[0].value.equals(table)


def test_pairs_are_shown_side_by_side_and_paged(faulty: Settings, open_page: Open) -> None:
    app = findings_page(open_page, finding="exact-across")
    dataset = open_dataset("faulty", faulty)
    finding = next(one for one in check_dataset(dataset).findings if one.name == "exact-across")
    ids = dataset.index["id"].to_numpy()
    shown = [link.label.replace("\\", "") for link in app.main.get("page_link")]
    assert shown == ids[finding.pairs[:24]].ravel().tolist()
    app = findings_page(open_page, finding="exact-across", page="2")
    shown = [link.label.replace("\\", "") for link in app.main.get("page_link")]
    assert shown == ids[finding.pairs[24:]].ravel().tolist()


def test_a_finding_is_opened_from_the_address(faulty: Settings, open_page: Open) -> None:
    app = findings_page(open_page, finding="blank")
    assert "Blank slices" in [each.value for each in app.subheader]
    assert [link.label for link in app.main.get("page_link")] == ["black"]
    app = findings_page(open_page, finding="leaked-patients")
    leaked = app.dataframe[1].value
    splits = open_dataset("faulty", faulty).index.groupby("patient")["split"].nunique()
    assert sorted(leaked["Patient"]) == sorted(splits.index[splits > 1])
    checked(findings_page(open_page, finding="nonsense", page="x"))


def test_leaving_out_is_asked_first_naming_what_goes(faulty: Settings, open_page: Open) -> None:
    app = checked(press(findings_page(open_page, finding="exact-across"), f"Leave {COPIES} slices out"))
    asked = "\n".join(each.value for each in app.markdown).replace("\\", "")
    assert f"{COPIES} of 231 slices of faulty are left out" in asked
    assert f"- Exact duplicates across splits: {COPIES} slices" in asked
    assert app.text_input[0].value == "faulty v2" and [h.name for h in list_datasets(faulty)] == ["faulty"]


def question() -> None:
    """The dialog by itself: AppTest reruns the whole page at a click in a dialog, which closes it."""
    from app.ui import excluding, state
    from mri_core.quality.checks import check_dataset

    state.pick_dataset()
    dataset = state.dataset()
    if dataset is not None and dataset.name == "faulty":
        excluding.confirm(dataset, check_dataset(dataset, ["exact-duplicates"]).findings)


def test_yes_makes_the_version_and_switches_to_it(faulty: Settings, open_page: Open) -> None:
    app = checked(AppTest.from_function(question, default_timeout=60).run())
    app = checked(press(app, "Make the new version"))
    assert {header.name: header.slices for header in list_datasets(faulty)} == {"faulty": 231, "faulty v2": 201}
    assert app.selectbox(key="dataset_picker").value == "faulty v2"
    app = checked(open_page("quality", dataset="faulty v2"))
    assert "A version of faulty without 30 of its slices" in texts(app) and "exact-across (30)" in texts(app)
    assert [button.label for button in app.main.button] == ["Check 201 slices"]


def test_a_name_that_is_taken_is_refused_in_words(faulty: Settings) -> None:
    app = checked(AppTest.from_function(question, default_timeout=60).run())
    app.text_input[0].set_value("faulty").run()
    app = press(app, "Make the new version")
    assert "there is a data set 'faulty' already" in app.error[0].value.replace("\\", "")
    assert [header.name for header in list_datasets(faulty)] == ["faulty"]


def test_a_set_without_faults_is_all_clear(trained, tmp_path, monkeypatch, open_page: Open) -> None:
    demo = open_dataset("demo", trained.settings)
    monkeypatch.setenv("MRI_HOME", str(tmp_path / "clear"))
    random = np.random.default_rng(0)
    names = ("a", "b")
    rows = [
        {
            "id": f"s{i}",
            "patient": f"p{i}",
            "split": ("train", "validation", "test")[i % 3],
            "source": "",
            "position": i,
        }
        | {name: int(i // 3 % 2 == place) for place, name in enumerate(names)}
        for i in range(240)
    ]
    pixels = demo.pixels[random.permutation(240)]
    with DatasetBuilder(Settings(), "clear", names, demo.image_shape, len(rows)) as builder:
        builder.add(pixels, rows)
        builder.finish(simulated=True, provenance={})
    app = findings_page(open_page)
    assert app.success[0].value == "Nothing was found in 240 slices by 7 checks." and not app.dataframe
