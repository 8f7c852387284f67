"""The Failures page: what it counts, lists and enlarges is what the stored predictions say."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mri_core.datasets.dataset import open_dataset
from mri_core.evaluation.predictions import Predictions, load_predictions, save_predictions
from mri_core.prediction.finding_errors import errors_by_finding
from mri_core.prediction.judged_run import open_judged_run
from mri_core.prediction.run_consistency import consistency_of
from mri_core.prediction.run_failures import find_failures
from mri_core.quality.checks import check_dataset
from mri_core.runs.store import RunStore

Open = Callable[..., AppTest]
PER_PAGE = 24


@pytest.fixture
def stored(trained) -> Predictions:
    return load_predictions(trained.settings.runs / trained.run_id, "test")


@pytest.fixture
def demo(trained):
    return open_dataset("demo", trained.settings).index.set_index("id")


def checked(app: AppTest) -> AppTest:
    assert not app.exception and not app.error
    return app


def tiles(app: AppTest) -> list[str]:
    """Ids of the slices in the gallery."""
    return [button.label.replace("\\", "") for button in app.button if (button.key or "").startswith("enlarge")]


def texts(app: AppTest) -> str:
    return "\n".join(each.value for each in (*app.main.markdown, *app.main.caption)).replace("\\", "")


def group(app: AppTest, label: str):
    return next(each for each in app.main.get("button_group") if each.label == label)


def worst_first(stored: Predictions) -> list[str]:
    given = np.where(stored.truth == 1, stored.probabilities, 1 - stored.probabilities)
    return stored.ids[np.argsort(np.log(given).mean(axis=1), kind="stable")].tolist()


def test_an_empty_home_leads_to_training(home, open_page: Open) -> None:
    app = checked(open_page("failures"))
    assert "nothing to judge" in app.info[0].value
    assert [link.value for link in app.main.page_link] == ["Train a network"]


def test_errors_are_counted_and_the_worst_slices_shown_first(trained, stored, demo, open_page: Open) -> None:
    app = checked(open_page("failures", run=trained.run_id, split="test"))
    wrong = ((stored.probabilities >= 0.5) != stored.truth).any(axis=1)
    assert f"**{wrong.sum()}** of {len(wrong)} test slices have an error on any label" in texts(app)
    expected = worst_first(stored)
    assert tiles(app) == expected[:PER_PAGE]
    captions = [each.value.replace("\\", "") for each in app.caption]
    facts = [text for text in captions if "loss " in text]
    assert [text.split(" · ")[0] for text in facts] == demo.loc[expected[:PER_PAGE], "patient"].tolist()
    truths = [text.split("\n")[0].strip() for text in captions if text.startswith("truth: ")]
    names = stored.label_names
    for slice_id, said in zip(expected[:PER_PAGE], truths, strict=True):
        assert said == f"truth: {' + '.join(name for name in names if demo.loc[slice_id, name]) or 'no finding'}"
    assert len(app.get("image")) == PER_PAGE
    assert len(app.get("plotly_chart")) == 4  # label sets, and three error rates


def test_pages_go_on_where_the_last_one_ended(trained, stored, open_page: Open) -> None:
    app = checked(open_page("failures", run=trained.run_id, split="test", page="2"))
    assert tiles(app) == worst_first(stored)[PER_PAGE : 2 * PER_PAGE]
    assert app.query_params["page"] == "2"
    group(app, "Show").set_value("false negatives").run()
    checked(app)
    assert "page" not in app.query_params and app.query_params["show"] == "false negatives"


def test_false_negatives_of_one_label(trained, stored, open_page: Open) -> None:
    column = 0
    app = checked(
        open_page(
            "failures", run=trained.run_id, split="test", label=stored.label_names[column], show="false negatives"
        )
    )
    missed = (stored.truth[:, column] == 1) & (stored.probabilities[:, column] < 0.5)
    places = np.flatnonzero(missed)
    order = places[np.argsort(stored.probabilities[places, column], kind="stable")]
    assert tiles(app) == stored.ids[order][:PER_PAGE].tolist()
    assert f"**{missed.sum()}** simulated test slices, worst first" in texts(app)
    errors = ((stored.probabilities >= 0.5) != stored.truth)[:, column].sum()
    assert f"**{errors}** of {len(missed)} test slices have an error on label 1" in texts(app)


def test_a_patient_s_slices_alone_until_all_are_wanted(trained, stored, demo, open_page: Open) -> None:
    patient = demo.loc[stored.ids[0], "patient"]
    app = checked(open_page("failures", run=trained.run_id, split="test", patient=patient))
    own = [one for one in worst_first(stored) if demo.loc[one, "patient"] == patient]
    assert tiles(app) == own[:PER_PAGE]
    table = app.dataframe[0].value
    wrong = ((stored.probabilities >= 0.5) != stored.truth).any(axis=1)
    of_patient = (demo.loc[stored.ids, "patient"] == patient).to_numpy()
    assert table.set_index("patient").loc[patient, "wrong"] == wrong[of_patient].sum()
    next(button for button in app.button if button.label.startswith("Only")).click()
    checked(app.run())
    assert tiles(app) == worst_first(stored)[:PER_PAGE] and "patient" not in app.query_params


def test_a_slice_is_enlarged_beside_the_model_s_view(trained, stored, demo, open_page: Open) -> None:
    expected = worst_first(stored)
    app = checked(open_page("failures", run=trained.run_id, split="test"))
    next(button for button in app.button if (button.key or "").startswith("enlarge")).click()
    checked(app.run())
    assert app.query_params["slice"] == expected[0]
    facts = " ".join(map(str, app.table[-1].value.to_numpy().ravel())).replace("\\", "")
    assert expected[0] in facts and demo.loc[expected[0], "patient"] in facts
    assert len(app.get("plotly_chart")) == 5
    assert "See it among its neighbours" in [link.value for link in app.get("page_link")]
    moves = {button.label: button for button in app.button if button.label in ("Worse", "Better")}
    assert moves["Worse"].disabled
    moves["Better"].click()
    checked(app.run())
    assert app.query_params["slice"] == expected[1]


def test_browse_opens_at_a_slice(trained, stored, demo, open_page: Open) -> None:
    slice_id = str(stored.ids[0])
    app = checked(open_page("browse", dataset="demo", slice=slice_id, patient=demo.loc[slice_id, "patient"]))
    assert slice_id in " ".join(map(str, app.table[0].value.to_numpy().ravel())).replace("\\", "")


def test_an_address_with_nonsense_shows_everything(trained, stored, open_page: Open) -> None:
    app = checked(
        open_page("failures", run=trained.run_id, split="test", label="cyst", show="x", patient="y", page="z")
    )
    assert tiles(app) == worst_first(stored)[:PER_PAGE]
    app = open_page("failures", run=trained.run_id, split="test", slice="nobody")
    assert "there is no slice 'nobody'" in app.error[0].value.replace("\\", "")
    assert len(tiles(app)) == PER_PAGE


def test_consistency_is_that_of_the_core(trained, open_page: Open) -> None:
    run = RunStore(trained.settings).get(trained.run_id)
    found = consistency_of(open_judged_run(run, "test", trained.settings))
    assert found is not None and found.hierarchy.parents
    app = checked(open_page("failures", run=trained.run_id, split="test"))
    tree, repairs = (table.value for table in app.table)
    assert [name.split("\u2002")[-1] for name in tree.index] == [name for name, _ in found.hierarchy.tree()]
    assert tree["Predicted here"].tolist()[1:] == [str(one.predicted) for one in found.broken]
    assert repairs["Slices that break the tree"].iloc[0] == str(found.inconsistent)
    assert "Nothing of this is stored" in texts(app)


def test_a_run_whose_data_set_is_gone_shows_what_is_left(lab, trained, stored, open_page: Open) -> None:
    shutil.rmtree(lab.settings.datasets / "demo")
    app = checked(open_page("failures", run=trained.run_id, split="test"))
    assert "is gone or has changed" in app.warning[0].value
    said = [each.value for each in app.info]
    assert any("Patients are unknown" in text for text in said) and any("training labels" in text for text in said)
    assert tiles(app) == worst_first(stored)[:PER_PAGE] and not app.get("image")
    assert len(app.get("plotly_chart")) == 2
    next(button for button in app.button if (button.key or "").startswith("enlarge")).click()
    checked(app.run())
    assert len(app.get("plotly_chart")) == 3 and any("no picture" in each.value for each in app.info)


def test_no_false_positive_is_said_in_words(lab, trained, open_page: Open) -> None:
    run = lab.get(trained.run_id)
    test = load_predictions(run.folder, "test")
    save_predictions(run.folder, {"test": replace(test, probabilities=np.minimum(test.probabilities, 0.4))})
    app = checked(open_page("failures", run=run.id, split="test", label="label 1", show="false positives"))
    assert any("There are no false positives of label 1" in each.value for each in app.info)
    assert not tiles(app)


def test_errors_are_set_against_what_the_checks_found(trained, open_page: Open) -> None:
    app = checked(open_page("failures", split="test"))
    assert "Check the data set" in [link.value for link in app.main.page_link]
    checked(app.switch_page("views/quality.py").run())
    next(button for button in app.button if button.label.startswith("Check ")).click().run()
    app = checked(open_page("failures", split="test"))
    judged = open_judged_run(RunStore(trained.settings).get(trained.run_id), "test", trained.settings)
    expected = errors_by_finding(find_failures(judged), check_dataset(judged.dataset).findings)
    tables = [each.value for each in app.main.dataframe if "finding" in each.value]
    if expected.empty:
        assert any("The checks found nothing on test slices" in each.value for each in app.main.info)
    else:
        assert tables[0]["wrong"].tolist() == expected["wrong"].tolist()
