"""The Queue page: what is in it, and what its buttons do."""

from __future__ import annotations

import time
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from mri_core.datasets.dataset import open_dataset
from mri_core.runs.liveness import process_of
from mri_core.runs.order import take_next, waiting
from mri_core.runs.run import Progress, Run
from mri_core.runs.store import RunStore
from mri_core.training.presets import make_spec

Open = Callable[..., AppTest]
STOP_ALL = "stop all waiting"


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.info, *app.error, *app.subheader))


def queue(store: RunStore) -> Run:
    dataset = open_dataset("demo", store.settings)
    return store.create(make_spec("cnn"), "demo", dataset.fingerprint, dataset.label_names)


def ids(store: RunStore) -> list[str]:
    return [run.id for run in waiting(store)]


def test_an_empty_queue_says_what_to_do(home, open_page: Open) -> None:
    app = open_page("queue")
    assert not app.exception
    assert "Nothing trains and nothing waits." in texts(app)
    assert [link.value for link in app.main.page_link] == ["Train a network"]
    assert not app.button


def test_what_trains_says_where_since_when_and_how_far(lab, open_page: Open) -> None:
    run, starting = queue(lab), queue(lab)
    take_next(lab, "one")
    take_next(lab, "two")
    lab.start(run.id, process_of(), 33_923)
    lab.log_progress(run.id, Progress(3, 20, 30, 120, 192.0, 3, "training", time.time()))
    app = open_page("queue")
    assert not app.exception
    me, shown = process_of(), texts(app)
    assert f"On {me.host}, process {me.pid}, since " in shown and "2 of 1 slot in use." in shown
    bars = [bar.proto.text for bar in app.get("progress")]
    assert bars == ["Epoch 3: step 30 of 120", "Epoch 3 of at most 20: 11.2 %, 3 min 12 s left at most"]
    assert "Starting" in shown and "loads TensorFlow" in shown
    app.button(key=f"stop {run.id}").click().run()
    assert not app.exception and lab.stop_requested(run.id)
    assert app.button(key=f"stop {run.id}").disabled
    app.button(key=f"stop {starting.id}").click().run()
    assert lab.get(starting.id).status == "stopped"


def test_what_waits_is_moved_and_taken_out(lab, open_page: Open) -> None:
    one, two, three = made = [queue(lab).id for _ in range(3)]
    app = open_page("queue")
    assert "Waiting: 3" in texts(app)
    assert [app.button(key=f"{place} {one}").disabled for place in ("first", "earlier", "later", "last")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert ids(lab) == made
    for key, order in (
        (f"first {three}", [three, one, two]),
        (f"later {three}", [one, three, two]),
        (f"earlier {two}", [one, two, three]),
        (f"last {one}", [two, three, one]),
        (f"out {three}", [two, one]),
    ):
        app.button(key=key).click().run()
        assert not app.exception and ids(lab) == order
    assert lab.get(three).status == "stopped"


def test_what_a_run_takes_of_a_cluster_is_shown(lab, open_page: Open) -> None:
    queue(RunStore(lab.settings.taking("GPU=1")))
    queue(lab)
    created = [each.value for each in open_page("queue").caption if each.value.startswith("Created")]
    assert [each.endswith(", takes GPU=1") for each in created] == [True, False]


def test_a_run_that_began_meanwhile_is_not_moved(lab, open_page: Open, monkeypatch) -> None:
    queue(lab)
    run = queue(lab)
    app = open_page("queue")
    from app.ui import recorded

    seen = recorded.queue()
    monkeypatch.setattr(recorded, "queue", lambda: seen)
    take_next(lab, "one")
    take_next(lab, "two")
    app.button(key=f"first {run.id}").click().run()
    assert "does not wait in the queue any more" in app.error[0].value and not app.exception


def test_all_that_wait_are_stopped_after_a_question_that_names_how_many(lab, open_page: Open) -> None:
    running, *others = (queue(lab).id for _ in range(3))
    take_next(lab, "one")
    app = open_page("queue")
    assert "takes all 2 runs that wait out of the queue" in texts(app)
    assert app.button(key=STOP_ALL).label == "Stop all 2 runs that wait"
    app.button(key=STOP_ALL).click().run()
    assert not app.exception and ids(lab) == []
    assert [lab.get(run_id).status for run_id in (running, *others)] == ["queued", "stopped", "stopped"]
    assert STOP_ALL not in [each.key for each in app.button]


def test_many_that_wait_have_pages(lab, open_page: Open, monkeypatch) -> None:
    made = [queue(lab).id for _ in range(3)]
    from app.ui import queue_rows, recorded

    drawn = []
    monkeypatch.setattr(queue_rows, "draw_waiting", lambda run, place, last: drawn.append((place, last)))
    seen = recorded.queue()
    one = seen.waiting[0]
    monkeypatch.setattr(recorded, "queue", lambda: type(seen)(1, (), (one,) * 45, ()))
    app = open_page("queue", page="3")
    assert not app.exception and made
    assert drawn == [(place, 45) for place in range(41, 46)]


def test_what_failed_says_why_and_is_resumed(lab, open_page: Open, monkeypatch) -> None:
    handed = []
    monkeypatch.setattr("mri_core.training.start.submit", lambda run_id, settings: handed.append(run_id))
    run = queue(lab)
    lab.start(run.id, process_of(), 1)
    lab.finish(run.id, "failed", error="the process was *killed*\nepoch 1: loss 0.9\nKilled")
    app = open_page("queue")
    assert r"the process was \*killed\*" in texts(app)
    assert app.code[0].value == "epoch 1: loss 0.9\nKilled"
    app.button(key=f"resume {run.id}").click().run()
    assert not app.exception and handed == [run.id] == ids(lab)
    assert "Failed lately" not in texts(app)
