"""Leaving slices out of a new version of a data set: asked once, naming what goes and what the version is called."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.ui import cache, errors, state
from mri_core import words
from mri_core.datasets.dataset import Dataset
from mri_core.quality.checks import to_exclude
from mri_core.quality.exclude import exclude, next_name
from mri_core.quality.finding import Finding, counted


@st.dialog("Make a new version?", icon=":material/content_cut:")
def confirm(dataset: Dataset, findings: Sequence[Finding]) -> None:
    """Draw the question; on yes, write the version and draw the page again with it picked."""
    rows = to_exclude(findings)
    old = words.plain(dataset.name)
    st.write(f"{words.count(len(rows))} of {words.count(dataset.header.slices)} slices of {old} are left out:")
    st.markdown("\n".join(f"- {words.plain(one.title)}: {counted(len(one.excluded), 'slices')}" for one in findings))
    several = sum(len(one.excluded) for one in findings) > len(rows)
    st.write(f"{'Some slices are in several of these. ' if several else ''}{old} stays as it is, and so do its runs.")
    name = st.text_input("Name of the new version", next_name(dataset.name, cache.settings()), max_chars=64)
    if st.button("Make the new version", type="primary", icon=":material/content_cut:"):
        with errors.in_words():
            bar = st.progress(0.0, text="Writing slices")
            reasons = {one.name: len(one.excluded) for one in findings}
            made = exclude(
                dataset,
                rows,
                cache.settings(),
                name.strip(),
                reasons,
                lambda done, total: bar.progress(done / total, text=f"Writing slices: {words.count(done)}"),
            )
            state.switch_dataset(made.name)
