"""The file that a competition is handed: a run's answers to the test split."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from app.ui import errors, judgements
from mri_core import words
from mri_core.csv_text import csv_text
from mri_core.prediction.submission import submission_table
from mri_core.quality.finding import counted
from mri_core.runs.comparison import distinct_names
from mri_core.runs.run import Run

ROWS = 5


def draw(runs: Sequence[Run]) -> None:
    """A button a run."""
    title = "Submission file for the test split"
    opened = st.expander(title, icon=":material/emoji_events:", on_change="rerun", key="submission files")
    if not opened.open:
        return
    with opened:
        st.write(
            "One row a test slice: its id, then 1 for each label whose probability reaches the model's threshold, and "
            "0 for the others. A row of zeros is no finding."
        )
        for name, run in zip(distinct_names(runs), runs, strict=True):
            with errors.in_words():
                table = submission_table(judgements.judged(run, "test"))
                st.dataframe(table.head(ROWS), hide_index=True)
                st.caption(f"The first of {counted(len(table), 'slices')} by {words.plain(name)}.")
                st.download_button(
                    f"Submission of {words.plain(name)}",
                    partial(csv_text, table),
                    f"{name} test submission.csv",
                    "text/csv",
                    icon=":material/download:",
                    on_click="ignore",
                    key=f"submission of {run.id}",
                )
