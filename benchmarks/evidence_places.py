"""Whether the evidence that a model is said to have lies where it was planted, and how long finding it takes.

    python benchmarks/evidence_places.py RUN [SLICES]

RUN is a run on the simulated data set, in the home that MRI_HOME names. The patients of its test slices are simulated
again, which tells where their lesions are. For each label SLICES slices (60) are taken, one a patient, that have it and
whose probability of it is at least 0.9. Counted are those where the map's highest pixel lies in the lesion, and those
where it lies in the part that the label is of: the "pointing game" of Zhang et al., "Top-down neural attention by
excitation backprop" (2018), without their tolerance. Beside it stands what pointing at any pixel of the head would
give, and beside the time of a map that of 500 predictions.
Prints one line of JSON; shares are in [0, 1], times in milliseconds.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.datasets.demo.anatomy import load_atlas
from mri_core.datasets.demo.generate import simulate_scan
from mri_core.datasets.demo.patient import SLICES_PER_PATIENT
from mri_core.prediction.activation import find_activation
from mri_core.prediction.evidence import MASKS, find_evidence
from mri_core.prediction.predictor import Predictor, load_predictor
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

CONFIDENT = 0.9
COVERED = 0.5
"""The share of a pixel from which it belongs to a tissue, as for the labels of the data set."""
Method = Callable[[Predictor, np.ndarray], dict[str, np.ndarray] | None]
METHODS: dict[str, Method] = {"hidden halves": find_evidence, "features taken away": find_activation}
"""Name -> what finds the maps of a slice; None for a network that it cannot look into."""


@dataclass(frozen=True)
class Place:
    """Where things are in a slice, (64, 64) bool each. parts: of the labels, in their order; the first is the whole."""

    head: np.ndarray
    parts: tuple[np.ndarray, ...]


def main(run_id: str, slices: str = "60") -> None:
    run = RunStore(Settings()).find(run_id)
    dataset, predictor = open_dataset(run.dataset_name, Settings()), load_predictor(run.folder)
    chosen = confident_rows(dataset, predictor, int(slices))
    places = places_of(dataset, sorted({int(row) for rows in chosen for row in rows}))
    found = {}
    for method, find in METHODS.items():
        if find(predictor, np.asarray(dataset.pixels[0])) is None:
            continue
        seconds: list[float] = []
        labels = {}
        for number, (label, rows) in enumerate(zip(dataset.label_names, chosen, strict=True)):
            peaks = [peak(find, predictor, np.asarray(dataset.pixels[row]), label, seconds) for row in rows]
            labels[label] = hits(peaks, [places[int(row)] for row in rows], number)
        alone = [timed(lambda: predictor.outputs(np.asarray(dataset.pixels[:MASKS]))) for _ in range(10)]
        found[method] = {
            "labels": labels,
            "milliseconds": statistics.median(seconds) * 1000,
            "predictions": statistics.median(alone) * 1000,
        }
    print(json.dumps({"run": run.name, "methods": found}))


def confident_rows(dataset: Dataset, predictor: Predictor, most: int) -> list[np.ndarray]:
    """For each label test slices that have it and where the model is sure of it, one a patient."""
    rows = dataset.rows("test")
    sure = predictor.probabilities(np.asarray(dataset.pixels[rows])) >= CONFIDENT
    chosen = []
    for number in range(len(dataset.label_names)):
        able = rows[sure[:, number] & (dataset.truth[rows, number] == 1)]
        # Not always a patient's first slice with the lesion, which would be its lower end.
        able = np.random.default_rng(0).permutation(able)
        _, first = np.unique(able // SLICES_PER_PATIENT, return_index=True)
        chosen.append(able[first][:most])
    return chosen


def places_of(dataset: Dataset, rows: list[int]) -> dict[int, Place]:
    """Simulate the patients of these slices again, as the data set was made."""
    atlas, seed = load_atlas(), dataset.header.provenance["seed"]
    places = {}
    for number in sorted({row // SLICES_PER_PATIENT for row in rows}):
        scan = simulate_scan(atlas, seed, number)
        for row in (row for row in rows if row // SLICES_PER_PATIENT == number):
            i = row % SLICES_PER_PATIENT
            if not np.array_equal(scan.pixels[i], dataset.pixels[row]):
                raise SystemExit(
                    f"slice {row} is not what its simulation gives; expected a data set made by `mri demo`"
                )
            parts = tuple(part[i] > COVERED for part in (scan.lesion.whole, scan.lesion.core, scan.lesion.rim))
            places[row] = Place(scan.tissue[:, i].sum(axis=0) > COVERED, parts)
    return places


def peak(find: Callable, predictor: Predictor, seen: np.ndarray, label: str, seconds: list[float]) -> tuple[int, ...]:
    """The highest pixel of a label's map. Adds how long the map took to `seconds`."""
    found: dict[str, np.ndarray] = {}
    seconds.append(timed(lambda: found.update(find(predictor, seen) or {})))
    place = np.unravel_index(found[label].argmax(), found[label].shape)
    return tuple(int(at) for at in place)


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def hits(peaks: list[tuple[int, ...]], places: list[Place], number: int) -> dict[str, float]:
    def share(part: int) -> float:
        return statistics.mean(float(place.parts[part][at]) for at, place in zip(peaks, places, strict=True))

    blind = statistics.mean((place.parts[0] & place.head).sum() / place.head.sum() for place in places)
    return {
        "slices": len(peaks),
        "in_lesion": share(0),
        "in_its_part": share(number),
        "any_pixel_of_the_head": float(blind),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
