"""The embedding: against a singular value decomposition; computed once, kept, and made again when that went bad."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.embedding import embedding
from mri_core.embedding.descriptor import descriptors
from mri_core.embedding.embedding import COMPONENTS, embed, kept_embedding, random_rows
from mri_core.settings import Settings


def distances(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors[:, np.newaxis] - vectors, axis=2)


def test_it_is_the_principal_components_and_the_length_of_the_rest(small: Dataset) -> None:
    features = descriptors(small.pixels).astype(float)
    centred = features - features.mean(axis=0)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :COMPONENTS] * lengths[:COMPONENTS]
    rest = np.linalg.norm(left[:, COMPONENTS:] * lengths[COMPONENTS:], axis=1)
    vectors = embed(small)
    assert vectors.shape == (160, COMPONENTS + 1) and vectors.dtype == np.float32
    # A component may point either way.
    assert distances(vectors[:, :COMPONENTS]) == pytest.approx(distances(expected), abs=1e-3)
    assert vectors[:, -1] == pytest.approx(rest, abs=1e-3)


def test_slices_at_a_time_give_the_same(small: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = []
    at_once = embed(small, lambda *counts: told.append(counts))
    assert told == [(160, 160)]
    shutil.rmtree(small.folder / "derived")
    monkeypatch.setattr(embedding, "_CHUNK_PIXELS", 7 * 64 * 64)
    in_parts = embed(small, lambda *counts: told.append(counts))
    assert in_parts == pytest.approx(at_once, abs=1e-5)
    assert len(told) == 1 + 23 and told[1] == (7, 160) and told[-1] == (160, 160)


def test_it_is_computed_once_and_read_from_then_on(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_embedding(small) is None
    first = embed(small)
    monkeypatch.setattr(embedding, "descriptors", None)  # whoever computes, fails
    again = open_dataset("small", Settings(home=small.folder.parents[1]))
    assert np.array_equal(embed(again), first) and isinstance(embed(again), np.memmap)


def test_what_was_kept_badly_is_made_again(small: Dataset) -> None:
    first = embed(small)
    [path] = (small.folder / "derived").glob("embedding-*")
    for bad in (b"", b"no array", path.read_bytes()[:500]):
        path.unlink()
        path.write_bytes(bad)
        assert kept_embedding(small) is None
        assert np.array_equal(embed(small), first)
    path.unlink()
    np.save(path, first[:-1])
    assert len(embed(small)) == 160


def test_where_nothing_can_be_kept_it_is_computed_all_the_same(small: Dataset) -> None:
    (small.folder / "derived").write_text("in the way")
    assert len(embed(small)) == 160 and kept_embedding(small) is None


def test_a_data_set_that_is_gone_is_not_half_there_again(small: Dataset) -> None:
    pixels = np.array(small.pixels)
    small.__dict__["pixels"] = pixels
    shutil.rmtree(small.folder)
    embed(small)
    assert not small.folder.exists()


def test_a_sample_is_random_but_the_same_each_time(small: Dataset) -> None:
    rows = random_rows(small, 50)
    assert len(set(rows.tolist())) == 50 and rows.tolist() == sorted(rows) == random_rows(small, 50).tolist()
    assert rows.max() > 100 and random_rows(small, 1000).tolist() == list(range(160))
