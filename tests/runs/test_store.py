"""What the store promises, over a SQLite database of MLflow's."""

import itertools
import json
import math
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from rivals import at_once
from run_support import LABELS, queue

from mri_core.errors import InvalidInput, NotFound, StoreError
from mri_core.runs.attempts import take
from mri_core.runs.database_side import reading
from mri_core.runs.liveness import process_of
from mri_core.runs.order import take_next
from mri_core.runs.records import MLFLOW_STATUS, TAG_LENGTH
from mri_core.runs.run import NEXT, SCORES, STATUSES, Claim, Progress, Timing
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.spec import TrainingSpec

PROGRESS = Progress(2, 20, 5, 188, 61.5, 3, "training", 1700000000.0)


def change(store, run_id, status):
    if status == "running":
        store.start(run_id, process_of(), 33923)
    else:
        store.finish(run_id, status)


def reach(store, status) -> str:
    run_id = queue(store)
    if status in ("finished", "running"):
        change(store, run_id, "running")
    if status not in ("queued", "running"):
        change(store, run_id, status)
    return run_id


def test_a_created_run_is_queued_with_what_was_given(store):
    spec = TrainingSpec(architecture="dense", flips="both", learning_rate=0.01)
    run = store.create(spec, "demo", "f00d", LABELS)
    assert (run.status, run.spec, run.dataset_name, run.dataset_fingerprint) == ("queued", spec, "demo", "f00d")
    assert (run.label_names, run.folder) == (LABELS, store.settings.runs / run.id)
    assert run.folder.is_dir()
    assert (run.parameters, run.progress, run.history, run.process, run.stop_requested) == (None, None, (), None, False)


def test_names_count_by_architecture(store):
    names = [store.create(TrainingSpec(architecture=a), "d", "f", LABELS).name for a in ("cnn", "dense", "cnn")]
    assert names == ["cnn 1", "dense 1", "cnn 2"]
    store.delete(store.find("last").id)
    assert store.create(TrainingSpec(), "d", "f", LABELS, name="mine, ü").name == "mine, ü"


@pytest.mark.parametrize(("before", "after"), itertools.product(STATUSES, [s for s in STATUSES if s != "queued"]))
def test_only_allowed_changes_of_status_happen(store, before, after):
    run_id = reach(store, before)
    if after in NEXT[before]:
        change(store, run_id, after)
        assert store.get(run_id).status == after
    else:
        with pytest.raises(InvalidInput, match=f"is {before} and cannot become {after}"):
            change(store, run_id, after)
        assert store.get(run_id).status == before


@pytest.mark.parametrize("status", STATUSES)
def test_mlflow_sees_its_own_words_for_a_status(store, status):
    from mlflow.tracking import MlflowClient

    record = MlflowClient(store.settings.tracking_uri).get_run(reach(store, status))
    assert record.info.status == MLFLOW_STATUS[status]
    assert record.data.params["optimizer"] == "adam"


def test_what_a_training_reports_comes_back(store):
    run_id = queue(store)
    process = process_of()
    store.start(run_id, process, 33923)
    store.log_progress(run_id, PROGRESS)
    store.finish(run_id, "failed", Timing(60.0, 100.0, 900.0), error="it broke\n" * 5000, best_epoch=7)
    run = store.get(run_id)
    assert (run.process, run.parameters, run.progress, run.best_epoch) == (process, 33923, PROGRESS, 7)
    assert run.timing == Timing(60.0, 100.0, 900.0)
    assert run.error.startswith("it broke\n") and len(run.error) <= TAG_LENGTH


def epoch_row(epoch: int, **changes) -> dict:
    row = {"epoch": epoch} | {name: epoch + i / 100 for i, name in enumerate(SCORES)}
    row |= {kind: {label: 0.1 * i for i, label in enumerate(LABELS)} for kind in ("f1", "val_f1")}
    return row | changes


def test_a_history_comes_back_as_it_was_with_undefined_values(store):
    run_id = reach(store, "running")
    rows = [
        epoch_row(1),
        epoch_row(2, loss=math.nan, val_macro_f1=None, val_f1={LABELS[0]: math.nan, LABELS[1]: 0.5, LABELS[2]: None}),
        epoch_row(3, loss=math.inf),
    ]
    for epoch, row in enumerate(rows, start=1):
        store.log_epoch(run_id, row)
        assert len(store.get(run_id).history) == epoch
    rows[1] |= {"loss": None, "val_f1": {LABELS[0]: None, LABELS[1]: 0.5, LABELS[2]: None}}
    rows[2]["loss"] = None
    assert list(store.get(run_id).history) == rows
    assert list(store.history(run_id)) == rows
    json.dumps(store.get(run_id).history, allow_nan=False)


def test_an_epoch_trained_again_replaces_the_first_one(store):
    run_id = reach(store, "running")
    for row in (epoch_row(1), epoch_row(2), epoch_row(2, loss=9.0)):
        store.log_epoch(run_id, row)
    assert [row["loss"] for row in store.history(run_id)] == [1.0, 9.0]


def test_an_epoch_that_is_being_written_is_not_half_read(store, monkeypatch):
    from mlflow.tracking import MlflowClient

    run_id = reach(store, "running")
    store.log_epoch(run_id, epoch_row(1))
    read = MlflowClient.get_metric_history
    arriving = [epoch_row(2)]

    def slow(client, run, key):
        found = read(client, run, key)
        if arriving:  # the next epoch comes between the first number that is read and the others
            store.log_epoch(run_id, arriving.pop())
        return found

    monkeypatch.setattr(MlflowClient, "get_metric_history", slow)
    assert store.history(run_id) == (epoch_row(1),)
    assert store.history(run_id) == (epoch_row(1), epoch_row(2))


def test_lists_have_the_last_and_the_best_scores_but_no_history(store):
    run_id = reach(store, "running")
    for epoch, loss in enumerate([0.9, 0.4, math.nan, 0.6], start=1):
        store.log_epoch(run_id, epoch_row(epoch, val_loss=loss))
    (run,) = store.list()
    assert run.history == ()
    assert (run.summary["last"]["epoch"], run.summary["best"]["epoch"], run.best_epoch) == (4, 2, 2)
    assert run.summary["best"]["val_loss"] == 0.4


def test_lists_are_newest_first_and_can_be_narrowed(store):
    ids = [store.create(TrainingSpec(), name, "f", LABELS).id for name in ("demo", "it's", "demo")]
    store.finish(ids[0], "stopped")
    assert [run.id for run in store.list()] == ids[::-1]
    assert [run.id for run in store.list(dataset="demo")] == [ids[2], ids[0]]
    assert [run.id for run in store.list(dataset="it's")] == [ids[1]]
    assert [run.id for run in store.list(statuses=("queued", "running"))] == [ids[2], ids[1]]
    assert [run.id for run in store.list(limit=2)] == [ids[2], ids[1]]
    assert store.list(dataset="none") == store.list(claimed=True) == ()
    assert take(store, ids[1], Claim(process_of(), "ticket"), lambda _: False)
    assert [run.id for run in store.list(claimed=True)] == [ids[1]]


def test_long_lists_come_in_pages(store, monkeypatch):
    monkeypatch.setattr("mri_core.runs.store.PAGE", 2)
    ids = [queue(store) for _ in range(5)]
    assert [run.id for run in store.list()] == ids[::-1]
    assert [run.id for run in store.list(limit=3)] == ids[:1:-1]
    store.finish(ids[0], "failed", error="for the test")
    assert [run.id for run in store.list(statuses=("failed",), limit=1)] == [ids[0]]
    assert [run.id for run in store.list(text=f"{ids[1][:12]} CNN", limit=2)] == [ids[1]]
    assert store.list(text="nothing like it", limit=2) == ()


def test_foreign_records_in_the_experiment_are_left_out(store):
    from mlflow.tracking import MlflowClient

    kept = queue(store)
    client = MlflowClient(store.settings.tracking_uri)
    client.create_run(client.get_experiment_by_name("mri").experiment_id)
    newer = queue(store)
    client.set_tag(newer, "mri.spec", '{"architecture": "of tomorrow"}')
    assert [run.id for run in store.list()] == [kept]
    with pytest.raises(InvalidInput, match="cannot be read"):
        store.get(newer)


def test_find_takes_an_id_its_beginning_or_last(store):
    ids = [queue(store) for _ in range(2)]
    length = next(n for n in range(1, 33) if ids[0][:n] != ids[1][:n])
    assert store.find(ids[0]).id == store.find(ids[0][:length]).id == ids[0]
    assert store.find("last").id == ids[1]


def test_find_says_what_there_is(store):
    for text in ("last", "abc", "no such"):
        with pytest.raises(NotFound, match="there are no runs yet"):
            store.find(text)
    ids = {queue(store) for _ in range(17)}  # so that two begin alike
    text = next(run_id[0] for run_id in ids if sum(other[0] == run_id[0] for other in ids) > 1)
    with pytest.raises(InvalidInput, match=f"'{text}' begins the ids of several runs: {text}"):
        store.find(text)
    with pytest.raises(NotFound, match=r"no run 'xyz'.*\(cnn 17\)"):
        store.find("xyz")


@pytest.mark.parametrize("run_id", ["0" * 32, "../../etc", "", "last"])
def test_an_unknown_id_is_not_found(store, run_id):
    for action in (store.get, store.request_stop, store.delete, store.stop_requested, store.history):
        with pytest.raises(NotFound):
            action(run_id)


def test_a_stop_is_immediate_for_a_queued_run_and_a_request_for_a_running_one(store):
    queued, running, ended = (reach(store, status) for status in ("queued", "running", "finished"))
    for run_id in (queued, running):
        assert not store.stop_requested(run_id)
        store.request_stop(run_id)
        assert store.stop_requested(run_id)
    assert (store.get(queued).status, store.get(running).status) == ("stopped", "running")
    with pytest.raises(InvalidInput, match="is finished already"):
        store.request_stop(ended)


def test_delete_removes_the_run_and_its_folder_but_no_running_one(store):
    running, ended = reach(store, "running"), reach(store, "stopped")
    (store.get(ended).folder / "model.keras").write_text("weights")
    with pytest.raises(InvalidInput, match="is running"):
        store.delete(running)
    folder = store.get(ended).folder
    store.delete(ended)
    assert not folder.exists()
    assert [run.id for run in store.list()] == [running]
    with pytest.raises(NotFound, match="deleted"):
        store.get(ended)


def test_label_names_that_cannot_be_recorded_are_refused_at_once(store):
    with pytest.raises(InvalidInput, match="at most 8000"):
        store.create(TrainingSpec(), "demo", "f", tuple(f"a rather long label {i}" for i in range(400)))
    assert store.list() == ()


WRITING = f"""
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_store import PROGRESS, epoch_row, reach
run_id = reach(store, "running")
for epoch in range(1, 6):
    store.log_progress(run_id, PROGRESS)
    store.log_epoch(run_id, epoch_row(epoch))
    assert len(store.get(run_id).history) == epoch
store.finish(run_id, "finished")
"""


def test_processes_create_the_database_and_write_at_once(tmp_path):
    at_once(tmp_path / "new", [WRITING] * 4)
    store = RunStore(Settings(home=tmp_path / "new"))
    assert [(run.status, len(store.history(run.id))) for run in store.list()] == [("finished", 5)] * 4
    with closing(sqlite3.connect(store.settings.root / "mlflow.db")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_run_whose_lock_cannot_be_made_waits_as_for_a_busy_database(store):
    run_id = queue(store)
    (store.settings.runs / run_id / ".lock").unlink(missing_ok=True)
    (store.settings.runs / run_id / ".lock").mkdir()
    with pytest.raises(StoreError, match=r"cannot create .*\.lock: Is a directory"):
        store.request_stop(run_id)
    assert store.get(run_id).status == "queued"


class Killed(BaseException):
    """What nobody catches."""


@pytest.mark.parametrize("write", ["log_batch", "update_run"])
def test_a_run_whose_creation_is_cut_short_is_not_there_or_waits(store, monkeypatch, write):
    from mlflow.tracking import MlflowClient

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(MlflowClient, write, killed)
        queue(store)
    waiting = store.list(statuses=("queued",))
    assert waiting == store.list() and len(waiting) == (write == "update_run")
    for run in waiting:
        assert take_next(store, "ticket").id == run.id and store.list(limit=1)[0].id == run.id
        store.request_stop(run.id)
    with reading(store.settings.tracking_uri) as side:
        side.check_settled()  # what is not there is nothing to wait for


def test_a_change_is_made_again_when_the_answer_was_lost(store):
    run_id, process = queue(store), process_of()
    own = RunStore(store.settings, attempt=1)
    for _ in range(2):
        own.start(run_id, process, 33923)
    with pytest.raises(InvalidInput, match="is running and cannot become running"):
        own.start(run_id, replace(process, pid=process.pid + 1), 33923)
    with pytest.raises(InvalidInput, match="is running and cannot become running"):
        store.start(run_id, process, 33923)
    for _ in range(2):
        own.finish(run_id, "finished", best_epoch=3)
    for other in (lambda: own.finish(run_id, "failed"), lambda: store.finish(run_id, "finished")):
        with pytest.raises(InvalidInput, match="is finished and cannot become"):
            other()
    run = store.get(run_id)
    assert (run.status, run.process, run.parameters, run.best_epoch) == ("finished", process, 33923, 3)


CHANGES = {
    "stop": lambda store, run_id: store.request_stop(run_id),
    "delete": lambda store, run_id: store.delete(run_id),
    "take": lambda store, run_id: take(store, run_id, Claim(process_of(), "ticket"), lambda _: False),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_of_another_home_is_not_changed(store, tmp_path, change):
    run_id = queue(store)
    other = RunStore(Settings(home=tmp_path / "other", tracking_uri=store.settings.tracking_uri))
    with pytest.raises(NotFound, match=r"has no folder .*other.*another home; set MRI_HOME"):
        CHANGES[change](other, run_id)
    assert not (other.settings.runs / run_id).exists() and store.get(run_id).claim is None
    CHANGES[change](store, run_id)
