"""Where a run stands, in words and bars."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from mri_core import words
from mri_core.runs.run import Progress, Run, Status
from mri_core.training.spec import PARTS

COLOURS: dict[Status, Literal["gray", "blue", "orange", "green", "red"]] = {
    "queued": "gray",
    "running": "blue",
    "stopped": "orange",
    "finished": "green",
    "failed": "red",
}
PHASES = {
    "starting": "Starting: the network is built and its first step compiled. This takes some seconds.",
    "training": "Training.",
    "validating": "Judging the epoch on the validation slices.",
    "saving": "Saving the best weights, exporting the model and predicting validation and test slices.",
}


def status_badge(run: Run) -> None:
    st.badge(run.status.capitalize(), color=COLOURS[run.status])


def draw_subject(run: Run) -> None:
    """The network and the data that it learns from."""
    told = f"{words.choice(run.spec.architecture)} on {words.plain(run.dataset_name)}"
    if run.spec.left_out:
        told += f", without part {run.spec.left_out} of {PARTS}"
    st.caption(told, width="content")


def standing(run: Run) -> str:
    """What a run that has not ended is doing, in a sentence."""
    if run.stop_requested:
        return "Stopping: the step under way ends, then the best weights so far are saved."
    if run.status == "queued":
        if run.process:
            return "Starting: a fresh process loads TensorFlow. This takes some seconds."
        return "Queued: waiting for its turn. The Queue page shows what is before it."
    return PHASES.get(run.progress.phase if run.progress else "starting", PHASES["training"])


def patience_left(epochs: int) -> str:
    more = "1 more epoch" if epochs == 1 else f"{epochs} more epochs"
    return f"Stops after {more} without a lower validation loss."


def share_done(progress: Progress) -> float:
    """Of all epochs that were asked for, in [0, 1]. Early stopping may end a run before it reaches 1."""
    total = progress.epochs * max(1, progress.steps)
    return min(1.0, max(0.0, ((progress.epoch - 1) * progress.steps + progress.step) / total))


def draw_progress(run: Run) -> None:
    """The bars of a run that has not ended, and what it is doing. They keep their place while nothing is known yet."""
    progress, patience = run.progress, ""
    epoch, step, share, left = 0.0, "No epoch yet", 0.0, f"0 of at most {run.spec.epochs} epochs"
    if progress:
        epoch, share = min(1.0, progress.step / max(1, progress.steps)), share_done(progress)
        step = f"Epoch {progress.epoch}: step {words.count(progress.step)} of {words.count(progress.steps)}"
        left = f"Epoch {progress.epoch} of at most {progress.epochs}: {words.percent(share)}"
        if progress.seconds_left is not None:
            left += f", {words.duration(progress.seconds_left)} left at most"
        if progress.patience_left is not None and run.history:
            patience = patience_left(progress.patience_left)
    of_epoch, of_all = st.columns(2)
    of_epoch.progress(epoch, text=step)
    of_all.progress(share, text=left)
    st.write(standing(run), patience)
