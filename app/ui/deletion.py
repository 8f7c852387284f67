"""Deleting runs: asked once, naming what goes."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.ui import errors, recorded, state
from mri_core import words
from mri_core.runs.run import Run


@st.dialog("Delete for good?", icon=":material/delete:")
def confirm_deletion(chosen: Sequence[Run]) -> None:
    """Draw the question; on yes, delete the runs and draw the page again."""
    st.write("These runs are removed, with their models, probabilities and curves. This cannot be undone.")
    for run in chosen:
        st.text(f"{run.name}, {run.status}, {state.moment(run.created)}, on {run.dataset_name}")
    titled = {one.run_id: one.dataset for one in recorded.champions().values()}
    for run in chosen:
        if run.id in titled:
            st.warning(
                f"{words.plain(run.name)} is the champion of {words.plain(titled[run.id])}, which then has none: "
                "Predict starts with the newest run.",
                icon=":material/trophy:",
            )
    label = "Delete this run" if len(chosen) == 1 else f"Delete these {len(chosen)} runs"
    if st.button(label, type="primary", icon=":material/delete:"):
        with errors.in_words():
            for run in chosen:
                recorded.store().delete(run.id)
            st.rerun()
