"""The Train page: starting a run, and following one through its life."""

import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from mri_core.datasets.dataset import open_dataset
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Progress, Run, Timing
from mri_core.runs.store import RunStore
from mri_core.training.presets import PRESETS, make_spec

Open = Callable[..., AppTest]
START = "Start training"


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.info, *app.error, *app.warning))


def links(app: AppTest) -> list[str]:
    return [link.value for link in app.main.page_link]


def button(app: AppTest, label: str):
    return next(each for each in app.button if each.label == label)


def queue(store: RunStore, **changes: object) -> Run:
    dataset = open_dataset("demo", store.settings)
    return store.create(make_spec("cnn", changes), "demo", dataset.fingerprint, dataset.label_names)


def row(epoch: int, label_names: tuple[str, ...]) -> dict:
    names = ("loss", "micro_f1", "macro_f1", "binary_accuracy", "subset_accuracy")
    scores = {f"{part}{name}": 1 / (epoch + k) for k, name in enumerate(names) for part in ("", "val_")}
    f1 = dict.fromkeys(label_names, 0.25 * epoch)
    return {"epoch": epoch, **scores, "f1": f1, "val_f1": f1, "seconds": 2.0}


def progress(**changes: object) -> Progress:
    start = {"epoch": 3, "epochs": 20, "step": 30, "steps": 120, "seconds_left": 192.0, "patience_left": 3}
    return Progress(**{**start, "phase": "training", "updated": time.time(), **changes})


def running(store: RunStore, epochs: int = 2) -> Run:
    run = queue(store)
    store.start(run.id, process_of(), 33_923)
    for epoch in range(1, epochs + 1):
        store.log_epoch(run.id, row(epoch, run.label_names))
    store.log_progress(run.id, progress())
    return store.get(run.id)


def test_empty_home_says_what_is_missing(home, open_page: Open) -> None:
    app = open_page("train")
    assert not app.exception
    assert "no data set yet" in texts(app)
    assert links(app) == ["Make or bring a data set"]
    assert START not in [each.label for each in app.button]


def test_starting_hands_the_run_to_the_queue_and_follows_it(lab, open_page: Open, monkeypatch) -> None:
    handed = []
    monkeypatch.setattr("mri_core.training.start.submit", lambda run_id, settings: handed.append(run_id))
    app = open_page("train")
    app.selectbox(key="preset").set_value("dense").run()
    button(app, START).click().run()
    assert not app.exception
    (run,) = lab.list(statuses=("queued",))
    assert handed == [run.id]
    assert run.spec == PRESETS["dense"]
    assert app.query_params["run"] in (run.id, [run.id])
    assert "Queued: waiting for its turn" in texts(app)
    assert [each.value for each in app.subheader if each.value == run.name]


def test_on_a_cluster_a_run_is_queued_with_what_it_takes(lab, open_page: Open, monkeypatch) -> None:
    monkeypatch.setattr("mri_core.training.start.submit", lambda run_id, settings: None)
    assert "resources" not in [each.key for each in open_page("train").text_input]
    monkeypatch.setenv("MRI_SCHEDULER", "tls://127.0.0.1:1")
    monkeypatch.setenv("MRI_RESOURCES", "GPU=1")
    app = open_page("train")
    field = app.text_input(key="resources")
    assert (field.label, field.value) == ("Resources", "GPU=1")
    field.set_value("GPU=*one*").run()
    assert app.error[0].value.startswith("resources") and button(app, START).disabled and not app.exception
    app.text_input(key="resources").set_value("MEMORY=8e9, GPU=2").run()
    button(app, START).click().run()
    assert [run.resources for run in lab.list(statuses=("queued",))] == ["GPU=2,MEMORY=8e9"]


def test_a_setting_that_is_not_allowed_cannot_be_started(lab, open_page: Open) -> None:
    app = open_page("train")
    next(each for each in app.number_input if each.label == "Batch size").set_value(0).run()
    assert "batch_size is 0" in app.error[0].value
    assert button(app, START).disabled


def test_an_unreachable_queue_is_said_in_words(lab, open_page: Open, monkeypatch) -> None:
    from mri_core.errors import EngineError

    def refuse(run_id, settings):
        raise EngineError("no scheduler answers at tls://nowhere")

    monkeypatch.setattr("mri_core.training.start.submit", refuse)
    app = open_page("train")
    button(app, START).click().run()
    assert not app.exception
    assert app.error[0].value == r"no scheduler answers at tls\://nowhere"


def test_a_run_under_way_is_offered(lab, open_page: Open) -> None:
    assert links(open_page("train")) == ["All runs"]
    run = running(lab)
    app = open_page("train")
    assert f"{run.name} is running" in texts(app)
    (link,) = app.main.page_link
    assert link.value == "Follow it live"
    assert run.id in link.proto.query_string


def test_a_running_run_shows_where_it_is(lab, open_page: Open) -> None:
    run = running(lab)
    app = open_page("train", run=run.id)
    assert not app.exception
    shown = texts(app)
    assert "Running" in shown and "Training." in shown
    assert "Stops after 3 more epochs without a lower validation loss." in shown
    bars = [bar.proto.text for bar in app.get("progress")]
    assert bars == ["Epoch 3: step 30 of 120", "Epoch 3 of at most 20: 11.2 %, 3 min 12 s left at most"]
    assert [bar.proto.value for bar in app.get("progress")] == [25, 11]
    assert len(app.get("plotly_chart")) == 3
    table = app.dataframe[0].value
    assert list(table["Epoch"]) == [1, 2]
    assert list(table["Loss, validation"]) == [1.0, 0.5]
    assert app.download_button[0].label == "Download as CSV"


@pytest.mark.parametrize(
    ("phase", "words"),
    [("starting", "takes some seconds"), ("validating", "validation slices"), ("saving", "exporting the model")],
)
def test_the_phase_is_said_in_words(lab, open_page: Open, phase: str, words: str) -> None:
    run = running(lab, epochs=0)
    lab.log_progress(run.id, progress(phase=phase, epoch=1, step=0, seconds_left=None, patience_left=None))
    app = open_page("train", run=run.id)
    assert words in texts(app)
    assert "The curves begin with the end of the first epoch." in texts(app)
    bars = [bar.proto.text for bar in app.get("progress")]
    assert bars and "left" not in " ".join(bars)


def test_stop_is_asked_for_once(lab, open_page: Open) -> None:
    run = running(lab)
    app = open_page("train", run=run.id)
    app.button(key="stop").click().run()
    assert not app.exception
    assert lab.stop_requested(run.id)
    assert "Stopping" in texts(app)
    assert app.run().button(key="stop").disabled


def test_a_queued_run_can_be_taken_out(lab, open_page: Open) -> None:
    run = queue(lab)
    app = open_page("train", run=run.id)
    assert app.button(key="stop").label == "Take out of the queue"
    app.button(key="stop").click().run()
    assert lab.get(run.id).status == "stopped"
    assert "Stopped before its first epoch was over" in texts(app.run())


def test_the_end_of_a_run_switches_the_live_view_off(lab, open_page: Open) -> None:
    run = running(lab)
    app = open_page("train", run=run.id)
    assert app.button(key="stop")
    lab.finish(run.id, "finished", timing=Timing(61.0, 500.0, 800.0), best_epoch=2)
    app.run()
    assert not app.exception
    assert "Finished after 2 of at most 20 epochs in 1 min 1 s. The weights of epoch 2" in texts(app)
    assert links(app) == ["Read its report", "Predict with it"]
    assert all(run.id in link.proto.query_string for link in app.main.page_link)
    assert START in [each.label for each in app.button] and len(app.button) == 1


def test_a_failed_run_shows_the_reason_and_the_log(lab, open_page: Open) -> None:
    run = running(lab)
    lab.finish(run.id, "failed", error="the process was killed\nepoch 1: loss 0.9\nKilled")
    app = open_page("train", run=run.id)
    assert app.error[0].value == "the process was killed"
    assert app.code[0].value == "epoch 1: loss 0.9\nKilled"


@pytest.mark.parametrize("status", ["stopped", "failed"])
def test_what_ended_before_its_time_is_resumed_under_its_name(lab, open_page: Open, monkeypatch, status: str) -> None:
    handed = []
    monkeypatch.setattr("mri_core.training.start.submit", lambda run_id, settings: handed.append(run_id))
    run = running(lab)
    lab.finish(run.id, status)
    app = open_page("train", run=run.id)
    button(app, "Resume training").click().run()
    assert not app.exception and handed == [run.id]
    assert lab.get(run.id).status == "queued" and "Queued: waiting for its turn" in texts(app)
    assert "Resume training" not in [each.label for each in app.button]


def test_a_finished_run_draws_the_baseline_of_its_data_set(trained, open_page: Open) -> None:
    app = open_page("train", run=trained.run_id)
    dataset = open_dataset("demo", trained.settings)
    truth = dataset.truth[dataset.rows("validation")]
    from app.ui import cache
    from mri_core.evaluation.baseline import predict_nothing

    baseline = predict_nothing(cache.statistics(dataset.header)["splits"]["validation"])
    assert baseline["binary_accuracy"] == pytest.approx(1 - truth.mean())
    assert baseline["subset_accuracy"] == pytest.approx((~truth.any(axis=1)).mean())
    drawn = app.get("plotly_chart")[2].proto.spec
    assert drawn.count("predict nothing") == 2


def test_f1_of_a_label_can_be_chosen(trained, open_page: Open) -> None:
    app = open_page("train", run=trained.run_id)
    (pills,) = app.main.get("button_group")
    pills.set_value(["label 2"]).run()
    assert not app.exception
    assert '"label 2"' in app.get("plotly_chart")[1].proto.spec


@pytest.mark.parametrize("run_id", ["nonsense", "0" * 32])
def test_an_unknown_run_is_said_in_words(trained, open_page: Open, run_id: str) -> None:
    app = open_page("train", run=run_id)
    assert not app.exception
    assert "no such run" in app.error[0].value or "there is no run" in app.error[0].value
