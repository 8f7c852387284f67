"""Champions on the pages: the question and its comparison, the marks, the history, and where Predict starts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from champion_support import alike, changeable, leaving_out, right, rival, wrong
from streamlit.testing.v1 import AppTest

from mri_core.prediction.challenge import challenge
from mri_core.runs.champions import champion_of, promote, promotions
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore

Open = Callable[..., AppTest]


@pytest.fixture
def lab(trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """The trained home with each slice a patient of its own, as a copy that tests may change."""
    return changeable(trained.settings.root, tmp_path / "lab", monkeypatch)


@pytest.fixture
def run(lab: RunStore, trained) -> Run:
    return lab.get(trained.run_id)


def crown(store: RunStore, run: Run) -> None:
    promote(store.settings, run, challenge(run, store.champion(run.dataset_name), store.settings).grounds())


def champion_id(store: RunStore) -> str | None:
    found = champion_of(store.settings, "demo")
    return found.run_id if found else None


def labels(app: AppTest) -> list[str]:
    return [each.label for each in app.button]


def button(app: AppTest, label: str):
    return next(each for each in app.button if each.label == label)


def badges(app: AppTest) -> str:
    return "\n".join(each.value for each in app.main.markdown)


def question() -> None:
    """The dialog by itself, about the newest run: AppTest reruns the whole page at a click in a dialog."""
    from app.ui import recorded
    from app.ui.promotion import confirm_promotion

    newest = recorded.runs()[0]
    champion = recorded.champion("demo")
    if champion is None or champion.id != newest.id:
        confirm_promotion(newest)


def ask() -> AppTest:
    app = AppTest.from_function(question, default_timeout=60).run()
    assert not app.exception and not app.error
    return app


def test_the_report_offers_the_title_and_asks_first(lab, run, open_page: Open) -> None:
    app = open_page("report", run=run.id)
    assert "Champion" not in badges(app)
    button(app, "Make champion").click().run()
    assert not app.exception
    assert "Make it the champion" in labels(app)
    assert "Data set 'demo' has no champion yet." in app.info[0].value.replace("\\", "")
    assert champion_id(lab) is None


def test_yes_makes_the_first_champion_and_the_report_says_so(lab, run, open_page: Open) -> None:
    app = ask()
    score = challenge(run, None, lab.settings).scores["micro_f1"]
    assert app.table[0].value.loc["Micro-F1"].tolist() == [f"{score:.3f}"]
    app.button[0].click().run()
    assert not app.exception and not app.error
    assert champion_id(lab) == run.id
    page = open_page("report", run=run.id)
    assert "violet-badge" in badges(page) and "Champion" in badges(page)
    assert "Make champion" not in labels(page)


def test_the_comparison_is_shown_with_its_interval_and_verdict(lab, run) -> None:
    champion = rival(lab, run, wrong)
    crown(lab, champion)
    better = rival(lab, run, right)
    app = ask()
    assert f"{better.name} is better than the champion {champion.name} beyond chance" in app.success[0].value
    found = challenge(better, champion, lab.settings).differences["macro_f1"]
    row = app.table[0].value.loc["Macro-F1"].tolist()
    assert row[:2] == [f"{found.a:.3f}", f"{found.b:.3f}"]
    assert row[2] == f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})" or found.reason in row[2]
    assert any("validation slices" in caption.value for caption in app.caption)
    assert app.button[0].label == "Make it the champion"


def test_a_worse_run_is_warned_of_and_can_be_promoted_all_the_same(lab, run) -> None:
    crown(lab, rival(lab, run, right))
    worse = rival(lab, run, wrong)
    app = ask()
    assert "is worse than the champion" in app.warning[0].value
    assert app.button[0].label == "Make it the champion all the same"
    app.button[0].click().run()
    assert champion_id(lab) == worse.id
    assert promotions(lab.settings, "demo")[0].grounds.verdict == "worse beyond chance"


def test_a_run_that_left_out_a_part_of_the_patients_is_warned_of(lab, run) -> None:
    assert not ask().warning
    judge = rival(lab, leaving_out(run, 4), right)
    caution = challenge(judge, None, lab.settings).caution
    assert caution and [each.value.replace("\\", "") for each in ask().warning] == [caution]


def test_another_champion_meanwhile_is_compared_with_before_anything_happens(lab, run) -> None:
    other = rival(lab, run, right)
    newest = rival(lab, run, alike)
    app = ask()
    crown(lab, other)
    app.button[0].click().run()
    assert not app.exception
    assert champion_id(lab) == other.id
    assert other.name in app.warning[0].value
    app.button[0].click().run()
    assert champion_id(lab) == newest.id


def test_a_run_whose_predictions_are_gone_is_said_in_words(lab, run) -> None:
    (run.folder / "predictions.parquet").unlink()
    app = AppTest.from_function(question, default_timeout=60).run()
    assert not app.exception
    assert "the run has no predictions yet" in app.error[0].value
    assert not app.button


def test_the_runs_page_marks_the_champion_and_keeps_its_history(lab, run, open_page: Open) -> None:
    assert "champion" not in open_page("runs").dataframe[0].proto.column_order
    other = rival(lab, run, right)
    crown(lab, run)
    crown(lab, other)
    app = open_page("runs")
    assert not app.exception
    assert app.dataframe[0].value["champion"].to_dict() == {other.id: "★", run.id: ""}
    assert app.expander[0].label == "Champions of demo"
    history = app.dataframe[-1].value
    assert history["name"].tolist() == [other.name, run.name]
    assert history["champion"].tolist() == ["★", ""]
    assert history["verdict"].tolist()[1] == "first"
    expected = [one.grounds.scores["micro_f1"] for one in promotions(lab.settings, "demo")]
    assert history["micro_f1"].tolist() == expected


def test_one_ticked_run_can_be_promoted_from_the_runs_page(lab, run, open_page: Open) -> None:
    other = rival(lab, run, right)
    assert "Make champion" not in labels(open_page("runs", selected=[run.id, other.id]))
    app = open_page("runs", selected=run.id)
    button(app, "Make champion").click().run()
    assert not app.exception and "Make it the champion" in labels(app)
    crown(lab, run)
    assert "Make champion" not in labels(open_page("runs", selected=run.id))


def test_deleting_the_champion_warns(lab, run, open_page: Open) -> None:
    crown(lab, run)
    app = open_page("runs", selected=run.id)
    button(app, "Delete").click().run()
    assert not app.exception
    assert "is the champion of demo" in app.warning[0].value


def picker(app: AppTest):
    assert not app.exception
    return next(each for each in app.sidebar.multiselect if each.label == "Runs")


def test_predict_starts_with_the_champion_and_the_address_decides(lab, run, open_page: Open) -> None:
    newer = rival(lab, run, right)
    assert picker(open_page("predict")).value == [newer.id]
    crown(lab, run)
    chosen = picker(open_page("predict"))
    assert chosen.value == [run.id]
    assert [option.startswith("★") for option in chosen.options] == [True, False]
    assert picker(open_page("predict", run=newer.id)).value == [newer.id]
    assert picker(open_page("predict", run="f" * 32)).value == [run.id]
    lab.delete(run.id)
    assert picker(open_page("predict")).value == [newer.id]
