"""The map: neighbours stay neighbours, it is the same each time, and made only once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from mri_core.datasets.dataset import Dataset
from mri_core.embedding import map as maps
from mri_core.embedding.map import kept_map, make_map, map_table


def places(points: np.ndarray) -> np.ndarray:
    return np.column_stack([points["x"], points["y"]])


def test_neighbours_stay_neighbours(small: Dataset, vectors: np.ndarray) -> None:
    points = make_map(small, vectors)
    assert points["row"].tolist() == list(range(160))
    assert trustworthiness(vectors, places(points), n_neighbors=8) > 0.9


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Maps that are drawn anew, at once and of no meaning."""
    calls = []

    def placed(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
        calls.append(rows)
        return np.array([(row, *vectors[row, :2]) for row in rows], dtype=maps._POINT)

    monkeypatch.setattr(maps, "_placed", placed)
    return calls


def test_it_is_made_once(small: Dataset, vectors: np.ndarray, drawn: list[np.ndarray]) -> None:
    assert kept_map(small) is None
    points = make_map(small, vectors)
    assert np.array_equal(make_map(small, vectors), points) and np.array_equal(kept_map(small), points)
    assert len(drawn) == 1
    [path] = (small.folder / "derived").glob("map-*")
    path.unlink()
    np.save(path, vectors)
    assert kept_map(small) is None


def test_of_many_slices_a_random_sample(
    small: Dataset, vectors: np.ndarray, drawn: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "MOST", 40)
    points = make_map(small, vectors)
    assert len(points) == 40 and (np.diff(points["row"]) > 0).all() and points["row"].max() > 80


@pytest.mark.parametrize("slices", [10, 3])
def test_few_slices_have_a_map_too(vectors: np.ndarray, slices: int) -> None:
    assert np.isfinite(places(maps._placed(vectors[:slices], np.arange(slices)))).all()


def test_the_table_says_what_the_index_says(small: Dataset, with_patients: Callable[..., Dataset]) -> None:
    rows = np.array([5, 90, 159])
    points = np.zeros(3, dtype=[("row", np.int64), ("x", np.float32), ("y", np.float32)])
    points["row"], points["x"] = rows, [1, 2, 3]
    small = with_patients([None if name == "P00001" else name for name in small.index["patient"]])
    table = map_table(small, points)
    facts = small.index.iloc[rows]
    assert table["id"].tolist() == facts["id"].tolist() and table["x"].tolist() == [1, 2, 3]
    assert table["position"].tolist() == facts["position"].tolist() and table["split"].tolist() == list(facts["split"])
    assert table["patient"].tolist()[1:] == facts["patient"].tolist()[1:] and table["patient"][0] is None
    assert table["patient_slices"].tolist()[1:] == [20, 20] and np.isnan(table["patient_slices"][0])
    for labels, (_, row) in zip(table["labels"], facts.iterrows(), strict=True):
        assert labels == tuple(name for name in small.label_names if row[name])
