"""Out-of-fold probabilities of runs, and the suspects they name."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from judges_support import SETTINGS, add_judges, planted_in, said_of

from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.errors import InvalidInput, NotFound
from mri_core.prediction.out_of_fold import cross_validation_of, cross_validations, out_of_fold
from mri_core.prediction.run_label_errors import LabelErrors, find_label_errors
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import make_spec


@pytest.fixture(scope="module")
def home_of_judges(_trained_home, tmp_path_factory) -> Settings:
    """A copy of the trained home with runs that leave out parts 1 to 5, made once; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("judges") / "home"
    shutil.copytree(_trained_home.settings.root, folder)
    settings = Settings(home=folder, tracking_uri=f"sqlite:///{folder / 'mlflow.db'}", scheduler="")
    dataset = open_dataset("demo", settings)
    add_judges(RunStore(settings), _trained_home.run_id, dataset, planted_in(dataset), range(1, 6))
    return settings


@pytest.fixture
def dataset(home_of_judges: Settings) -> Dataset:
    return open_dataset("demo", home_of_judges)


@pytest.fixture
def runs(home_of_judges: Settings):
    return RunStore(home_of_judges).list("demo")


@pytest.fixture
def found(dataset: Dataset, runs) -> LabelErrors:
    return find_label_errors(cross_validations(runs, dataset)[0].runs, dataset)


def test_runs_of_the_same_settings_judge_together(dataset, runs, trained) -> None:
    judges, alone = cross_validations(runs, dataset)
    assert sorted(judges.ended) == [1, 2, 3, 4, 5] and judges.missing == () and judges.waiting == ()
    assert judges.spec.learning_rate == SETTINGS["learning_rate"] and judges.spec.left_out == 0
    assert [run.id for run in alone.runs] == [trained.run_id] and alone.missing == (1, 2, 3, 4, 5)
    assert judges.name == f"{runs[0].name}, all 5 parts" and alone.name.endswith(", validation and test")
    # 180 seconds of 60 each for what is missing: parts 4 and 5, and one that failed.
    some = [replace(run, status="failed") if run.spec.left_out in (3, 4, 5) else run for run in runs]
    assert cross_validations(some, dataset)[0].missing == (3, 4, 5)
    assert cross_validations(some, dataset)[0].seconds == pytest.approx(180)
    waits = [replace(run, status="queued") if run.spec.left_out == 3 else run for run in runs]
    assert [run.spec.left_out for run in cross_validations(waits, dataset)[0].waiting] == [3]
    assert cross_validations(waits, dataset)[0].missing == ()
    whole = next(run for run in runs if run.id == trained.run_id)
    assert alone.seconds == pytest.approx(5 * 0.8 * whole.timing.seconds)


def test_a_run_is_found_by_any_of_its_siblings(dataset, runs, trained) -> None:
    for run in runs[:5]:
        assert len(cross_validation_of(run, runs, dataset).runs) == 5
    elsewhere = replace(runs[0], spec=make_spec("cnn"))
    with pytest.raises(InvalidInput, match="no results on this version of data set 'demo'"):
        cross_validation_of(elsewhere, runs, dataset)


def test_every_slice_is_judged_by_those_that_never_learnt_from_it(dataset, runs) -> None:
    five = cross_validations(runs, dataset)[0].runs
    judged = out_of_fold(five, dataset)
    np.testing.assert_array_equal(judged.rows, np.arange(dataset.header.slices))
    said = [said_of(dataset, planted_in(dataset), seed=part) for part in range(1, 6)]
    held_out = np.concatenate([dataset.rows("validation"), dataset.rows("test")])
    np.testing.assert_allclose(judged.probabilities[held_out], np.mean(said, axis=0)[held_out])
    # Each training slice is said of by one network alone.
    train = dataset.rows("train")
    alike = [np.isclose(judged.probabilities[train], one[train]).all(axis=1) for one in said]
    assert (np.sum(alike, axis=0) == 1).all() and all(one.any() for one in alike)


def test_one_run_judges_what_was_held_out(dataset, runs, trained) -> None:
    alone = cross_validations(runs, dataset)[1]
    found = find_label_errors(alone.runs, dataset)
    held_out = np.union1d(dataset.rows("validation"), dataset.rows("test"))
    np.testing.assert_array_equal(found.judged.rows, held_out)
    assert found.covered == f"{len(held_out)} of 300 slices"


def test_suspects_are_the_planted_slices(dataset, found) -> None:
    planted = planted_in(dataset)
    first = found.suspects(found.ranked()[: len(planted)])
    right = [one for one in first if planted.get(one.row) is not None]
    assert len(right) >= 0.8 * len(planted)
    for one in right:
        name = dataset.label_names[planted[one.row]]
        given = bool(dataset.truth[one.row, planted[one.row]])
        assert name in one.doubted and (name in one.labels) == given
        assert (one.probabilities[name] < 0.5) == given
        assert f"{name} {'given' if given else 'not given'}, quality 0." in one.why
        assert list(one.doubted.values()) == sorted(one.doubted.values())
        assert one.id == dataset.index["id"].iloc[one.row]


def test_a_label_has_its_own_suspects(found) -> None:
    for label in found.dataset.label_names:
        suspects = found.suspects(found.ranked(label))
        assert suspects and all(label in one.doubted for one in suspects)
    with pytest.raises(NotFound, match="no label 'nonsense'; expected one of label 1"):
        found.ranked("nonsense")


def test_the_finding_can_be_left_out_and_cut(found) -> None:
    [finding] = found.findings()
    assert finding.name == "label-errors" and finding.count == len(found.ranked()) == len(finding.notes)
    assert "Judged were 300 of 300 slices" in finding.summary
    np.testing.assert_array_equal(np.sort(finding.rows), finding.excluded)
    doubted = found.doubts.doubted.sum()
    assert sum(line["doubted_given"] + line["doubted_not_given"] for line in finding.table) == doubted
    [first] = found.findings(most=3)
    np.testing.assert_array_equal(first.rows, finding.rows[:3])
    assert first.count == 3 and len(first.excluded) == 3


def test_the_table_has_a_line_a_suspect_in_their_order(found) -> None:
    table = found.table()
    ids = found.dataset.index["id"].to_numpy()
    assert table["id"].tolist() == ids[found.judged.rows[found.ranked()]].tolist()
    assert (table["quality"].diff().dropna() >= 0).all()
    assert [name for name in table if name.startswith("probability/")] == [
        f"probability/{name}" for name in found.dataset.label_names
    ]
    place = found.place_of(table["id"].iloc[4])
    assert place == found.ranked()[4]
    with pytest.raises(NotFound, match="no label of slice 'nowhere' is in doubt"):
        found.place_of("nowhere")


def test_without_a_doubt_there_is_no_finding(found) -> None:
    nothing = replace(found.doubts, doubted=np.zeros_like(found.doubts.doubted))
    assert replace(found, doubts=nothing).findings() == ()


def test_runs_on_other_data_are_refused(dataset, runs) -> None:
    with pytest.raises(InvalidInput, match="trained on another version of the data"):
        out_of_fold([replace(runs[0], dataset_fingerprint="other")], dataset)
    assert cross_validations([replace(runs[0], dataset_fingerprint="other")], dataset) == ()
