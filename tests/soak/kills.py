"""Kill the training process at random instants: `python -m tests.soak.kills --kills 200`.

Each run is trained once undisturbed and once killed again and again, looked after as the engine does. It prints a JSON
object; its exit status is 1 unless every disturbed run ended with the bits of the undisturbed one.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import tempfile
import threading
import time
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil

from mri_core.bench.session import own_settings
from mri_core.datasets.dataset import Dataset
from mri_core.datasets.demo.generate import make_demo
from mri_core.evaluation.predictions import load_splits
from mri_core.runs.attempts import resume
from mri_core.runs.liveness import find_process
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.runs.supervise import supervise
from mri_core.training.presets import make_spec

KILLS_A_RUN = 12
SPEC = (
    "dense-adam",
    {"epochs": 30, "patience": 30, "flips": "both", "flip_mode": "random", "shift": 2, "batch_size": 16},
)


def kill_trainings(home: Path, kills: int, seed: int) -> dict[str, Any]:
    """kills: in all. Returns what was done and what was found, by name."""
    settings = own_settings(home)
    dataset, store, chance = make_demo(settings, slices=300), RunStore(settings), random.Random(seed)
    began = time.monotonic()
    undisturbed = _trained(store, dataset, {})
    lasts = time.monotonic() - began
    found = {"kills": 0, "runs": 0, "resumed": 0, "given up and resumed by hand": 0, "different": 0, "seed": seed}
    while found["kills"] < kills:
        before, began = found["kills"], time.monotonic()
        killed = _trained(store, dataset, found, min(KILLS_A_RUN, kills - before), lasts, chance)
        if found["kills"] == before:  # on a machine that has less to do now, it was over before its instant came
            lasts = min(lasts, time.monotonic() - began)
        found["runs"] += 1
        found["resumed"] += killed.attempt - 1
        found["different"] += not same(killed, undisturbed)
    return found


def _trained(
    store: RunStore,
    dataset: Dataset,
    found: dict[str, Any],
    kills: int = 0,
    lasts: float = 0.0,
    chance: random.Random | None = None,
) -> Run:
    run = store.create(make_spec(*SPEC), dataset.name, dataset.fingerprint, dataset.label_names)
    while not run.ended:
        follower = threading.Thread(target=supervise, args=(run.id, store.settings.environment()))
        follower.start()
        while chance and kills and follower.is_alive():
            wait = time.monotonic() + chance.uniform(0, lasts)
            while time.monotonic() < wait and follower.is_alive():
                time.sleep(0.05)
            if _killed(store, run.id):
                kills, found["kills"] = kills - 1, found["kills"] + 1
        follower.join()
        run = store.get(run.id)
        if run.status == "failed":  # it was killed too often without finishing an epoch
            found["given up and resumed by hand"] += 1
            run = resume(store, run.id)
    return run


def _killed(store: RunStore, run_id: str) -> bool:
    run = store.get(run_id)
    process = find_process(run.process) if run.process and not run.ended else None
    with suppress(psutil.NoSuchProcess):
        if process:
            process.send_signal(signal.SIGKILL)
            return True
    return False


def same(run: Run, other: Run) -> bool:
    """Whether two runs have the same curves, weights and probabilities, to the bit."""
    told, weights, splits = ((read(each) for each in (run, other)) for read in (_history, _weights, _probabilities))
    return all(_equal(*pair) for pair in (told, weights, splits)) and run.status == other.status == "finished"


def _equal(one: Any, other: Any) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def _history(run: Run) -> dict[str, Any]:
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in run.history]
    return {"rows": json.dumps(rows, sort_keys=True), "best": run.best_epoch}


def _weights(run: Run) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(run.folder / "model.keras") as archive:
        data = archive.read("model.weights.h5")
    with h5py.File(BytesIO(data)) as file:
        file.visititems(lambda name, item: found.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    return found


def _probabilities(run: Run) -> dict[str, np.ndarray]:
    return {split: each.probabilities for split, each in load_splits(run.folder).items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mri-soak-") as folder:
        found = kill_trainings(Path(folder), options.kills, options.seed)
    print(json.dumps(found))
    return int(found["different"] > 0)


if __name__ == "__main__":
    raise SystemExit(main())
