"""The index in blocks is the index at once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest
from dataset_support import LABELS, random_rows

from mri_core.datasets import index_blocks
from mri_core.datasets.dataset import INDEX_COLUMNS
from mri_core.datasets.index_blocks import IndexBlocks


def write(folder: Path, rows: list[dict], at_once: int) -> tuple[IndexBlocks, pd.DataFrame]:
    folder.mkdir()
    blocks = IndexBlocks(folder, LABELS, (8, 8))
    for start in range(0, len(rows), at_once):
        blocks.add(rows[start : start + at_once])
    blocks.assign("split", ["test"] * len(rows))
    blocks.write(folder / "index.parquet")
    assert [path.name for path in folder.iterdir()] == ["index.parquet"]
    return blocks, pd.read_parquet(folder / "index.parquet")


def rows_with_gaps(count: int) -> list[dict]:
    """Rows whose second half lacks some labels, so that only later blocks know of it."""
    rows = [row | {"checksum": f"{number:032x}"} for number, row in enumerate(random_rows(count))]
    for row in rows[count // 2 :: 3]:
        row[LABELS[1]] = None
    return rows


@pytest.mark.parametrize("block", [1, 7, 50, 1000])
def test_blocks_of_any_size_make_the_same_index(tmp_path, block, monkeypatch):
    rows = rows_with_gaps(60)
    monkeypatch.setattr(index_blocks, "_BLOCK_ROWS", block)
    blocks, index = write(tmp_path / "in", rows, 4)
    assert list(index.columns) == [*INDEX_COLUMNS, *LABELS] and blocks.rows == len(index) == 60
    assert index["id"].tolist() == [row["id"] for row in rows] and set(index["split"]) == {"test"}
    for column in ("patient", "source", "position", "checksum", *LABELS):
        found = index[column].astype(object).where(index[column].notna(), None)
        assert found.tolist() == [row[column] for row in rows], column
    assert blocks.unlabelled == sum(row[LABELS[1]] is None for row in rows) and blocks.patients is None
    groups = pyarrow.parquet.ParquetFile(tmp_path / "in" / "index.parquet").num_row_groups
    assert groups == {1: 15, 7: 8, 50: 2, 1000: 1}[block]


def test_the_fingerprint_is_of_the_rows_as_they_would_stand_in_a_csv_file(tmp_path):
    rows = rows_with_gaps(60)
    blocks, _ = write(tmp_path / "in", rows, 60)
    frame = pd.DataFrame(rows).assign(split="test")[["id", "patient", "split", "checksum", *LABELS]]
    text = frame.astype(dict.fromkeys(LABELS, "Int8")).to_csv(index=False, header=False)
    expected = hashlib.sha256(json.dumps([LABELS, (8, 8)]).encode() + text.encode())
    assert blocks.fingerprint == expected.hexdigest()[:32]


def test_patients_are_counted_across_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(index_blocks, "_BLOCK_ROWS", 5)
    rows = [row | {"patient": f"p{number % 13}", "checksum": ""} for number, row in enumerate(random_rows(40))]
    assert write(tmp_path / "in", rows, 3)[0].patients == 13
