"""The file that a competition is handed: a run's answers to the test split."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from app.ui import errors, judgements
from mri_core import words
from mri_core.csv_text import csv_text
from mri_core.prediction.judged_run import JudgedRun
from mri_core.prediction.submission import submission_table
from mri_core.runs.comparison import distinct_names
from mri_core.runs.run import Run

HELP = (
    "A CSV for a competition: one row a test slice, its id, then 1 for each label whose probability reaches the "
    "model's threshold, and 0 for the others. A row of zeros is no finding."
)


def draw(runs: Sequence[Run]) -> None:
    """A button a run."""
    with st.container(horizontal=True):
        for name, run in zip(distinct_names(runs), runs, strict=True):
            with errors.in_words():
                judged = judgements.judged(run, "test")
                st.download_button(
                    f"Submission file of {words.plain(name)} for the test split",
                    partial(_submission, judged),
                    f"{name} test submission.csv",
                    "text/csv",
                    icon=":material/emoji_events:",
                    help=HELP,
                    on_click="ignore",
                    key=f"submission of {run.id}",
                )


def _submission(judged: JudgedRun) -> str:
    return csv_text(submission_table(judged))
