"""What the recommended presets are worth beside the study's CNN, from finished runs, as Markdown.

    MRI_HOME=… python benchmarks/recommended.py DATASET [UNTOUCHED]

First train `cnn`, `recommended` and `recommended-fast` with seeds 0, 1 and 2 on the data set (`mri train --preset …
--set seed=…`), with nothing else running: the times are those of the epochs. With UNTOUCHED, a
data set of other patients, all its slices are what the runs are judged on, in place of the test slices.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.evaluation import evaluate, load_predictions, seed_differences
from mri_core.prediction.predictor import load_predictor
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import PRESETS

REFERENCE, COMPARED = "cnn", ("recommended", "recommended-fast")
MICRO = ("averages", "micro", "f1")


def main(dataset_name: str, untouched: str | None = None) -> None:
    settings = Settings()
    dataset, store = open_dataset(dataset_name, settings), RunStore(settings)
    judged_on = open_dataset(untouched, settings) if untouched else None
    runs = {preset: by_seed(store, dataset, preset) for preset in (REFERENCE, *COMPARED)}
    seeds = sorted(set.intersection(*(set(found) for found in runs.values())))
    if not seeds:
        sys.exit("no seed has finished runs of all three presets")
    last = dataset.label_names[-1]
    print(f"| seed | preset | micro-F1 | {last} F1 | training | reaches the best validation micro-F1 of `cnn` |")
    print("|---|---|---|---|---|---|")
    for seed in seeds:
        goal = max(row["val_micro_f1"] for row in runs[REFERENCE][seed].history)
        base = seconds_to(runs[REFERENCE][seed], goal)
        for preset, found in runs.items():
            micro, rare = scores_of(found[seed], judged_on).values()
            took = seconds_to(found[seed], goal)
            sooner = "" if preset == REFERENCE or not took else f", {base / took:.1f} × as soon"
            reached = "never" if took is None else f"{took:.0f} s{sooner}"
            whole = sum(row["seconds"] for row in found[seed].history)
            print(f"| {seed} | `{preset}` | {micro:.3f} | {rare:.3f} | {whole:.0f} s | {reached} |")
    print()
    for preset in COMPARED:
        for line in differences(runs[REFERENCE], runs[preset], seeds, judged_on):
            print(f"- `{preset}`, {line}")


def by_seed(store: RunStore, dataset: Dataset, preset: str) -> dict[int, Run]:
    """The newest finished run of each seed."""
    wanted = PRESETS[preset]
    found = [
        run
        for run in store.list(dataset.name, statuses=("finished",))
        if run.spec == wanted.model_copy(update={"seed": run.spec.seed})
    ]
    return {run.spec.seed: store.get(run.id) for run in reversed(found)}


def seconds_to(run: Run, goal: float) -> float | None:
    """Seconds of epochs until the validation micro-F1 is `goal`, None when it never is."""
    passed = 0.0
    for row in run.history:
        passed += row["seconds"]
        if row["val_micro_f1"] >= goal:
            return passed
    return None


def scores_of(run: Run, judged_on: Dataset | None) -> dict[tuple[str, ...], float]:
    """Micro-F1 and the F1 of the last label at threshold 0.5: on test slices, or on all of another data set."""
    if judged_on is None:
        stored = load_predictions(run.folder, "test")
        truth, probabilities = stored.truth, stored.probabilities
    else:
        truth, probabilities = judged_on.truth, load_predictor(run.folder).probabilities(judged_on.pixels)
    evaluation = evaluate(truth, probabilities, run.label_names)
    return {
        MICRO: evaluation.overall.averages["micro"].f1,
        ("labels", run.label_names[-1], "f1"): float(evaluation.scores["f1"][-1]),
    }


def differences(
    a: Mapping[int, Run], b: Mapping[int, Run], seeds: list[int], judged_on: Dataset | None
) -> Iterator[str]:
    """Differences paired by seed, and what is left of the reference's error 1 - F1."""
    ours, theirs = ({seed: scores_of(runs[seed], judged_on) for seed in seeds} for runs in (a, b))
    for path, found in seed_differences(ours, theirs).items():
        left = sum(1 - scores[path] for scores in theirs.values()) / sum(1 - scores[path] for scores in ours.values())
        name = "micro-F1" if path == MICRO else f"{path[1]} F1"
        yield (
            f"{name}: {found.spread.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f}, {found.spread.n} seeds), "
            f"{left:.2f} of the error left"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
