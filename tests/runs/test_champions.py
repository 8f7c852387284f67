"""Champions in MLflow's model registry: what it holds afterwards, seen through MLflow's own client."""

from dataclasses import replace

import pytest
from rivals import at_once
from run_support import LABELS, queue

from mri_core.errors import InvalidInput, NotFound, StoreError
from mri_core.runs.champions import (
    Grounds,
    champion_of,
    champions,
    demote,
    only_champion,
    promote,
    promotions,
    registered_name,
)
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.spec import TrainingSpec

FIRST = Grounds("first", "There was none.", {"micro_f1": 0.875, "macro_f1": None})
NAMES = ["demo", "a_b", "axb", "a--b", "two  words", "it's", "a/b: c", "..", "100 %", "größe", "x" * 64]


def ended(store: RunStore, dataset: str = "demo", fingerprint: str = "f00d") -> Run:
    run = store.create(TrainingSpec(), dataset, fingerprint, LABELS)
    store.start(run.id, process_of(), 10)
    store.finish(run.id, "finished", best_epoch=1)
    return store.get(run.id)


def mlflow(store: RunStore):
    from mlflow.tracking import MlflowClient

    return MlflowClient(store.settings.tracking_uri)


def test_at_first_there_is_no_champion(store):
    ended(store)
    assert champion_of(store.settings, "demo") is None and store.champion("demo") is None
    assert champions(store.settings) == {} and promotions(store.settings) == ()
    for ask in (only_champion, lambda settings: RunStore(settings).find("champion")):
        with pytest.raises(NotFound, match="mri promote RUN"):
            ask(store.settings)


def test_a_promotion_is_a_version_that_the_alias_names(store):
    run = ended(store)
    made = promote(store.settings, run, FIRST)
    assert (made.version, made.dataset, made.fingerprint, made.present) == (1, "demo", "f00d", True)
    assert (made.run_id, made.run_name, made.grounds) == (run.id, run.name, FIRST)
    assert champion_of(store.settings, "demo") == made == only_champion(store.settings)
    assert store.champion("demo") == run == store.find("champion")
    version = mlflow(store).get_model_version_by_alias(registered_name("demo"), "champion")
    assert (version.run_id, version.source, version.status) == (run.id, run.folder.as_uri(), "READY")
    assert (version.tags["mri.verdict"], version.description) == ("first", "There was none.")


def test_the_next_one_takes_the_title_and_the_history_keeps_both(store):
    first, second = ended(store), ended(store, fingerprint="beef")
    promote(store.settings, first, FIRST)
    grounds = Grounds("better beyond chance", "By far.", {"micro_f1": 0.9, "macro_f1": 0.8}, against=first.id)
    promote(store.settings, second, grounds)
    now, before = promotions(store.settings, "demo")
    assert (now.run_id, now.version, now.fingerprint, now.present, now.grounds) == (second.id, 2, "beef", True, grounds)
    assert (before.run_id, before.version, before.present, before.grounds) == (first.id, 1, False, FIRST)
    assert now.when >= before.when >= first.created
    assert champions(store.settings) == {"demo": now}
    promote(store.settings, first, replace(FIRST, verdict="not told apart"))
    assert [(one.run_id, one.present) for one in promotions(store.settings, "demo")] == [
        (first.id, True), (second.id, False), (first.id, False),
    ]  # fmt: skip


def test_promoting_the_champion_again_changes_nothing(store):
    run = ended(store)
    made = promote(store.settings, run, FIRST)
    assert promote(store.settings, run, replace(FIRST, told="again")) == made
    assert promotions(store.settings) == (made,)


def test_every_data_set_has_its_own_champion_whatever_its_name(store):
    runs = {name: ended(store, name) for name in NAMES}
    for run in runs.values():
        promote(store.settings, run, FIRST)
    assert len({registered_name(name) for name in NAMES}) == len(NAMES)
    for name, run in runs.items():
        found = champion_of(store.settings, name)
        assert (found.run_id, found.dataset) == (run.id, name)
        assert [one.run_id for one in promotions(store.settings, name)] == [run.id]
    assert {name: one.run_id for name, one in champions(store.settings).items()} == {n: r.id for n, r in runs.items()}
    assert {one.run_id for one in promotions(store.settings)} == {run.id for run in runs.values()}
    with pytest.raises(InvalidInput, match="several data sets have a champion"):
        store.find("champion")


@pytest.mark.parametrize("status", ["queued", "failed"])
def test_a_run_without_results_is_refused(store, status):
    run_id = queue(store)
    if status == "failed":
        store.finish(run_id, "failed")
    with pytest.raises(InvalidInput, match=f"is {status} without results"):
        promote(store.settings, store.get(run_id), FIRST)
    assert promotions(store.settings) == ()


def test_deleting_the_champion_leaves_none_and_keeps_the_history(store):
    first, second = ended(store), ended(store)
    promote(store.settings, first, FIRST)
    promote(store.settings, second, FIRST)
    store.delete(second.id)
    assert champion_of(store.settings, "demo") is None and store.champion("demo") is None
    assert [(one.run_id, one.present) for one in promotions(store.settings)] == [(second.id, False), (first.id, False)]
    with pytest.raises(NotFound, match="was deleted"):
        promote(store.settings, second, FIRST)


def test_deleting_another_run_leaves_the_champion(store):
    former, champion = ended(store), ended(store)
    promote(store.settings, former, FIRST)
    made = promote(store.settings, champion, FIRST)
    store.delete(former.id)
    demote(store.settings, former)
    assert champion_of(store.settings, "demo") == made


def test_a_champion_deleted_with_mlflow_is_none(store):
    run = ended(store)
    promote(store.settings, run, FIRST)
    mlflow(store).delete_run(run.id)
    assert store.champion("demo") is None
    made = promote(store.settings, ended(store), FIRST)
    assert champion_of(store.settings, "demo") == made


def test_what_others_register_is_left_out(store):
    run = ended(store)
    client = mlflow(store)
    client.create_registered_model(registered_name("demo"))
    client.create_model_version(registered_name("demo"), run.folder.as_uri(), run.id)
    client.set_registered_model_alias(registered_name("demo"), "champion", "1")
    client.create_registered_model("champion of chess")
    assert champion_of(store.settings, "demo") is None and promotions(store.settings) == ()
    made = promote(store.settings, run, FIRST)
    assert made.version == 2 and promotions(store.settings) == (made,) == tuple(champions(store.settings).values())


def test_champions_stand_beside_their_runs_wherever_models_are_kept(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere.db"
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"sqlite:///{elsewhere}")
    store = RunStore(Settings(home=tmp_path / "home"))
    run = ended(store)
    promote(store.settings, run, FIRST)
    assert store.champion("demo") == run
    assert not elsewhere.exists()


def test_a_foreign_database_is_said_in_words(tmp_path):
    (tmp_path / "mlflow.db").write_text("dear diary")
    for ask in (champions, promotions, only_champion):
        with pytest.raises(StoreError, match="is not a run database"):
            ask(Settings(home=tmp_path))


PROMOTING = """
from mri_core.runs.champions import Grounds, promote
promote(store.settings, store.get("{run}"), Grounds("first", "There was none.", {{"micro_f1": 0.875}}))
"""


def test_promotions_at_once_are_all_kept_and_the_latest_counts(store):
    runs = [ended(store) for _ in range(4)]
    at_once(store.settings.root, [PROMOTING.format(run=run.id) for run in runs])
    found = promotions(store.settings, "demo")
    assert {one.run_id for one in found} == {run.id for run in runs}
    assert [one.version for one in found if one.present] == [max(one.version for one in found)] == [4]
