"""Making a run's reference from the data set it was trained on: in seconds, however large that is."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mri_core.augmentation import AUGMENTATIONS
from mri_core.augmentation.sides import labels_naming_a_side
from mri_core.datasets.dataset import Dataset, list_datasets, open_dataset
from mri_core.datasets.gather import gather
from mri_core.embedding.descriptor import descriptors
from mri_core.errors import InvalidInput, NotFound, StorageError, StoreError
from mri_core.prediction.flips import Outputs, flipped_outputs, movements
from mri_core.prediction.looks import Looks, joined, looks
from mri_core.prediction.model_file import ModelDescription
from mri_core.prediction.reference import (
    FALSE_ALARMS,
    FEWEST_HELD_OUT,
    KNOWN_TURNS,
    ON_ITS_SIDE,
    UPSIDE_DOWN,
    Reference,
    joint_limits,
    read_reference,
    save_reference,
)
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.spec import TrainingSpec

FITTED, HELD_OUT, MOVED = 4_000, 8_000, 1_500
"""The most slices, drawn at random: that a reference is fitted on, that its limits are from, and that are flipped."""
COMPONENTS = 32

_RIDGE = 1e-3  # of the mean variance, added to each: what hardly varies in a sample shall not decide
_STEP = 500
_RANGE = (FALSE_ALARMS / 2, 0.5, 1 - FALSE_ALARMS / 2)


def kept_reference(folder: Path, description: ModelDescription, outputs: Outputs) -> Reference:
    """The reference of the run kept in `folder`, made now where it was not made before.

    Raises NotFound where its data set is gone, InvalidInput where too few slices are held out, StorageError where the
    data set cannot be read.
    """
    if (kept := read_reference(folder)) is not None:
        return kept
    settings, fingerprint = Settings(), description.dataset.get("fingerprint")
    same = [header for header in list_datasets(settings) if header.fingerprint == fingerprint]
    if not same:
        raise NotFound("the data set it was trained on is gone; make or import it again")
    spec = TrainingSpec(flips="none")  # of a run that nothing is known of
    with suppress(NotFound, StoreError):
        spec = RunStore(settings).get(description.run).spec
    made = make_reference(open_dataset(same[0].name, settings), spec, outputs)
    with suppress(StorageError):  # it holds for this process, and the next one makes it again
        save_reference(folder, made)
    return made


def make_reference(dataset: Dataset, spec: TrainingSpec, outputs: Outputs) -> Reference:
    """The reference of a run with these settings on this data set; the same each time. Raises as `kept_reference`."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # with more, the matrices of this size take longer beside a training
        return _make_reference(dataset, spec, outputs)


def _make_reference(dataset: Dataset, spec: TrainingSpec, outputs: Outputs) -> Reference:
    random = np.random.default_rng(0)
    fitted, held_out = _dealt(dataset, random)
    if len(held_out) < FEWEST_HELD_OUT:
        raise InvalidInput(
            f"data set '{dataset.name}' has {len(held_out)} slices of other patients to compare with; "
            f"expected at least {FEWEST_HELD_OUT}"
        )
    flips = _flips(spec)
    upright, turned = _looks_of_fitted(dataset, fitted, flips, random)
    found = replace(
        _fit(upright, turned),
        flips=np.array(_compared_flips(dataset, spec, flips), dtype=np.str_),
        sizes=_sizes(dataset),
    )
    scores = [found.scores(looks(gather(dataset.pixels, rows))) for rows in _stepwise(held_out)]
    return replace(
        found,
        limits=joint_limits(np.concatenate(scores)),
        held_out=np.array(len(held_out)),
        movement=_movement_limit(dataset, found.flips, outputs, random),
    )


def _dealt(dataset: Dataset, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Index rows to fit on, and rows of other patients, each ascending: half of the training patients, and the others
    with those of validation. A slice of an unknown patient counts as of its own."""
    owners = pd.factorize(dataset.columns("patient")["patient"])[0]
    owners = np.where(owners >= 0, owners, owners.max(initial=-1) + 1 + np.arange(len(owners)))
    train, validation = dataset.rows("train"), dataset.rows("validation")
    patients = random.permutation(np.unique(owners[train]))
    first = np.isin(owners[train], patients[: max(1, len(patients) // 2)])
    fitted, others = train[first], np.concatenate([train[~first], validation])
    others = others[~np.isin(owners[others], owners[fitted])]
    return _some(fitted, FITTED, random), _some(others, HELD_OUT, random)


def _looks_of_fitted(
    dataset: Dataset, rows: np.ndarray, flips: tuple[str, ...], random: np.random.Generator
) -> tuple[Looks, dict[str, np.ndarray]]:
    """Looks of slices as training showed them, and turn -> shapes of the same slices turned."""
    height, width = dataset.image_shape[:2]
    turns = [UPSIDE_DOWN] * ("vertical" not in flips) + [ON_ITS_SIDE] * (height == width)
    upright: list[Looks] = []
    turned: dict[str, list[np.ndarray]] = {name: [] for name in turns}
    for some in _stepwise(rows):
        slices = gather(dataset.pixels, some)
        for name in flips:
            chosen = random.random(len(slices)) < 0.5
            slices[chosen] = AUGMENTATIONS[name](slices[chosen])
        upright.append(looks(slices))
        for name, parts in turned.items():
            first, second = KNOWN_TURNS[name]
            parts += [descriptors(first(slices[::2])), descriptors(second(slices[1::2]))]
    return joined(upright), {name: np.concatenate(parts) for name, parts in turned.items()}


def _fit(upright: Looks, turned: dict[str, np.ndarray]) -> Reference:
    """The reference without what comes from held-out slices."""
    shapes = upright.shapes.astype(float)
    mean, covariance = shapes.mean(axis=0), _covariance(shapes)
    components = np.linalg.eigh(covariance)[1][:, ::-1].T[: min(COMPONENTS, len(shapes))]
    variances, axes = np.linalg.eigh(_regularised(_covariance(upright.grain.astype(float))))
    directions, offsets = np.zeros((shapes.shape[1], 0)), np.zeros(0)
    for other in turned.values():
        direction, offset = _discriminant(shapes, covariance, other.astype(float))
        directions, offsets = np.column_stack([directions, direction]), np.append(offsets, offset)
    low, middle, high = np.quantile(upright.levels, _RANGE, axis=0)
    ranges = np.stack([np.minimum(low, middle - 1), middle, np.maximum(high, middle + 1)])
    return Reference(
        axes=np.vstack([mean, components]).astype(np.float32),
        centre=upright.grain.mean(axis=0),
        whitening=(axes / np.sqrt(variances)).astype(np.float32),
        ranges=ranges.astype(np.float32),
        directions=directions.astype(np.float32),
        offsets=offsets.astype(np.float32),
        turns=np.array(list(turned), dtype=np.str_),
        **dict.fromkeys(("limits", "held_out", "flips", "movement", "sizes"), np.zeros(0)),
    )


def _discriminant(upright: np.ndarray, covariance: np.ndarray, turned: np.ndarray) -> tuple[np.ndarray, float]:
    """Direction and offset of Fisher's linear discriminant ("The use of multiple measurements in taxonomic problems",
    1936), positive for turned slices."""
    within = _regularised((covariance + _covariance(turned)) / 2)
    first, second = upright.mean(axis=0), turned.mean(axis=0)
    direction = np.linalg.solve(within, second - first)
    return direction, float(direction @ (first + second) / 2)


def _covariance(features: np.ndarray) -> np.ndarray:
    centred = features - features.mean(axis=0)
    return centred.T @ centred / len(centred)


def _regularised(covariance: np.ndarray) -> np.ndarray:
    """Towards equal variances, as Friedman, "Regularized discriminant analysis" (1989), and above 0 in any case."""
    size = len(covariance)
    return covariance + np.eye(size) * (_RIDGE * np.trace(covariance) / size + np.finfo(np.float32).eps)


def _flips(spec: TrainingSpec) -> tuple[str, ...]:
    return tuple(name for name in AUGMENTATIONS if spec.flips in (name, "both"))


def _compared_flips(dataset: Dataset, spec: TrainingSpec, flips: tuple[str, ...]) -> list[str]:
    """A head is symmetric enough for its mirror image, unless a label names a side or the model answers for both
    already; the other flips only where the model learnt them."""
    mirrored = [] if spec.test_time_flips or labels_naming_a_side(dataset.label_names) else ["horizontal"]
    return mirrored + [name for name in flips if name != "horizontal"]


def _movement_limit(dataset: Dataset, flips: np.ndarray, outputs: Outputs, random: np.random.Generator) -> np.ndarray:
    """() of how far the outputs of slices that the model did not learn from move when they are flipped."""
    rows = _some(dataset.rows("validation"), MOVED, random)
    if not len(flips) or len(rows) < FEWEST_HELD_OUT:
        return np.array(1.0)  # which no movement exceeds
    moved = []
    for some in _stepwise(rows):
        slices = gather(dataset.pixels, some)
        moved.append(movements(outputs(slices), flipped_outputs(slices, flips, outputs)))
    return joint_limits(np.concatenate(moved)[:, np.newaxis])[0]


def _sizes(dataset: Dataset) -> np.ndarray:
    """Least and most of height and width that the import noted, (2, 2); (0, 2) where it did not."""
    noted: Any = dataset.header.provenance.get("sizes")
    return np.array(noted, dtype=np.int64) if noted else np.zeros((0, 2), dtype=np.int64)


def _some(rows: np.ndarray, most: int, random: np.random.Generator) -> np.ndarray:
    return np.sort(random.choice(rows, min(most, len(rows)), replace=False))


def _stepwise(rows: np.ndarray) -> Iterable[np.ndarray]:
    return (rows[start : start + _STEP] for start in range(0, len(rows), _STEP))
