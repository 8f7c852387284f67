"""The Report page: its numbers against scikit-learn, and what it says when there is nothing to judge."""

from collections.abc import Callable

import pytest
from sklearn.metrics import classification_report, roc_auc_score
from streamlit.testing.v1 import AppTest

from app.ui import judgements
from mri_core.datasets.dataset import open_dataset
from mri_core.evaluation.predictions import load_predictions
from mri_core.evaluation.thresholds import MANUAL, choose_threshold
from mri_core.prediction.model_file import save_thresholds
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.training.presets import PRESETS

Open = Callable[..., AppTest]
LABELS = ("label 1", "label 2", "label 3")


def queue(store: RunStore, dataset: str = "demo") -> Run:
    opened = open_dataset("demo", store.settings)
    return store.create(PRESETS["cnn"], dataset, opened.fingerprint, opened.label_names)


def links(app: AppTest) -> list[str]:
    return [link.value for link in app.main.page_link]


def test_empty_home_leads_to_training(home, open_page: Open) -> None:
    app = open_page("report")
    assert not app.exception
    assert "nothing to judge" in app.info[0].value
    assert links(app) == ["Train a network"]


@pytest.mark.parametrize("split", ["validation", "test"])
def test_scores_are_scikit_learns(trained, open_page: Open, split: str) -> None:
    app = open_page("report", run=trained.run_id, split=split)
    assert not app.exception
    stored = load_predictions(trained.settings.runs / trained.run_id, split)
    called = stored.probabilities >= 0.5
    theirs = classification_report(
        stored.truth, called.astype(int), target_names=LABELS, output_dict=True, zero_division=0
    )
    table = app.table[0].value
    for row in (*LABELS, "micro avg", "macro avg", "weighted avg", "samples avg"):
        for column, key in (("Precision", "precision"), ("Recall", "recall"), ("F1", "f1-score")):
            shown = table.loc[row, column]
            assert shown == f"{theirs[row][key]:.3f}" or shown == "undefined (nothing predicted)"
    for column, name in enumerate(LABELS):
        nothing = not called[:, column].any()
        assert (table.loc[name, "Precision"] == "undefined (nothing predicted)") == nothing
    assert f"Scores on {len(stored.ids)} {split} slices" in [each.value for each in app.subheader]
    whole, ranking, beside = (app.table[number].value for number in (1, 2, 3))
    assert whole.loc["Subset accuracy", "Score"].startswith(f"{(called == stored.truth).all(axis=1).mean():.3f}")
    area = roc_auc_score(stored.truth[:, 0], stored.probabilities[:, 0])
    assert ranking.loc["label 1", "ROC AUC"].startswith(f"{area:.3f}")
    assert beside.loc["Binary accuracy", "Predict nothing"] == f"{1 - stored.truth.mean():.3f}"
    assert list(beside.columns) == ["This run", "Predict nothing", "Predict everything", "Prevalence"]
    assert any("counts as zero" in caption.value for caption in app.caption)
    assert "Download as CSV" in [each.label for each in app.download_button]
    assert len(app.get("plotly_chart")) == len(LABELS) + 2


def test_the_split_can_be_switched(trained, open_page: Open) -> None:
    app = open_page("report")
    app.main.get("button_group")[0].set_value("test").run()
    assert not app.exception
    slices = len(load_predictions(trained.settings.runs / trained.run_id, "test").ids)
    assert f"Scores on {slices} test slices" in [each.value for each in app.subheader]


def test_the_newest_run_with_results_is_shown_and_the_facts_are_its_own(lab, trained, open_page: Open) -> None:
    lab.finish(queue(lab).id, "failed")
    app = open_page("report")
    run = lab.get(trained.run_id)
    assert run.name in [each.value for each in app.subheader]
    assert len(next(each for each in app.selectbox if each.label == "Run").options) == 1
    settings, facts = (each.value.set_index(each.value.columns[0])["Value"] for each in app.dataframe)
    assert settings["Architecture"] == "Dense" and settings["Learning rate"] == "0.001"
    assert facts["Parameters"] == f"{run.parameters:,}"
    assert facts["Run"] == run.id
    assert float(facts["Largest difference of ONNX to Keras"]) <= 1e-5
    assert any("Thresholds stored with the model: label 1 from 0.5" in caption.value for caption in app.caption)


def test_a_run_without_results_says_why_and_where_to_go(lab, open_page: Open) -> None:
    running, failed, stopped = queue(lab), queue(lab), queue(lab)
    lab.start(running.id, process_of(), 1)
    lab.finish(failed.id, "failed", error="killed")
    lab.request_stop(stopped.id)
    for run, words, link in (
        (running, "This run is running", "Follow it live"),
        (failed, "This run failed", "See why"),
        (stopped, "stopped before its first epoch", "Train again"),
    ):
        app = open_page("report", run=run.id)
        assert not app.exception
        assert words in "".join(each.value for each in (*app.info, *app.error))
        assert links(app) == [link]
        assert not app.table


def test_predictions_that_are_gone_are_said_in_words(lab, trained, open_page: Open) -> None:
    (lab.get(trained.run_id).folder / "predictions.parquet").unlink()
    app = open_page("report", run=trained.run_id)
    assert not app.exception
    assert "the run has no predictions yet" in app.error[0].value


def test_an_unknown_run_is_said_in_words(trained, open_page: Open) -> None:
    app = open_page("report", run="nonsense")
    assert not app.exception
    assert "there is no run 'nonsense'" in app.error[0].value


def test_the_model_card_is_made_only_when_it_is_asked_for(trained, open_page: Open, monkeypatch) -> None:
    made = []
    monkeypatch.setattr("app.ui.judgements.make_card", lambda run, settings: made.append(run))
    app = open_page("report", run=trained.run_id)
    assert not app.exception and made == []
    cards = [each for each in app.download_button if each.proto.deferred_file_id]
    assert [each.label for each in cards] == ["Download as one HTML file", "Download as one JSON file"]


def test_the_card_follows_the_models_thresholds(lab, trained, open_page: Open) -> None:
    run = lab.get(trained.run_id)
    before = judgements.card(run)
    assert judgements.card(run) is before and before.description.thresholds["label 1"] == 0.5
    stored = before.judged["validation"].stored
    save_thresholds(run.folder, [choose_threshold(stored, "label 1", MANUAL, 0.3)])
    after = judgements.card(run)
    assert after.description.thresholds["label 1"] == 0.3
    assert after.reports["test"].evaluation.thresholds[0] == 0.3
