"""Data sets that are being made, by any process, as bars."""

from __future__ import annotations

import streamlit as st

from app.ui import cache, state
from mri_core import words
from mri_core.datasets.making import stop_making


@st.fragment(run_every=1)
def follow(name: str) -> None:
    """Draw how far data sets are, until the one of this name that was started here has ended; then it is picked."""
    attempt = cache.last_making(name)
    builds = cache.datasets_being_made()
    if not builds and not (attempt and attempt.running):
        if attempt and attempt.made:
            state.pick_next(name)
        st.rerun(scope="app")
    if not builds:
        st.progress(0.0, text="Starting")
    for build in builds:
        left = f"{words.duration(build.seconds_left)} left" if build.seconds_left is not None else "estimating"
        told = f"{words.count(build.done)} of {words.count(build.total)} slices, {left}"
        st.progress(min(1.0, build.done / max(1, build.total)), text=f"Making “{words.plain(build.name)}”: {told}")
    st.caption("It goes on if you close this page.")
    if attempt and attempt.running and st.button("Stop and keep nothing", icon=":material/stop_circle:"):
        stop_making(cache.settings(), name)
