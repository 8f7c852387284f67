"""How often are usual slices doubted, and how often are strange images?

    MRI_HOME=… python benchmarks/doubts.py RUN [--dataset NAME] [--flips both] [--images 500]

Makes the reference of a run anew, in memory, and prints Markdown: the false alarms on the test slices, of patients that
nothing was fitted or chosen on, and for each kind of strange image the share that is doubted for its looks, for what a
flip does to the answer, and for any reason. --dataset compares with another data set than the run's; --flips as if the
run had been trained with these flips.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence

import numpy as np
from strange_slices import KINDS

from mri_core.augmentation import AUGMENTATIONS
from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.datasets.gather import gather
from mri_core.images.prepare import prepare
from mri_core.prediction.doubts import doubts, flip_doubts, look_doubts
from mri_core.prediction.judged_run import trained_on
from mri_core.prediction.predictor import Predictor, load_predictor
from mri_core.prediction.reference import Reference
from mri_core.prediction.reference_fit import make_reference
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

BATCH = 256
PARTS = {
    "Mirrored": "another answer once flipped",
    "does not look like": "does not look like the training slices",
    "brighter than": "brighter or darker",
    "darker than": "brighter or darker",
    "contrast than": "more or less contrast",
    "lie upside down": "upside down",
    "lie on its side": "on its side",
    "cut in another": "lies or is cut otherwise",
    "blank": "blank",
    "enlarged": "enlarged",
    "so scaling": "of another size",
}
"""Part of a sentence -> what it says."""


def sentences(predictor: Predictor, reference: Reference, originals: Sequence[np.ndarray]) -> list[tuple[str, ...]]:
    """All doubts about each image, as `Predictor.predict` would say them."""
    shape, how = predictor.description.image_shape, predictor.description.preprocessing
    said: list[tuple[str, ...]] = []
    for start in range(0, len(originals), BATCH):
        some = originals[start : start + BATCH]
        seen = np.stack([prepare(one, shape, how.resampling) for one in some])
        given = predictor.outputs(seen)
        said += doubts(some, seen, given, predictor.description, reference, predictor.outputs)
    return said


def kinds_of(said: tuple[str, ...]) -> set[str]:
    """What the sentences say, each by the first of PARTS that is in it."""
    return {next(name for part, name in PARTS.items() if part in one) for one in said}


def by_flip(said: tuple[str, ...]) -> bool:
    return any(one.startswith("Mirrored") for one in said)


def by_look(said: tuple[str, ...]) -> bool:
    return any(not one.startswith("Mirrored") and "enlarged" not in one for one in said)


def share(found: Sequence[bool]) -> str:
    return f"{100 * float(np.mean(found)):.1f} %"


def interval(found: np.ndarray, patients: np.ndarray) -> tuple[float, float]:
    """95 % of the share of slices, of patients resampled 2,000 times."""
    _, owners = np.unique(patients, return_inverse=True)
    sums, sizes = np.bincount(owners, found), np.bincount(owners)
    drawn = np.random.default_rng(0).integers(0, len(sums), (2000, len(sums)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), (0.025, 0.975))
    return float(low), float(high)


def report_usual(said: list[tuple[str, ...]], dataset: Dataset, rows: np.ndarray) -> None:
    patients = dataset.columns("patient")["patient"].to_numpy(dtype=str)[rows]
    print(f"| {len(rows):,} test slices of {len(set(patients)):,} other patients | doubted | 95 % interval |")
    print("|---|--:|--:|")
    for name, test in (("for their looks", by_look), ("for a flip", by_flip), ("for any reason", bool)):
        found = np.array([test(one) for one in said], dtype=float)
        low, high = interval(found, patients)
        print(f"| {name} | {100 * found.mean():.2f} % | {100 * low:.2f} to {100 * high:.2f} % |")
    counted = Counter(kind for one in said for kind in kinds_of(one))
    print("\nBy sentence: " + "; ".join(f"{kind} {100 * n / len(said):.2f} %" for kind, n in counted.most_common()))


def report_conclusions(predictor: Predictor, reference: Reference, slices: np.ndarray) -> None:
    """How often a flip changes the conclusion, which alone is no doubt."""
    thresholds = np.array([predictor.description.thresholds[name] for name in predictor.description.labels])
    concluded = predictor.probabilities(slices) >= thresholds
    flipped = [predictor.probabilities(AUGMENTATIONS[name](slices)) >= thresholds for name in reference.flips]
    differs = np.any([(one != concluded).any(axis=1) for one in flipped], axis=0)
    print(f"\nA flip changes the conclusion of {share(differs)}.")


def report_strange(predictor: Predictor, reference: Reference, held_out: np.ndarray, number: int) -> None:
    print("\n| strange images | how many | for looks | for a flip | any | said most often |\n|---|--:|--:|--:|--:|---|")
    for name, kind in KINDS.items():
        said = sentences(predictor, reference, kind(held_out, number, np.random.default_rng(0)))
        looked, flipped = [by_look(one) for one in said], [by_flip(one) for one in said]
        most = Counter(kind for one in said for kind in kinds_of(one)).most_common(2)
        told = "; ".join(f"{kind} ({100 * n / len(said):.0f} %)" for kind, n in most)
        every = share([bool(one) for one in said])
        print(f"| {name} | {len(said)} | {share(looked)} | {share(flipped)} | {every} | {told} |", flush=True)


def report_speed(predictor: Predictor, reference: Reference, slices: np.ndarray) -> None:
    given = predictor.outputs(slices)
    print("\n| processor time a slice | alone | in batches of 32 | in batches of 256 |\n|---|--:|--:|--:|")
    for name, ask in (
        ("the model's answer", lambda some, _: predictor.outputs(some)),
        ("doubts about looks", lambda some, _: look_doubts(reference, some)),
        (
            "doubts about flips",
            lambda some, answers: flip_doubts(reference, predictor.description, some, answers, predictor.outputs),
        ),
    ):
        times = []
        for batch in (1, 32, 256):
            began = time.process_time()
            for start in range(0, len(slices), batch):
                ask(slices[start : start + batch], given[start : start + batch])
            times.append((time.process_time() - began) / len(slices) * 1000)
        print(f"| {name} | " + " | ".join(f"{one:.2f} ms" for one in times) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--dataset")
    parser.add_argument("--flips", choices=("none", "horizontal", "vertical", "both"))
    parser.add_argument("--images", type=int, default=500)
    asked = parser.parse_args()
    settings = Settings()
    run = RunStore(settings).find(asked.run)
    dataset = open_dataset(asked.dataset, settings) if asked.dataset else trained_on(run, settings)
    assert dataset is not None, "the run's data set is gone"
    predictor = load_predictor(run.folder)
    spec = run.spec.model_copy(update={"flips": asked.flips} if asked.flips else {})
    began, cpu = time.monotonic(), time.process_time()
    reference = make_reference(dataset, spec, predictor.outputs)
    took, worked = time.monotonic() - began, time.process_time() - cpu
    turns, flips = ", ".join(reference.turns), ", ".join(reference.flips)
    print(
        f"Run '{run.name}', trained with flips: {spec.flips}; data set '{dataset.name}' of {dataset.header.slices:,} "
        f"slices. Reference made in {took:.1f} s ({worked:.1f} s of processor time), limits from "
        f"{int(reference.held_out):,} held-out slices; looked for: {turns}; compared under flips: {flips}.\n"
    )
    rows = dataset.rows("test")
    held_out = gather(dataset.pixels, rows)
    report_usual(sentences(predictor, reference, list(held_out)), dataset, rows)
    report_conclusions(predictor, reference, held_out)
    report_strange(predictor, reference, held_out, asked.images)
    report_speed(predictor, reference, held_out[:1024])


if __name__ == "__main__":
    main()
