"""All that is known of a reproduction, as data and as a document for JSON."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from reproduction_support import finish, finish_all

from mri_core.evaluation.predictions import load_predictions, save_predictions
from mri_core.reproduction.measured import seed_scores
from mri_core.reproduction.progress import configurations, read_standing
from mri_core.reproduction.result import make_reproduction, reproduction_json

ALL = configurations()


@pytest.fixture
def make(bench):
    def made(names=ALL, seeds=3):
        standing = read_standing(bench.dataset.fingerprint, bench.store, names, seeds)
        return make_reproduction(bench.dataset, standing, bench.store)

    return made


def test_nothing_is_known_at_first(make) -> None:
    found = make()
    assert {verdict.finding for verdict in found.verdicts} == {"undecided"}
    assert {verdict.reason for verdict in found.verdicts} == {"0 of 3 seeds finished"}
    assert not any(each.rows or each.runs for each in found.configurations)
    assert found.configurations[0].cost.seconds is None
    json.dumps(reproduction_json(found), allow_nan=False)


def test_presets_alone_leave_the_claims_about_variants_open(bench, make) -> None:
    for name in configurations(presets_only=True):
        finish_all(bench.store, bench.dataset, 2, {name: 0.8}, epochs=1)
    found = make(configurations(presets_only=True), 2)
    open_ = {verdict.claim.text for verdict in found.verdicts if verdict.reason == "0 of 2 seeds finished"}
    assert open_ == {verdict.claim.text for verdict in found.verdicts if "flip" in verdict.claim.text.casefold()}
    assert len(open_) == 4


def test_verdicts_compare_the_scores_of_the_runs(bench, make) -> None:
    finish_all(bench.store, bench.dataset, 2, {"cnn": 0.9, "dense": 0.75, "dense-adam": 0.7})
    found = make(seeds=2)
    by_text = {verdict.claim.text: verdict for verdict in found.verdicts}
    beats, label = by_text["The CNN beats the dense network"], next(v for v in found.verdicts if v.claim.label == 2)
    runs = {each.name: {run.spec.seed: seed_scores(run) for run in each.runs} for each in found.configurations}
    for verdict, score in ((beats, None), (label, 2)):
        first, second = runs[verdict.claim.first], runs[verdict.claim.second]
        expected = {seed: first[seed].f1(score) - second[seed].f1(score) for seed in (0, 1)}
        assert verdict.differences == expected
    assert beats.interval.mean > 0


def test_cost_and_table_of_a_configuration(bench, make) -> None:
    runs = [finish(bench.store, bench.dataset, "cnn", seed) for seed in range(2)]
    found = make(("cnn",)).configurations[0]
    assert [run.id for run in found.runs] == [run.id for run in runs] and found.seeds == 3
    assert all(run.history for run in found.runs)
    assert found.cost.seconds == pytest.approx(np.mean([run.timing.seconds for run in runs]))
    assert found.cost.images_per_second == 1000.5 and found.cost.best_epochs == (2, 2)
    assert found.rows[0].scores[2].mean == pytest.approx(np.mean([seed_scores(run).f1(0) for run in runs]))


def test_claims_about_a_third_label_need_one(bench, make) -> None:
    two = replace(bench.dataset, header=bench.dataset.header.model_copy(update={"label_names": ("a", "b")}))
    two.__dict__["truth"] = bench.dataset.truth[:, :2]
    finish(bench.store, two, "cnn", 0)
    standing = read_standing(two.fingerprint, bench.store, configurations(), 3)
    found = make_reproduction(two, standing, bench.store)
    (label,) = [verdict for verdict in found.verdicts if verdict.claim.label == 2]
    assert (label.finding, label.reason) == ("does not apply", "the data set has 2 labels, not 3")
    assert [row.name for row in found.configurations[0].rows][:2] == ["a", "b"]


def test_the_json_document_holds_it_all_and_null_for_undefined(bench, make) -> None:
    run = finish(bench.store, bench.dataset, "cnn", 0)
    stored = load_predictions(run.folder, "validation")
    none = replace(stored, truth=stored.truth * np.array([1, 1, 0], np.uint8))
    save_predictions(run.folder, {"validation": none})
    document = json.loads(json.dumps(reproduction_json(make(seeds=1)), allow_nan=False))
    assert document["dataset"]["simulated"] is True and document["seeds"] == 1
    assert list(document["configurations"]) == list(ALL)
    cnn = document["configurations"]["cnn"]
    assert cnn["runs"] == {"0": run.id} and cnn["labels"]["label 3"]["recall"]["mean"] is None
    micro = cnn["averages"]["micro"]["f1"]
    assert micro["study"] == 0.88 and micro["difference"] == pytest.approx(micro["mean"] - 0.88)
    assert micro["spread"] is None and not math.isnan(micro["mean"])
    assert "seed" not in cnn["spec"] and cnn["cost"]["best_epochs"] == [2]
    assert len(document["claims"]) == 9 and document["claims"][0]["score"] == "micro_f1"
    assert {"Python", "keras", "tensorflow"} <= set(document["versions"])
