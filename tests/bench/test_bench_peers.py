"""The peers and our side as processes, on a handful of slices."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, replace

import pytest
from bench_support import TINY
from PIL import Image

from mri_core.bench.browsing import queries_of
from mri_core.bench.session import Bench, find_checkout
from mri_core.bench.streaming import tile
from mri_core.bench.training import trained as reading_of
from mri_core.runs.store import RunStore


@pytest.fixture
def bench(demo_home) -> Bench:
    return Bench(find_checkout(), demo_home, TINY, 1, 0, "none")


def check(printed: dict) -> None:
    found = reading_of(printed)
    assert found["images_per_second"] > 0 and found["peak_memory_mb"] > 100
    assert 0 < found["first_step"] < printed["seconds"]


def test_the_plain_script_trains(bench):
    printed = bench.run(bench.peer("plain_keras.py"), bench.demo().folder, "--epochs", 2)
    check(printed)
    assert len(printed["rates"]) == 2


def test_we_train(bench):
    printed = bench.run("-m", "mri_core.bench.our_training", "demo", "--preset", "dense", "--epochs", 2, "--until", 2)
    check(printed)
    (first, _), (second, score) = printed["epochs"]
    assert 0 < first < second < printed["seconds"] and 0 <= score <= 1
    (run,) = RunStore(bench.settings).list()
    assert run.status == "finished" and run.spec.architecture == "dense" and run.spec.epochs == 2


def test_both_sides_train_the_same_networks(bench):
    code = """
import sys, json
sys.path.insert(0, "benchmarks")
import plain_keras
from mri_core.models.build import count_parameters
theirs = [build((64, 64, 3), 3).count_params() for build in (plain_keras.cnn, plain_keras.dense)]
print(json.dumps({"theirs": theirs, "ours": [count_parameters(name, (64, 64), 3) for name in ("cnn", "dense")]}))
"""
    found = bench.run("-c", code)
    assert found["theirs"] == found["ours"] == [33_923, 2_579_003]


def test_prediction_s_sides_take_the_same_calls(trained):
    bench = Bench(find_checkout(), trained.settings, replace(TINY, calls=2), 1, 0, "none")
    run = RunStore(trained.settings).get(trained.run_id)
    sizes = (bench.demo().folder / "slices.npy", 8, 2)
    ours = bench.run("-m", "mri_core.bench.our_prediction", run.folder, *sizes)
    raw = bench.run(bench.peer("onnx_raw.py"), run.folder / "model.onnx", *sizes)
    keras = bench.run(bench.peer("keras_predict.py"), "call", *sizes)
    assert all(side["one"] > 0 and side["batch"] > 0 for side in (ours, raw, keras))


def test_the_loop_reads_every_file(bench, tmp_path):
    with (tmp_path / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file", "label"], ["a.png", 1], ["b.png", 0]])
    for name in ("a.png", "b.png"):
        Image.new("L", (6, 5)).save(tmp_path / name)
    assert bench.run(bench.peer("pillow_loop.py"), tmp_path, tmp_path / "table.csv")["shape"] == [2, 5, 6]


def test_browsing_s_sides_answer_the_same_queries(bench):
    tiled = tile(bench.demo(), bench.settings, "many", 1_000, every=4)
    queries = queries_of(tiled.label_names, 1_000)
    asked = json.dumps([asdict(query) for query in queries])
    ours = bench.run("-m", "mri_core.bench.our_browsing", "many", asked)
    pandas = bench.run(bench.peer("pandas_browse.py"), tiled.folder, asked)
    pages = bench.run(bench.peer("browse_pages.py"), "many", json.dumps([asdict(query) for query in queries[-2:]]))
    for side in (ours, pandas):
        assert len(side["each"]) == len(queries) and max(side["each"]) == side["slowest"] > 0
        assert side["open"] > 0 and side["statistics"] > 0 and side["resident_mb"] > 50
    assert ours["found"] == pandas["found"]
    assert pages["seconds"] > 0 and pages["resident_mb"] > ours["resident_mb"]
