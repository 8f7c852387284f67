"""Suspected label errors on the Quality page: who judges, what is in doubt, and leaving it out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from judges_support import add_judges, planted_in
from streamlit.testing.v1 import AppTest

from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.prediction.out_of_fold import cross_validations
from mri_core.prediction.run_label_errors import LabelErrors, find_label_errors
from mri_core.runs.store import RunStore
from mri_core.training.presets import PRESETS

Open = Callable[..., AppTest]


@pytest.fixture
def dataset(lab: RunStore) -> Dataset:
    return open_dataset("demo", lab.settings)


@pytest.fixture
def judged(lab: RunStore, trained, dataset: Dataset) -> LabelErrors:
    """Five networks that know which labels are wrong, and what they find."""
    add_judges(lab, trained.run_id, dataset, planted_in(dataset), range(1, 6))
    return find_label_errors(cross_validations(lab.list("demo"), dataset)[0].runs, dataset)


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    ids: list[str] = []
    monkeypatch.setattr("mri_core.training.start.submit", lambda run_id, settings: ids.append(run_id))
    return ids


def page(open_page: Open, **address: str) -> AppTest:
    return checked(open_page("quality", look="labels", **address))


def checked(app: AppTest) -> AppTest:
    assert not app.exception and not app.error
    return app


def texts(app: AppTest) -> str:
    shown = (*app.main.markdown, *app.main.caption, *app.main.info, *app.main.success)
    return "\n".join(each.value for each in shown).replace("\\", "")


def button(app: AppTest, begins: str):
    return next(each for each in app.button if each.label.startswith(begins))


def enlarged(app: AppTest) -> list[str]:
    return [each.label.replace("\\", "") for each in app.button if (each.key or "").startswith("enlarge suspect")]


def test_without_a_network_five_are_offered(lab: RunStore, trained, open_page: Open, handed) -> None:
    lab.delete(trained.run_id)
    app = page(open_page)
    assert "No network trained on this data set yet" in texts(app)
    assert "5 networks of the same settings each leave out one part" in texts(app)
    assert "not known before one has been trained" in texts(app)
    button(app, "Train 5 networks to judge all slices").click()
    app = checked(app.run())
    queued = lab.list("demo", statuses=("queued",))
    assert sorted(run.spec.left_out for run in queued) == [1, 2, 3, 4, 5] and len(handed) == 5
    assert {run.spec.model_copy(update={"left_out": 0}) for run in queued} == {PRESETS["recommended-fast"]}
    assert "5 networks still to be trained" in texts(app)
    assert not [each for each in app.button if each.label.startswith("Train")]


def test_one_run_judges_at_once_what_it_never_learnt_from(lab, trained, dataset, open_page: Open, handed) -> None:
    app = page(open_page)
    held_out = len(dataset.rows("validation")) + len(dataset.rows("test"))
    assert f"{held_out} of 300 slices" in texts(app)
    assert "About" in texts(app) and "It goes on when this page is closed" in texts(app)
    button(app, "Train 5 networks").click()
    checked(app.run())
    spec = lab.get(trained.run_id).spec
    assert {lab.get(run_id).spec.model_copy(update={"left_out": 0}) for run_id in handed} == {spec}


def test_five_networks_judge_all_slices_the_surest_first(judged: LabelErrors, open_page: Open, monkeypatch) -> None:
    monkeypatch.setattr("app.ui.gallery.PER_PAGE", 6)
    app = page(open_page)
    assert "Judged were 300 of 300 slices" in texts(app)
    assert not [each for each in app.button if each.label.startswith("Train")]
    first = judged.suspects(judged.ranked()[:6])
    assert len(first) == 6 and enlarged(app) == [one.id for one in first]
    for one in first:
        assert f"given: {one.labels_in_words}" in texts(app)
        for name, quality in one.doubted.items():
            how = "given" if name in one.labels else "not given"
            told = f"**{name} {how}**, networks {one.probabilities[name]:.3f}, quality {quality:.3f}"
            assert told in texts(app)
    assert ", all 5 parts" in app.sidebar.selectbox[1].options[0]
    app = page(open_page, page="2")
    assert enlarged(app) == [one.id for one in judged.suspects(judged.ranked()[6:12])]


def test_a_label_is_chosen_and_kept_in_the_address(judged: LabelErrors, open_page: Open) -> None:
    app = page(open_page, label="label 2")
    assert enlarged(app) == [one.id for one in judged.suspects(judged.ranked("label 2")[:24])]
    assert app.query_params["label"] in ("label 2", ["label 2"])
    assert app.query_params["look"] in ("labels", ["labels"])


def test_a_slice_is_shown_large_beside_the_networks_view(judged: LabelErrors, open_page: Open) -> None:
    one, after = judged.suspects(judged.ranked()[:2])
    app = page(open_page, slice=one.id)
    assert one.why in app.table[0].value.to_string().replace("\\", "")
    assert button(app, "Surer").disabled
    button(app, "Less sure").click()
    app = checked(app.run())
    assert app.query_params["slice"] in (after.id, [after.id])
    app = open_page("quality", look="labels", slice="nowhere")
    assert "no label of slice 'nowhere' is in doubt" in app.error[0].value.replace("\\", "")


def test_the_first_ones_are_left_out_when_asked(judged: LabelErrors, open_page: Open) -> None:
    app = page(open_page)
    app.number_input[0].set_value(7)
    app = checked(app.run())
    button(app, "Leave them out in a new version").click()
    app = checked(app.run())
    asked = "\n".join(each.value for each in app.markdown).replace("\\", "")
    assert "7 of 300 slices of demo are left out" in asked and "Suspected label errors: 7 slices" in asked


def test_going_back_to_the_data_clears_the_address(judged: LabelErrors, open_page: Open) -> None:
    app = page(open_page, label="label 2")
    app.main.get("button_group")[0].set_value("data")
    app = checked(app.run())
    assert "label" not in app.query_params and "look" not in app.query_params
    assert button(app, "Check 300 slices")
