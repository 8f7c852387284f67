"""How many planted label errors do networks find that never learnt from them?

    MRI_HOME=… python benchmarks/label_errors.py DATASET [--flips 150] [--seed 0] [--preset recommended-fast]

Makes a copy of the data set with flipped labels, one on each of some slices, trains a cross-validation on it through
the queue as `mri crossvalidate` does, and prints Markdown: how many of the first suspects were planted. Once made, the
copy and its runs are used again.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from mri_core.cli.training import follow
from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import SPLITS, Dataset, list_datasets, open_dataset
from mri_core.prediction.out_of_fold import CrossValidation, cross_validations
from mri_core.prediction.run_label_errors import LabelErrors, find_label_errors
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import JUDGES, make_spec
from mri_core.training.spec import TrainingSpec
from mri_core.training.start import start_parts


def planted_flips(dataset: Dataset, flips: int, seed: int) -> dict[int, int]:
    """Index row -> the place of the label that is flipped on it; drawn among slices whose labels are known."""
    random = np.random.default_rng(seed)
    rows = random.choice(np.flatnonzero(dataset.labelled), flips, replace=False)
    return dict(zip(rows.tolist(), random.integers(len(dataset.label_names), size=flips).tolist(), strict=True))


def plant(clean: Dataset, settings: Settings, flips: dict[int, int], name: str) -> Dataset:
    """The data set with its flips, made where it is not there yet."""
    if name in [header.name for header in list_datasets(settings)]:
        return open_dataset(name, settings)
    rows = clean.index.drop(columns="checksum").astype(object).to_dict("records")
    for row, column in flips.items():
        rows[row][clean.label_names[column]] = 1 - rows[row][clean.label_names[column]]
    with DatasetBuilder(settings, name, clean.label_names, clean.image_shape, len(rows)) as builder:
        for start in range(0, len(rows), 500):
            builder.add(np.array(clean.pixels[start : start + 500]), rows[start : start + 500])
        return builder.finish(clean.header.simulated, {}, clean.header.preprocessing)


def cross_validate(spec: TrainingSpec, dataset: Dataset, settings: Settings) -> CrossValidation:
    """Train the parts that are missing, and wait for those under way."""
    store = RunStore(settings)

    def judges() -> CrossValidation:
        known = cross_validations(store.list(dataset.name), dataset)
        return next((one for one in known if one.spec == spec), CrossValidation(spec, {}, ()))

    start_parts(spec, judges().missing, dataset, settings)
    for run in sorted(judges().waiting, key=lambda run: run.created):
        follow(store, run.id)
    return judges()


def report(found: LabelErrors, flips: dict[int, int], clean: Dataset) -> None:
    ranked = found.suspects(found.ranked())
    names = clean.label_names
    planted = np.array([one.row in flips for one in ranked])
    named = np.array([planted[i] and next(iter(one.doubted)) == names[flips[one.row]] for i, one in enumerate(ranked)])
    print("| among the first | planted slices | precision | label named too | recall |\n|--:|--:|--:|--:|--:|")
    for first in sorted({50, 100, len(flips), 2 * len(flips), len(ranked)}):
        if first <= len(ranked):
            hits = int(planted[:first].sum())
            told = f"{hits / first:.3f} | {int(named[:first].sum())} | {hits / len(flips):.3f}"
            print(f"| {words(first, len(ranked))} | {hits} | {told} |")
    print("\n| flips | planted | among the first | share |\n|---|--:|--:|--:|")
    first = {one.row for one in ranked[: len(flips)]}
    splits = clean.columns("split")["split"].to_numpy(dtype=object)
    groups = {f"in {split}": [row for row in flips if splits[row] == split] for split in SPLITS}
    for place, name in enumerate(names):
        for value, kind in ((1, "taken away"), (0, "added")):
            groups[f"{name} {kind}"] = [r for r, c in flips.items() if c == place and clean.truth[r, c] == value]
    for kind, rows in groups.items():
        hits = len(first & set(rows))
        print(f"| {kind} | {len(rows)} | {hits} | {hits / max(1, len(rows)):.2f} |")
    alone = np.where(found.truth == 1, found.judged.probabilities, 1 - found.judged.probabilities).min(axis=1)
    hits = len(set(found.judged.rows[np.argsort(alone, kind="stable")[: len(flips)]]) & set(flips))
    print(f"\nRanked by the networks' probabilities alone: {hits} of the first {len(flips)} were planted.")


def words(first: int, suspects: int) -> str:
    return f"{first:,}, all suspects" if first == suspects else f"{first:,}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("--flips", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--preset", default=JUDGES)
    asked = parser.parse_args()
    settings = Settings()
    clean = open_dataset(asked.dataset, settings)
    flips = planted_flips(clean, asked.flips, asked.seed)
    flipped = plant(clean, settings, flips, f"{clean.name} {asked.flips} flips {asked.seed}")
    judges = cross_validate(make_spec(asked.preset), flipped, settings)
    begin = time.monotonic()
    found = find_label_errors(judges.runs, flipped)
    taken = time.monotonic() - begin
    trained = sum(run.timing.seconds for run in judges.runs if run.timing)
    print(f"{asked.flips} flipped labels among {found.covered}, {len(judges.runs)} networks by `{asked.preset}`.\n")
    report(found, flips, clean)
    print(f"\nTraining took {trained:.0f} s, judging the labels {taken:.1f} s.")


if __name__ == "__main__":
    main()
