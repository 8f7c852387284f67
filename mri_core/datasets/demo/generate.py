"""Making the demo data set: virtual patients simulated in parallel, split by patient, written as a data set."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import Dataset
from mri_core.datasets.demo.anatomy import Atlas, load_atlas
from mri_core.datasets.demo.deal import split_patients
from mri_core.datasets.demo.lesion import Lesion, draw_lesion
from mri_core.datasets.demo.patient import PIXEL_MM, SIZE, SLICES_PER_PATIENT, draw_head, sample_tissue
from mri_core.datasets.demo.scanner import acquire, draw_scanner
from mri_core.errors import InvalidInput
from mri_core.settings import Settings

LABELS = ("label 1", "label 2", "label 3")
LEAST_PIXELS = (57, 35, 88)
"""A label is on when its part covers at least this many pixels of the slice (a pixel is 12.25 mm²)."""

_PATIENTS_WORTH_A_PROCESS = 50  # fewer are simulated before another process has started
FEWEST_SLICES, MOST_SLICES = 100, 1_000_000


@dataclass(frozen=True)
class Patient:
    """A simulated examination.

    pixels: (slices, 64, 64) uint8. labels: (slices, 3) uint8. heights: (slices,) mm. position in the head.
    """

    pixels: np.ndarray
    labels: np.ndarray
    heights: np.ndarray


@dataclass(frozen=True)
class Scan:
    """What was in the scanner and what it saw.

    tissue: (5, slices, 64, 64), the share of a pixel that is grey, white, fluid, skull and scalp. lesion: in it.
    pixels: (slices, 64, 64) uint8. heights: (slices,) mm.
    """

    tissue: np.ndarray
    lesion: Lesion
    pixels: np.ndarray
    heights: np.ndarray


def simulate_scan(atlas: Atlas, seed: int, number: int) -> Scan:
    """Scan one virtual patient. The outcome depends on (seed, number) alone, so any process may do it."""
    random = np.random.default_rng([seed, number])
    head = draw_head(atlas, random)
    tissue = sample_tissue(atlas, head)
    grey, white, fluid, skull, scalp = tissue
    brain = np.clip(grey + white + fluid, 0, 1) * (skull + scalp < 0.3)
    lesion = draw_lesion(atlas, head, brain, random)
    return Scan(tissue, lesion, acquire(tissue, lesion, draw_scanner(random), random), head.heights)


def simulate_patient(atlas: Atlas, seed: int, number: int) -> Patient:
    """Scan one virtual patient and say which labels its slices carry."""
    scan = simulate_scan(atlas, seed, number)
    parts = (scan.lesion.whole, scan.lesion.core, scan.lesion.rim)
    areas = np.stack([(part > 0.5).sum(axis=(1, 2)) for part in parts], axis=1)
    return Patient(scan.pixels, (areas >= LEAST_PIXELS).astype(np.uint8), scan.heights)


def make_demo(
    settings: Settings,
    name: str = "demo",
    slices: int = 20_000,
    seed: int = 0,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Create the simulated data set.

    slices: 100 to 1,000,000; 20 a patient. seed: the same seed gives the same data set whatever `processes` is.
    progress: called with slices done and slices in all.
    Raises InvalidInput for a bad count or seed or a name that is taken, StorageError when the disk does not hold it.
    """
    if not FEWEST_SLICES <= slices <= MOST_SLICES:
        raise InvalidInput(f"slices is {slices}, expected {FEWEST_SLICES:,} to {MOST_SLICES:,}")
    if seed < 0:
        raise InvalidInput(f"seed is {seed}, expected 0 or more")
    with DatasetBuilder(settings, name, LABELS, (SIZE, SIZE), slices) as builder:
        patients = _simulate_all(seed, -(-slices // SLICES_PER_PATIENT), processes or os.cpu_count() or 1)
        # The split needs every patient's labels, so it is known last; pixels are written on the way.
        rows: list[dict] = []
        labels: list[np.ndarray] = []
        for number, patient in enumerate(patients):
            keep = min(SLICES_PER_PATIENT, slices - len(rows))
            added = [_row(number, i, patient) for i in range(keep)]
            rows += added
            labels.append(patient.labels[:keep])
            builder.add(patient.pixels[:keep], added)
            if progress:
                progress(len(rows), slices)
        splits = split_patients(np.stack([found.sum(axis=0) for found in labels]), seed)
        builder.assign("split", np.repeat(splits, [len(found) for found in labels]).tolist())
        return builder.finish(simulated=True, provenance=_provenance(seed))


def _row(number: int, i: int, patient: Patient) -> dict:
    name = f"P{number + 1:05d}"
    facts = {
        "id": f"{name}-{i + 1:02d}",
        "patient": name,
        "split": None,
        "source": "simulated",
        "position": round(float(patient.heights[i]), 1),
    }
    return facts | dict(zip(LABELS, patient.labels[i].tolist(), strict=True))


def _provenance(seed: int) -> dict:
    return {
        "origin": "simulated by mri_core.datasets.demo; no real patient",
        "anatomy": "MNI152 symmetric 2009a (Fonov et al. 2009), as shipped by nilearn",
        "seed": seed,
        "pixel_mm": PIXEL_MM,
        "least_pixels": dict(zip(LABELS, LEAST_PIXELS, strict=True)),
        "labels": {"label 1": "whole lesion with oedema", "label 2": "core", "label 3": "enhancing rim"},
    }


_atlas: Atlas | None = None  # of a worker process, handed over once when it starts


def _simulate_all(seed: int, patients: int, processes: int) -> Iterator[Patient]:
    """Patients in order, whoever simulated them."""
    atlas = load_atlas()
    processes = min(processes, -(-patients // _PATIENTS_WORTH_A_PROCESS))
    if processes == 1:
        yield from (simulate_patient(atlas, seed, number) for number in range(patients))
        return
    # Started fresh, not forked: the caller may hold threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(atlas,)) as pool:
        try:
            yield from pool.map(_simulate_one, [seed] * patients, range(patients), chunksize=5)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _begin(atlas: Atlas) -> None:
    global _atlas
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends its workers
    _atlas = atlas


def _simulate_one(seed: int, number: int) -> Patient:
    assert _atlas is not None, "the worker process was not given the atlas"
    return simulate_patient(_atlas, seed, number)
