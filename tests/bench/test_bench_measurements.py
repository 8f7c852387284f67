"""What each measurement asks of its processes and makes of their answers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from bench_support import TINY, ScriptedBench
from PIL import Image

from mri_core.bench import streaming as streaming_module
from mri_core.bench import time_to_f1 as f1_module
from mri_core.bench.browsing import browsing, queries_of
from mri_core.bench.importing import importing, write_files
from mri_core.bench.our_training import Report, epoch_rates, first_step, lasted, reached
from mri_core.bench.predicting import predicting
from mri_core.bench.reruns import reruns
from mri_core.bench.session import QUICK, Bench, find_checkout
from mri_core.bench.streaming import forget, streaming, tile
from mri_core.bench.table import MEASUREMENTS
from mri_core.bench.time_to_f1 import seconds_to, time_to_f1
from mri_core.bench.training import steady, training
from mri_core.datasets.browse import MATCHES, SORTS, find_slices
from mri_core.errors import MriError
from mri_core.runs.store import RunStore
from mri_core.training.presets import PRESETS


@pytest.fixture
def scripted(demo_home):
    """Makes a bench in a home with a demo set, whose processes are answered by a function."""

    def make(answer, **changes) -> ScriptedBench:
        return replace(ScriptedBench(find_checkout(), demo_home, TINY, 2, 0, "none"), answer=answer, **changes)

    return make


def trainings(ours: float, theirs: float):
    """Answers of training processes at these speeds, after a first epoch that is slower."""

    def answer(*arguments):
        rate = ours if "mri_core.bench.our_training" in arguments else theirs
        return {"rates": [1.0, rate, rate], "first_step": 104.0, "peak_memory_mb": 1000.0 * rate}

    return answer


def test_training_is_compared_with_the_plain_script(scripted):
    bench = scripted(trainings(ours=3.0, theirs=1.0))
    cnn, cnn_memory, dense, dense_memory, torch = training(bench)
    assert cnn.ours == (3.0, 3.0) and cnn.ratios == dense.ratios == (3.0, 3.0)
    assert cnn_memory.unit == "MB" and cnn_memory.ratios == dense_memory.ratios == (1 / 3, 1 / 3)
    assert torch.ratios == (3.0, 3.0) or "not installed" in torch.problem
    whose = ["ours" if "-m" in asked else "theirs" for asked in bench.asked if not asked[0].endswith("torch_cnn.py")]
    assert whose == ["ours", "theirs"] * 4
    assert all(str(bench.demo().folder) in asked or "demo" in asked for asked in bench.asked)


def test_few_slices_say_nothing_of_memory(scripted):
    found = training(scripted(trainings(3.0, 1.0), sizes=replace(TINY, full=False)))
    assert not [one for one in found if one.unit == "MB"]


def test_a_peer_that_fails_leaves_our_numbers(scripted):
    def answer(*arguments):
        if "dense" in arguments and "-m" not in arguments:
            raise MriError("it ended")
        return trainings(2.0, 1.0)(*arguments)

    cnn, _, dense, *_ = training(scripted(answer))
    assert cnn.ratios == (2.0, 2.0) and dense.ours == (2.0, 2.0) and dense.ratios == ()
    assert dense.problem == "plain Keras script: it ended"


def test_the_first_epoch_warms_up():
    assert steady([1.0, 5.0, 9.0, 6.0]) == 6.0 and steady([4.0]) == 4.0
    with pytest.raises(MriError, match="before a step could be timed"):
        steady([])


def test_rates_are_of_training_steps_only():
    reports = [
        Report(0.0, 1, 0, "starting"),
        Report(5.0, 1, 1, "training"),  # the first step compiles
        Report(6.0, 1, 11, "training"),
        Report(7.0, 1, 21, "validating"),
        Report(9.0, 1, 21, "validating"),
        Report(10.0, 2, 0, "training"),
        Report(11.0, 2, 12, "training"),
        Report(12.0, 2, 21, "validating"),
        Report(15.0, 2, 21, "training"),  # the last epoch stays the last
    ]
    assert first_step(reports) == 5.0 and first_step(reports[:1]) is None
    assert epoch_rates(reports, 10, 205) == [pytest.approx((205 - 10) / 2), pytest.approx(205 / 2)]
    assert epoch_rates(reports[:3], 10, 205) == [pytest.approx(100.0)]
    assert epoch_rates(reports[:2], 10, 205) == []


def test_when_a_training_is_stopped():
    reports = [Report(0.0, 1, 0, "starting"), Report(5.0, 1, 1, "training"), Report(8.0, 1, 9, "training")]
    assert lasted(reports, 3.0) and not lasted(reports, 3.1) and not lasted(reports[:1], 0.0)
    assert reached([(1.0, 0.4), (2.0, 0.6), (3.0, 0.5)], 0.6) and not reached([(1.0, 0.4)], 0.6)
    assert not lasted(reports, None) and not reached([(1.0, 1.0)], None)


def test_streaming_is_compared_with_the_demo_set(scripted, monkeypatch):
    forgotten = []
    monkeypatch.setattr(streaming_module, "forget", forgotten.append)

    def answer(*arguments):
        rate = 8.0 if "streamed" in arguments else 10.0
        return {"rates": [rate], "first_step": 101.0, "peak_memory_mb": 900.0}

    bench = scripted(answer)
    cached, cold, memory = streaming(bench)
    assert cached.ratios == cold.ratios == (0.8, 0.8) and memory.ratios == (1.0, 1.0)
    assert all(one.reaches(goal) for one in (cached, cold, memory) for goal in one.goals)
    assert len(forgotten) == 2 and not (bench.settings.datasets / "streamed").exists()


def test_streaming_without_room_is_skipped(scripted, monkeypatch):
    monkeypatch.setattr(streaming_module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 300 * 7_999}))
    bench = scripted(trainings(1.0, 1.0))
    (found,) = streaming(bench)
    assert found.problem.startswith("skipped: it needs") and bench.asked == []


def test_a_tiled_set_is_a_data_set_like_any_other(demo_home, demo):
    tiled = tile(demo, demo_home, "many", 2_000)
    assert tiled.header.slices == len(tiled.index) == len(tiled.pixels) == 2_000
    assert list(tiled.index.columns) == list(demo.index.columns) and tiled.index["id"].is_unique
    assert tiled.index["checksum"].is_unique and set(tiled.index["checksum"].str.len()) == {32}
    assert all(len(tiled.rows(split)) for split in ("train", "validation", "test")) and len(tiled.rows("train")) > 1_900
    known = {pixels.tobytes(): truth.tolist() for pixels, truth in zip(demo.pixels, demo.truth, strict=True)}
    for row in (0, 7, 1_999):
        assert known[tiled.pixels[row].tobytes()] == tiled.truth[row].tolist()
    before = np.array(tiled.pixels)
    forget(tiled.folder / "slices.npy")
    np.testing.assert_array_equal(tiled.pixels, before)


def race(best: float, *epochs: float):
    return {"epochs": [[10.0 * number, score] for number, score in enumerate((*epochs, best), start=1)]}


@pytest.fixture
def presets(monkeypatch):
    for name in f1_module.COMPARED:
        monkeypatch.setitem(PRESETS, name, PRESETS["cnn"])


def test_time_to_the_score_of_the_cnn(scripted, presets):
    def answer(*arguments):
        preset, seed = arguments[arguments.index("--preset") + 1], int(arguments[arguments.index("--seed") + 1])
        if preset == "cnn":
            return race(0.5, 0.6, 0.7 + seed / 10, 0.65)
        assert float(arguments[arguments.index("--until") + 1]) == pytest.approx(0.7 + seed / 10)
        return race(0.9) if preset == "recommended" else race(0.75)

    bench = scripted(answer, seeds=2)
    bench = replace(bench, lent=bench.demo())
    recommended, fast = time_to_f1(bench)
    assert recommended.ours == (10.0, 10.0) and recommended.theirs == (20.0, 20.0) and recommended.ratios == (2.0, 2.0)
    assert fast.ours == (10.0, math.inf) and fast.ratios == (2.0, 0.0)
    assert (bench.settings.datasets / "lent").resolve() == bench.lent.folder.resolve()


def test_a_cnn_that_fails_leaves_nothing_to_reach(scripted, presets):
    def answer(*arguments):
        if int(arguments[arguments.index("--seed") + 1]):
            raise MriError("it ended")
        return race(0.5)

    bench = scripted(answer, seeds=2)
    recommended, _ = time_to_f1(replace(bench, lent=bench.demo()))
    assert recommended.ratios == (1.0,)
    assert recommended.problem == "ours: there is no score to reach: `cnn` has failed; `cnn`: it ended"


SKIPPED = [
    ({"seeds": 0}, "ask for it with --seeds"),
    ({"seeds": 1, "sizes": QUICK}, "without --quick"),
    ({"seeds": 1, "lent": "there is no data set 'demo'"}, "skipped: there is no data set 'demo'"),
]


@pytest.mark.parametrize(("changes", "reason"), SKIPPED)
def test_time_to_f1_says_why_it_is_skipped(scripted, presets, changes, reason):
    (found,) = time_to_f1(scripted(dict, **changes))
    assert reason in found.problem


def test_presets_that_do_not_exist_are_named(scripted, monkeypatch):
    monkeypatch.setattr(f1_module, "COMPARED", ("marvellous",))
    bench = scripted(dict, seeds=1)
    (found,) = time_to_f1(replace(bench, lent=bench.demo()))
    assert "marvellous" in found.name and found.problem == "there is no such preset"


def test_when_a_score_is_first_reached():
    assert seconds_to(0.5, [(1, 0.4), (2, 0.5), (3, 0.9)]) == 2 and seconds_to(0.95, [(1, 0.4)]) == math.inf


def test_a_tiled_set_may_keep_some_pixels_only(demo_home, demo):
    tiled = tile(demo, demo_home, "small", 50, every=4)
    assert tiled.image_shape == tiled.pixels.shape[1:] == (16, 16)
    known = {pixels[::4, ::4].tobytes(): truth.tolist() for pixels, truth in zip(demo.pixels, demo.truth, strict=True)}
    assert known[tiled.pixels[31].tobytes()] == tiled.truth[31].tolist()


def test_browsing_is_compared_with_pandas_and_an_empty_page(scripted):
    def answer(*arguments):
        assert (bench.settings.datasets / "browsed" / "index.parquet").exists()
        slow = 3.0 if arguments[0].endswith("pandas_browse.py") else 0.2
        memory = 500.0 if arguments[0].endswith("browse_pages.py") and len(arguments) > 1 else 250.0
        return {"open": slow, "slowest": slow, "statistics": slow, "resident_mb": memory, "seconds": slow}

    bench = scripted(answer)
    opened, filtered, counted, memory, dashboard, reruns_of_pages = browsing(bench)
    assert opened.ratios == filtered.ratios == counted.ratios == pytest.approx((15.0, 15.0))
    assert memory.ratios == (1.0, 1.0) and dashboard.ratios == (0.5, 0.5) and reruns_of_pages.ratios == (1.0, 1.0)
    assert all(one.reaches(goal) for one in (opened, filtered, counted, dashboard) for goal in one.goals)
    assert not (bench.settings.datasets / "browsed").exists()


def test_the_queries_are_of_every_kind_and_find_something(demo_home, demo):
    tiled = tile(demo, demo_home, "many", 3_000)
    queries = queries_of(tiled.label_names, 3_000)
    assert {query.match for query in queries} == set(MATCHES) and {query.sort for query in queries} == set(SORTS)
    found = [len(find_slices(tiled, query)) for query in queries]
    assert found[0] == 3_000 and all(found[:-1])


def test_import_is_compared_with_a_loop(scripted):
    seen = []

    def answer(*arguments):
        folder = next(arguments[i] for i in range(len(arguments)) if arguments[i].endswith("files"))
        seen.append(len(list(bench.settings.root.joinpath(folder).glob("*.png"))))
        return {"seconds": 3.0 if "import" in arguments else 1.0}

    bench = scripted(answer)
    (found,) = importing(bench)
    assert found.ratios == pytest.approx((1 / 3, 1 / 3)) and seen == [5] * 4
    assert not (bench.settings.root / "files").exists()


def test_the_files_hold_the_slices(demo, tmp_path):
    write_files(demo, tmp_path / "files", 103)
    for number in (0, 99, 102):
        with Image.open(tmp_path / "files" / f"{number:06d}.png") as image:
            np.testing.assert_array_equal(np.asarray(image), demo.pixels[number % 100])
    table = (tmp_path / "files" / "labels.csv").read_text().splitlines()
    assert len(table) == 104 and table[0] == "file,patient,label 1,label 2,label 3"
    assert table[103].split(",")[2:] == [str(value) for value in demo.truth[2]]


@pytest.fixture
def with_a_run(trained):
    """Makes a bench in the trained home."""

    def make(answer, bench: type[Bench] = ScriptedBench) -> Bench:
        return replace(bench(find_checkout(), trained.settings, TINY, 2, 0, "none"), answer=answer)

    return make


def test_predictions_are_compared_with_three_peers(with_a_run, trained):
    def answer(*arguments):
        slow = 4.0 if "call" in arguments else 8.0 if "predict" in arguments else 2.0
        return {"one": slow, "batch": 10 * slow}

    found = predicting(with_a_run(answer))
    assert [one.ratios[0] for one in found] == [1.0, 4.0, 2.0] * 2 and found[3].ours == (20.0, 20.0)
    assert len({one.peer for one in found}) == 3
    run = RunStore(trained.settings).get(trained.run_id)
    assert run.status == "finished"


def test_a_page_that_fails_is_told_beside_the_others(with_a_run, trained):
    def answer(*arguments):
        assert trained.run_id in arguments
        return {"pages": {"browse": {"ours": [0.1, 0.3], "bare": [0.01, 0.01]}, "runs": {"problem": "no"}}}

    browse, runs = reruns(with_a_run(answer))
    assert browse.ours == (100.0, 300.0) and browse.ratios == pytest.approx((0.1, 1 / 30))
    assert runs.problem == "ours: no" and runs.ours == ()


def test_the_table_names_functions_that_explain_themselves():
    for name, entry in MEASUREMENTS.items():
        assert name == name.lower() and entry.measure.__doc__ and entry.full > 0 and entry.quick >= 0
