"""Slices unlike the rest, planted among simulated ones: noise, photographs, inverted and turned slices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.datasets import load_sample_images

from mri_core.datasets.dataset import Dataset
from mri_core.quality.examples import examples
from mri_core.quality.finding import Finding
from mri_core.quality.unlike import unlike_the_rest

ODD = 4
"""Slices of each odd kind."""


def photographs(count: int, edge: int) -> np.ndarray:
    """Parts of scikit-learn's sample photographs, made as small as slices are."""
    random, found = np.random.default_rng(0), []
    for number in range(count):
        picture = load_sample_images().images[number % 2].mean(axis=-1)
        y, x = (random.integers(0, side - 4 * edge) for side in picture.shape)
        part = picture[y : y + 4 * edge, x : x + 4 * edge]
        found.append(part.reshape(edge, 4, edge, 4).mean(axis=(1, 3)).astype(np.uint8))
    return np.stack(found)


@pytest.fixture(scope="module")
def kinds(clean: Dataset) -> dict[str, np.ndarray]:
    """Kind -> its slices; "turned" are all those of three patients, each given another turn."""
    edge = clean.image_shape[0]
    own = np.array(clean.pixels[-60:]).reshape(3, 20, edge, edge)
    return {
        "clean": np.array(clean.pixels[:-60]),
        "noise": np.random.default_rng(1).integers(0, 256, (ODD, edge, edge)).astype(np.uint8),
        "photograph": photographs(ODD, edge),
        "inverted": 255 - np.array(clean.pixels[50 : 50 + 20 * ODD : 20]),
        "turned": np.concatenate([np.rot90(own[i], i + 1, axes=(1, 2)) for i in range(3)]),
    }


def findings(made: Callable[..., Dataset], kinds: dict[str, np.ndarray]) -> tuple[dict[str, Finding], np.ndarray]:
    """What is found, by name, and the kind of every row."""
    kind = np.concatenate([np.full(len(slices), name) for name, slices in kinds.items()])
    patients = [f"P{row // 20}" if name in ("clean", "turned") else f"odd {row}" for row, name in enumerate(kind)]
    dataset = made(np.concatenate(list(kinds.values())), {"a": [0] * len(kind)}, patient=patients)
    return {one.name: one for one in unlike_the_rest(dataset)}, kind


def test_noise_photographs_and_inverted_slices_are_found_and_little_else(made, kinds) -> None:
    found, kind = findings(made, {name: slices for name, slices in kinds.items() if name != "turned"})
    finding = found["unlike-the-rest"]
    assert finding.severity == "note" and finding.count == len(finding.rows) == len(finding.notes)
    assert set(np.flatnonzero(kind != "clean")) <= set(finding.rows.tolist())
    assert (kind[finding.rows] == "clean").sum() <= 1
    assert finding.excluded.tolist() == sorted(finding.rows.tolist())
    times = [float(note.split()[0]) for note in finding.notes]
    assert times == sorted(times, reverse=True) and times[-1] > 1.5


def test_slices_that_lie_otherwise_are_found_with_the_turn_that_mends_them(made, kinds) -> None:
    found, kind = findings(made, {name: kinds[name] for name in ("clean", "turned")})
    finding = found["turned"]
    assert (kind[finding.rows] == "turned").mean() > 0.9 and finding.count >= 30
    mends = ("a quarter turn to the right", "half a turn", "a quarter turn to the left")
    # Which is the turn back: the first patient was turned once counterclockwise, the next twice, the last thrice.
    right = [
        note.startswith(mends[(row - 540) // 20])
        for row, note in zip(finding.rows, finding.notes, strict=True)
        if kind[row] == "turned"
    ]
    assert np.mean(right) > 0.9


def test_the_set_as_it_is_has_few(clean: Dataset) -> None:
    found = unlike_the_rest(clean)
    assert sum(one.count for one in found) <= 0.005 * clean.header.slices
    for one in found:
        assert len(examples(clean, one, range(one.shown))) == one.count


def test_slices_that_are_not_square_can_only_be_upside_down(made, kinds) -> None:
    narrow = {"clean": kinds["clean"][:, :, 8:-8], "turned": kinds["clean"][100:120, ::-1, 8:-8]}
    found, kind = findings(made, narrow)
    assert all(note.startswith("half a turn") for note in found["turned"].notes)
    assert (kind[found["turned"].rows] == "turned").sum() >= 8


@pytest.mark.parametrize("slices", [1, 2, 11, 40])
def test_few_or_equal_slices_are_no_fault(made, slices: int) -> None:
    made_of = np.random.default_rng(0).integers(0, 256, (1, 9, 9)).astype(np.uint8)
    assert unlike_the_rest(made(np.repeat(made_of, slices, axis=0), {"a": [0] * slices})) == ()
