"""Batch prediction end to end: PNG files in memory, read in the confined children and predicted, as a page does it.

    MRI_HOME=... python benchmarks/batch_predict.py RUN [FILES] [REPEATS]

Takes the first FILES slices of the run's data set as PNG. Prints one line of JSON for each repetition, the first of
which also starts the children: files a second, slices a second of the model alone, and, for a machine that is busy
with other things, the processor seconds that this process and its children took for a thousand files.
"""

from __future__ import annotations

import io
import json
import sys
import time

import numpy as np
import psutil
from PIL import Image

from mri_core.prediction.batch_job import BatchJob
from mri_core.prediction.judged_run import trained_on
from mri_core.prediction.predictor import Predictor, load_predictor
from mri_core.runs.store import RunStore
from mri_core.settings import Settings


def main(run: str, files: str = "2000", repeats: str = "3") -> None:
    settings = Settings()
    found = RunStore(settings).find(run)
    dataset = trained_on(found, settings)
    if dataset is None:
        raise SystemExit("the run's data set is gone")
    predictor = load_predictor(found.folder)
    slices = np.array(dataset.pixels[: int(files)])
    pictures = [(f"{number:05}.png", png(pixels)) for number, pixels in enumerate(slices)]
    for _ in range(int(repeats)):
        print(json.dumps(measure(predictor, slices, pictures)), flush=True)


def measure(predictor: Predictor, slices: np.ndarray, pictures: list[tuple[str, bytes]]) -> dict[str, float]:
    began, used = time.perf_counter(), processor_seconds()
    predictor.probabilities(slices)
    model, model_used = time.perf_counter() - began, processor_seconds() - used
    began, used = time.perf_counter(), processor_seconds()
    job = BatchJob(predictor, pictures)
    while not job.wait(0.05):
        pass
    seconds, batch_used = time.perf_counter() - began, processor_seconds() - used
    if len(job.result.table) != len(pictures):
        raise SystemExit(f"{len(job.result.table)} of {len(pictures)} files were answered")
    return {
        "files_a_second": len(pictures) / seconds,
        "model_slices_a_second": len(slices) / model,
        "processor_seconds_per_1000_files": batch_used / len(pictures) * 1000,
        "of_which_model": model_used / len(slices) * 1000,
    }


def processor_seconds() -> float:
    """Of this process, the children that it has, and those that have ended."""
    own = psutil.Process()
    mine = own.cpu_times()
    live = [child.cpu_times() for child in own.children(recursive=True)]
    return mine.user + mine.system + mine.children_user + mine.children_system + sum(t.user + t.system for t in live)


def png(pixels: np.ndarray) -> bytes:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


if __name__ == "__main__":
    main(*sys.argv[1:])
