from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mri_core.datasets.build import DatasetBuilder, builds
from mri_core.datasets.dataset import list_datasets, open_dataset
from mri_core.errors import InvalidInput, MriError, NotFound, StorageError
from mri_core.settings import Settings

LABELS = ("a", "b")


def rows(count: int, start: int = 0) -> list[dict]:
    return [
        {
            "id": f"s{i}",
            "patient": f"p{i // 2}",
            "split": "train",
            "source": "x",
            "position": float(i),
            "a": i % 2,
            "b": 0,
        }
        for i in range(start, start + count)
    ]


def pixels(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 4, 5), dtype=np.uint8)


def build(settings: Settings, name: str = "set", seed: int = 0, **changes):
    with DatasetBuilder(settings, name, LABELS, (4, 5), 6) as builder:
        builder.add(pixels(6, seed)[:4], rows(4))
        builder.add(pixels(6, seed)[4:], [row | changes for row in rows(2, 4)])
        return builder.finish(simulated=False, provenance={"origin": "test"})


def test_what_was_added_is_what_is_read(home):
    built = build(home)
    dataset = open_dataset("set", home)
    np.testing.assert_array_equal(dataset.pixels, pixels(6))
    assert isinstance(dataset.pixels, np.memmap) and not dataset.pixels.flags.writeable
    assert dataset.index["id"].tolist() == [f"s{i}" for i in range(6)]
    np.testing.assert_array_equal(dataset.truth, [[i % 2, 0] for i in range(6)])
    assert dataset.header == built.header and dataset.header.patients == 3 and dataset.header.slices == 6
    assert dataset.rows("train").tolist() == list(range(6)) and dataset.rows("test").size == 0
    assert dataset.index["checksum"].nunique() == 6
    assert sorted(p.name for p in dataset.folder.iterdir()) == ["dataset.json", "index.parquet", "slices.npy"]


def test_opening_reads_no_pixel(home):
    build(home)
    dataset = open_dataset("set", home)
    shutil.rmtree(dataset.folder)
    assert dataset.fingerprint  # the header was all it took
    with pytest.raises(StorageError, match="cannot read the slices"):
        _ = dataset.pixels


def test_the_fingerprint_follows_the_contents(home):
    first = build(home, "first").fingerprint
    assert build(home, "second").fingerprint == first
    assert build(home, "pixels", seed=1).fingerprint != first
    assert build(home, "labels", a=1).fingerprint != first
    assert build(home, "splits", split="test").fingerprint != first


def test_nothing_half_made_is_left(home):
    with pytest.raises(KeyboardInterrupt), DatasetBuilder(home, "set", LABELS, (4, 5), 6) as builder:
        builder.add(pixels(6)[:4], rows(4))
        raise KeyboardInterrupt
    assert list_datasets(home) == [] and list(home.datasets.iterdir()) == []
    assert build(home).header.slices == 6


def test_a_killed_build_is_invisible_and_cleared_away(home):
    code = """
import os, numpy as np
from mri_core.settings import Settings
from mri_core.datasets.build import DatasetBuilder
with DatasetBuilder(Settings(), "set", ("a",), (4, 5), 6) as builder:
    builder.add(np.zeros((1, 4, 5), np.uint8),
                [{"id": "x", "patient": None, "split": "train", "source": "", "position": None, "a": 1}])
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", code], env=os.environ).returncode == -9
    assert [p.name for p in home.datasets.iterdir()] == [".set.partial"]
    assert list_datasets(home) == [] and builds(home) == []
    build(home)
    assert [p.name for p in home.datasets.iterdir()] == ["set"]


def test_progress_is_seen_from_outside(home):
    with DatasetBuilder(home, "set", LABELS, (4, 5), 6) as builder:
        assert [(b.name, b.done, b.total, b.seconds_left) for b in builds(home)] == [("set", 0, 6, None)]
        with pytest.raises(MriError, match="is being made by process"), DatasetBuilder(home, "set", LABELS, (4, 5), 6):
            pass
        builder.add(pixels(6), rows(6))
        builder.finish(simulated=True, provenance={})
    assert builds(home) == [] and [h.name for h in list_datasets(home)] == ["set"]


def test_a_taken_name_keeps_what_is_there(home):
    kept = build(home).fingerprint
    with pytest.raises(InvalidInput, match="there is a data set 'set' already; choose another name"):
        build(home, seed=1)
    assert open_dataset("set", home).fingerprint == kept


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65, "a\0b", "ends.", "ü"])
def test_names_that_could_leave_the_folder_are_refused(home, name):
    with pytest.raises(InvalidInput, match="cannot name a data set"):
        build(home, name)
    with pytest.raises(InvalidInput, match="cannot name a data set"):
        open_dataset(name, home)


@pytest.mark.parametrize("labels", [(), ("a", "a"), ("",), ("split",), ("id", "a")])
def test_labels_that_cannot_be_columns_are_refused(home, labels):
    with pytest.raises(InvalidInput, match=r"label"):
        DatasetBuilder(home, "set", labels, (4, 5), 1)


def test_too_little_room_is_said_before_anything_is_written(home, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 10})())
    said = r"needs 20 MB and .* has 0 MB free; make room or set MRI_HOME"
    with pytest.raises(StorageError, match=said), DatasetBuilder(home, "set", LABELS, (4, 5), 1_000_000):
        pass
    assert list(home.datasets.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which Linux has")
def test_a_disk_that_fills_up_leaves_nothing(home):
    said = "No space left on device; make room or set MRI_HOME"
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(StorageError, match=said),
        DatasetBuilder(home, "set", LABELS, (4, 5), 6) as builder,
    ):
        builder._file.close()
        builder._file = full
        builder.add(pixels(6), rows(6))
    assert list(home.datasets.iterdir()) == []


def test_a_home_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot create .*; set MRI_HOME"):
        build(Settings(home=tmp_path / "file" / "home"))


def test_a_folder_without_a_valid_header_is_no_data_set(home):
    build(home)
    (home.datasets / "stray").mkdir()
    (home.datasets / "broken").mkdir()
    (home.datasets / "broken" / "dataset.json").write_text(json.dumps({"name": "broken"}))
    assert [h.name for h in list_datasets(home)] == ["set"]
    with pytest.raises(NotFound, match="no data set 'broken'; there are set"):
        open_dataset("broken", home)


def test_a_damaged_index_is_said(home):
    build(home)
    (home.datasets / "set" / "index.parquet").write_bytes(b"not parquet")
    with pytest.raises(StorageError, match="cannot read the index of data set 'set'"):
        _ = open_dataset("set", home).index


def test_missing_labels_are_kept_in_the_index(home):
    dataset = build(home, b=None)
    assert pd.isna(dataset.index["b"].iloc[-1]) and dataset.index["b"].iloc[0] == 0
    with pytest.raises(InvalidInput, match="data set 'set' lacks values of 'b'"):
        _ = dataset.truth
