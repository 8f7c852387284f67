"""Does the fast training of the study's CNN score what the plain Keras script does, and what it does itself in float32?

    MRI_HOME=… python benchmarks/same_scores.py DATASET [SEEDS]

First train `cnn` with the seeds 0, 1, … and each also with `--set precision=float32` (`mri train --preset cnn --set
seed=…`). The plain script is run here, once a seed. Prints Markdown: the micro-F1 on the validation slices, at the
epoch with the lowest validation loss, and the differences paired by seed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.evaluation import fold_seeds, seed_differences
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import make_spec

SCRIPT = Path(__file__).with_name("plain_keras.py")
MICRO = ("averages", "micro", "f1")


def main(dataset_name: str, seeds: int = 3) -> None:
    settings = Settings()
    dataset, store = open_dataset(dataset_name, settings), RunStore(settings)
    scores = {
        "ours": ours(store, dataset, seeds, "auto"),
        "ours in float32": ours(store, dataset, seeds, "float32"),
        "plain Keras script": {seed: plain(dataset, seed) for seed in range(seeds)},
    }
    print(
        f"| micro-F1 of the CNN, validation | {' | '.join(f'seed {seed}' for seed in range(seeds))} | mean ± spread |"
    )
    print(f"|---|{'---|' * (seeds + 1)}")
    by_path = {name: {seed: {MICRO: score} for seed, score in found.items()} for name, found in scores.items()}
    for name, found in scores.items():
        spread = fold_seeds(by_path[name])[MICRO]
        written = " | ".join(f"{score:.3f}" for score in found.values())
        print(f"| {name} | {written} | {spread.mean:.3f} ± {spread.deviation:.3f} |")
    print()
    for name in list(scores)[1:]:
        found = seed_differences(by_path[name], by_path["ours"])[MICRO]
        print(f"- ours less {name}: {found.spread.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})")


def ours(store: RunStore, dataset: Dataset, seeds: int, precision: str) -> dict[int, float]:
    """Seed -> score of its newest finished run."""
    found: dict[int, float] = {}
    for run in store.list(dataset.name, statuses=("finished",)):
        seed = run.spec.seed
        if seed not in found and run.spec == make_spec("cnn", {"seed": seed, "precision": precision}):
            found[seed] = run.summary["best"]["val_micro_f1"]
    if missing := [seed for seed in range(seeds) if seed not in found]:
        sys.exit(f"no finished run of cnn with precision={precision} and seed {missing[0]}; train it first")
    return {seed: found[seed] for seed in range(seeds)}


def plain(dataset: Dataset, seed: int) -> float:
    """The score of the plain script."""
    command = [sys.executable, str(SCRIPT), str(dataset.folder), "--epochs", "20", "--seed", str(seed)]
    print(f"seed {seed} of the plain script", file=sys.stderr)
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(printed.splitlines()[-1])["micro_f1"]


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
