"""How many planted faults do the quality checks find, and how much do they find that was not planted?

    MRI_HOME=… python benchmarks/planted_faults.py DATASET [--exact 200] [--near 200] [--leaked 100]

Copies the data set with faults planted in it into a temporary home, checks both, and prints Markdown. A false find is a
pair that was not planted and is not found in the data set as it is either.
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import SPLITS, Dataset, open_dataset
from mri_core.quality.checks import Quality, check_dataset
from mri_core.settings import Settings

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def shifted(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Moved by a pixel along one or both axes; black comes in from outside."""
    dy, dx = [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)][random.integers(8)]
    moved = np.zeros_like(pixels)
    height, width = pixels.shape
    moved[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)] = pixels[
        max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)
    ]
    return moved


def brightened(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    factor = random.choice([0.97, 1.03])
    return np.clip(np.rint(pixels * factor), 0, 255).astype(np.uint8)


def compressed(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "JPEG", quality=int(random.integers(75, 96)))
    return np.asarray(Image.open(held))


def mirrored(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return pixels[:, ::-1] if random.random() < 0.5 else pixels[::-1]


CHANGES: dict[str, Change] = {
    "shifted by a pixel": shifted,
    "brightness ±3 %": brightened,
    "JPEG, quality 75 to 95": compressed,
    "mirrored": mirrored,
}


@dataclass(frozen=True)
class Planted:
    """A data set with faults. exact: planted pairs of rows, the source first. near: the same, by kind of change."""

    dataset: Dataset
    exact: set[tuple[int, int]]
    near: dict[str, set[tuple[int, int]]]
    leaked: set[str]


def plant(clean: Dataset, settings: Settings, name: str, exact: int, near: int, leaked: int, seed: int = 0) -> Planted:
    """Add copies of random slices to the end of a data set, each in a random split, and put one slice of some patients
    into another split. Every source is copied once. Half of the copies stay with their patient, half get a new one."""
    random = np.random.default_rng(seed)
    sources = random.choice(clean.header.slices, exact + near, replace=False).tolist()
    rows = clean.index.drop(columns="checksum").astype(object).to_dict("records")
    names = random.choice(clean.index["patient"].unique(), leaked, replace=False).tolist()
    firsts = {row["patient"]: place for place, row in reversed(list(enumerate(rows)))}
    for patient in names:
        first = rows[firsts[patient]]
        first["split"] = random.choice([split for split in SPLITS if split != first["split"]])
    total, kinds = len(rows), list(CHANGES)
    planted: dict[str, set[tuple[int, int]]] = {kind: set() for kind in ("exact", *kinds)}
    copies, facts = [], []
    for place, source in enumerate(sources):
        pixels, kind = np.array(clean.pixels[source]), "exact"
        if place >= exact:
            kind = kinds[place % len(kinds)]
            pixels = CHANGES[kind](pixels, random)
        own = place // len(kinds) % 2 == 0
        facts.append(
            rows[source]
            | {"id": f"copy {place}"}
            | ({} if own else {"patient": f"copy of {place}", "split": str(random.choice(SPLITS))})
        )
        planted[kind].add((source, total + place))
        copies.append(pixels)
    with DatasetBuilder(settings, name, clean.label_names, clean.image_shape, total + len(copies)) as builder:
        for start in range(0, total, 500):
            builder.add(clean.pixels[start : start + 500], rows[start : start + 500])
        if copies:
            builder.add(np.stack(copies), facts)
        dataset = builder.finish(clean.header.simulated, {}, clean.header.preprocessing)
    return Planted(dataset, planted["exact"], {kind: planted[kind] for kind in kinds}, set(names))


def pairs(quality: Quality, check: str) -> set[tuple[int, int]]:
    """All pairs that a check found, the earlier row first."""
    found = [finding.pairs for finding in quality.found[check]]
    return {(min(a, b), max(a, b)) for each in found for a, b in each.tolist()}


def leaked_patients(quality: Quality) -> set[str]:
    return {str(line["patient"]) for finding in quality.found["patients"] for line in finding.table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    for name, number in (("exact", 200), ("near", 200), ("leaked", 100)):
        parser.add_argument(f"--{name}", type=int, default=number)
    asked = parser.parse_args()
    clean = open_dataset(asked.dataset, Settings())
    with tempfile.TemporaryDirectory() as folder:
        planted = plant(clean, Settings(home=Path(folder)), "planted", asked.exact, asked.near, asked.leaked)
        begin, cpu = time.monotonic(), time.process_time()
        after = check_dataset(planted.dataset)
        taken, worked = time.monotonic() - begin, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        before = check_dataset(clean)
        report(planted, before, after)
    print(
        f"\n{planted.dataset.header.slices:,} slices checked in {taken:.1f} s ({worked:.1f} s of processor time), "
        f"peak memory of the process {peak:,.0f} MB."
    )


def report(planted: Planted, before: Quality, after: Quality) -> None:
    print("| planted | how many | found | share |\n|---|--:|--:|--:|")
    kinds = {"exact duplicates": ("exact-duplicates", planted.exact)}
    kinds |= {f"near-duplicates, {kind}": ("near-duplicates", made) for kind, made in planted.near.items()}
    kinds["near-duplicates, all"] = ("near-duplicates", set().union(*planted.near.values()))
    for name, (check, made) in kinds.items():
        found = len(made & pairs(after, check))
        print(f"| {name} | {len(made)} | {found} | {100 * found / max(1, len(made)):.1f} % |")
    found = len(planted.leaked & leaked_patients(after))
    print(f"| leaked patients | {len(planted.leaked)} | {found} | {100 * found / max(1, len(planted.leaked)):.1f} % |")
    print("\n| found but not planted | pairs | share of all slices |\n|---|--:|--:|")
    slices = planted.dataset.header.slices
    for check, made in (("exact-duplicates", planted.exact), ("near-duplicates", kinds["near-duplicates, all"][1])):
        false = pairs(after, check) - made - pairs(before, check)
        alone = len({row for pair in pairs(before, check) for row in pair})
        print(f"| {check} | {len(false)} | {100 * len({row for pair in false for row in pair}) / slices:.2f} % |")
        print(f"| {check}, nothing planted | {len(pairs(before, check))} | {100 * alone / slices:.2f} % |")


if __name__ == "__main__":
    main()
