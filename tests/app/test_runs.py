"""The Runs page: what it lists, how it filters, lays curves over each other, links and deletes."""

from collections.abc import Callable

import pytest
from ended_runs import add_run
from streamlit.testing.v1 import AppTest

from mri_core.datasets.dataset import open_dataset
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.training.presets import make_spec
from mri_core.training.spec import TrainingSpec

Open = Callable[..., AppTest]


def queue(store: RunStore, dataset: str = "demo", **changes: object) -> Run:
    opened = open_dataset("demo", store.settings)
    return store.create(make_spec("dense", changes), dataset, opened.fingerprint, opened.label_names)


def failed(store: RunStore, **changes: object) -> Run:
    run = queue(store, **changes)
    store.finish(run.id, "failed", error="the process was killed")
    return run


def shown(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value.index)


def links(app: AppTest) -> dict[str, str]:
    return {link.value: link.proto.query_string for link in app.main.page_link}


def test_empty_home_leads_to_training(home, open_page: Open) -> None:
    app = open_page("runs")
    assert not app.exception
    assert app.info[0].value == "Nothing has been trained yet."
    assert list(links(app)) == ["Train a network"]


def test_a_run_is_listed_with_scores_cost_and_every_setting(trained, open_page: Open) -> None:
    app = open_page("runs")
    assert not app.exception
    run = RunStore(trained.settings).get(trained.run_id)
    best = run.history[run.best_epoch - 1]
    (row,) = app.dataframe[0].value.to_dict("records")
    assert (row["name"], row["status"], row["dataset"]) == (run.name, "finished", "demo")
    assert row["val_loss"] == best["val_loss"] == min(each["val_loss"] for each in run.history)
    assert (row["val_micro_f1"], row["val_macro_f1"]) == (best["val_micro_f1"], best["val_macro_f1"])
    assert (row["epochs_done"], row["best_epoch"]) == (3, run.best_epoch)
    assert row["duration"].total_seconds() == round(run.timing.seconds)
    assert row["images_per_second"] == run.timing.images_per_second
    assert row["peak_memory_mb"] == run.timing.peak_memory_mb
    assert (row["optimizer"], row["loss"], row["batch_size"]) == ("Adam", "binary cross-entropy", 64)
    assert set(TrainingSpec.model_fields) <= set(row)


def test_a_part_left_out_is_a_column_only_where_there_is_one(lab, trained, open_page: Open) -> None:
    assert "left_out" not in open_page("runs").dataframe[0].proto.column_order
    queue(lab, left_out=3)
    app = open_page("runs")
    order = list(app.dataframe[0].proto.column_order)
    assert order.count("left_out") == 1 and order.index("left_out") < order.index("val_micro_f1")
    assert app.dataframe[0].value["left_out"].tolist() == [3, 0]


def test_runs_are_filtered_by_status_and_text(lab, trained, open_page: Open) -> None:
    slow = failed(lab, learning_rate=0.00125)
    waiting = queue(lab)
    assert shown(open_page("runs")) == [waiting.id, slow.id, trained.run_id]
    app = open_page("runs", status=["failed", "queued"])
    assert shown(app) == [waiting.id, slow.id]
    app.text_input[0].set_value("SGD 0.00125").run()
    assert shown(app) == [slow.id]
    app.text_input[0].set_value("nothing like it").run()
    assert app.info[0].value == "No run fits the filters at the side."
    assert not app.exception


def test_the_picked_data_set_is_the_default_and_all_can_be_shown(lab, trained, open_page: Open) -> None:
    elsewhere = queue(lab, dataset="another")
    app = open_page("runs")
    assert shown(app) == [trained.run_id]
    next(each for each in app.selectbox if each.label == "Runs on").set_value("All data sets").run()
    assert shown(app) == [elsewhere.id, trained.run_id]
    assert shown(open_page("runs", all="yes")) == [elsewhere.id, trained.run_id]


def test_ticked_runs_are_laid_over_each_other_with_what_sets_them_apart(lab, trained, open_page: Open) -> None:
    other = failed(lab)
    app = open_page("runs", selected=[trained.run_id, other.id])
    assert not app.exception
    (chart,) = app.get("plotly_chart")
    name = lab.get(trained.run_id).name
    assert f'"{name}"' in chart.proto.spec and '"Loss: validation solid, training dashed"' in chart.proto.spec
    app.main.get("button_group")[0].set_value("macro_f1").run()
    assert "Macro-F1: validation solid" in app.get("plotly_chart")[0].proto.spec
    table = app.dataframe[1].value
    assert list(table.loc["Optimizer"]) == ["Adam", "SGD"]
    assert list(table.loc["Learning rate"]) == ["0.001", "0.01"]
    assert "Loss" not in table.index


def test_runs_of_the_same_settings_say_so(lab, open_page: Open) -> None:
    ids = [failed(lab).id, failed(lab).id]
    app = open_page("runs", selected=ids)
    captions = [caption.value for caption in app.caption]
    assert "None: these runs have the same settings." in captions
    assert any("there are no curves" in caption for caption in captions)


def test_one_ticked_run_can_be_opened(lab, trained, open_page: Open) -> None:
    assert set(links(open_page("runs"))) == set()
    found = links(open_page("runs", selected=trained.run_id))
    assert set(found) == {"Read its report", "Predict with it", "See its training"}
    assert all(trained.run_id in query for query in found.values())
    assert set(links(open_page("runs", selected=failed(lab).id))) == {"See why it failed"}
    assert set(links(open_page("runs", selected=queue(lab).id))) == {"Follow it live"}


def test_several_ended_runs_lead_to_their_comparison_the_oldest_first(lab, trained, open_page: Open) -> None:
    waiting, second, third = queue(lab), add_run(lab, trained.run_id), add_run(lab, trained.run_id)
    assert "Compare them" not in links(open_page("runs", selected=[trained.run_id, waiting.id]))
    found = links(open_page("runs", selected=[trained.run_id, third.id, waiting.id, second.id]))
    assert found["Compare them"] == f"selected={trained.run_id}&selected={second.id}&selected={third.id}"


def test_deleting_asks_once_and_names_the_runs(lab, open_page: Open) -> None:
    run = failed(lab)
    app = open_page("runs", selected=run.id)
    app.button[0].click().run()
    assert not app.exception
    assert f"{run.name}, failed" in "\n".join(text.value for text in app.text)
    assert "Delete this run" in [each.label for each in app.button]
    assert len(lab.list()) == 2


def question() -> None:
    """The dialog by itself: AppTest reruns the whole page at a click in a dialog, which closes it."""
    from app.ui import recorded
    from app.ui.deletion import confirm_deletion

    if chosen := [run for run in recorded.runs() if run.status != "finished"]:
        confirm_deletion(chosen)


def test_yes_deletes(lab, trained) -> None:
    runs = [failed(lab), queue(lab)]
    app = AppTest.from_function(question, default_timeout=60).run()
    app.button[0].click().run()
    assert not app.exception
    assert [each.id for each in lab.list()] == [trained.run_id]
    assert not any(run.folder.exists() for run in runs)


def test_a_run_that_started_meanwhile_is_kept_and_said_so(lab) -> None:
    run = queue(lab)
    app = AppTest.from_function(question, default_timeout=60).run()
    lab.start(run.id, process_of(), 1)
    app.button[0].click().run()
    assert not app.exception
    assert "is running, expected one that has ended" in app.error[0].value
    assert lab.get(run.id).status == "running"


@pytest.mark.parametrize("ticked", [False, True])
def test_a_running_run_is_not_deleted(lab, open_page: Open, ticked: bool) -> None:
    run = queue(lab)
    lab.start(run.id, process_of(), 1)
    app = open_page("runs", **({"selected": run.id} if ticked else {}))
    assert app.button[0].disabled
    assert app.button[0].help == ("Stop a run before you delete it." if ticked else "")


def test_older_runs_are_shown_when_asked_for(lab, trained, open_page: Open, monkeypatch) -> None:
    monkeypatch.setattr("app.ui.recorded.MOST_LISTED", 2)
    ids = [trained.run_id, *(queue(lab).id for _ in range(3))][::-1]
    app = open_page("runs")
    assert shown(app) == ids[:2] and "The newest 2 runs." in app.caption[0].value
    next(button for button in app.button if button.label == "Show older ones").click().run()
    assert shown(app) == ids and not any(button.label == "Show older ones" for button in app.button)
    assert shown(open_page("runs", most="4")) == ids
    for nonsense in ("-1", "1e9", "99999999999", "x"):
        assert shown(open_page("runs", most=nonsense)) == ids[:2]
