"""Runs as the queue shows them: one that trains, one that waits, one that failed."""

from __future__ import annotations

import streamlit as st

from app.ui import cache, progress, recorded, state
from mri_core import words
from mri_core.runs.liveness import stop
from mri_core.runs.order import Place, move
from mri_core.runs.queue import begun, last_sign, place_of
from mri_core.runs.run import RESUMABLE, Run
from mri_core.training.start import resume_run

MOVES: dict[Place, tuple[str, str]] = {
    "first": (":material/vertical_align_top:", "Train it next"),
    "earlier": (":material/arrow_upward:", "One place earlier"),
    "later": (":material/arrow_downward:", "One place later"),
    "last": (":material/vertical_align_bottom:", "Train it last"),
}


def draw_running(run: Run) -> None:
    """Where it trains, since when, how far it is, and a way to stop it."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            _name(run)
            if run.status == "queued":
                st.badge("Starting", color="gray")
            else:
                progress.status_badge(run)
            progress.draw_subject(run)
        st.caption(whereabouts(run))
        if run.status == "running":
            progress.draw_progress(run)
        with st.container(horizontal=True, vertical_alignment="center"):
            label = "Stop and keep the best weights so far" if run.status == "running" else "Stop"
            if st.button(label, icon=":material/stop:", disabled=run.stop_requested, key=f"stop {run.id}"):
                stop(recorded.store(), run.id)
                st.rerun()
            _follow(run, "Follow it live")


def draw_waiting(run: Run, place: int, last: int) -> None:
    """Its place among those that wait, counted from 1 to `last`, and buttons that change it."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{words.count(place)}**", width=40)
        with st.container(gap=None, width="stretch"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                _name(run)
                progress.draw_subject(run)
            again = f", attempt {run.attempt}" if run.attempt > 1 else ""
            takes = f", takes {run.resources}" if run.resources else ""
            st.caption(words.plain(f"Created {state.moment(run.created)}{again}{takes}"))
        with st.container(horizontal=True, width="content", gap="xsmall"):
            for where, (icon, told) in MOVES.items():
                at_end = place == (1 if where in ("first", "earlier") else last)
                if st.button("", icon=icon, help=told, disabled=at_end, key=f"{where} {run.id}"):
                    move(recorded.store(), run.id, where)
                    st.rerun()
            if st.button("Take out", icon=":material/close:", key=f"out {run.id}"):
                stop(recorded.store(), run.id)
                st.rerun()


def draw_failed(run: Run) -> None:
    """Why it failed, the end of its log, and a way to go on."""
    reason, _, log = (run.error or "No reason is known.").partition("\n")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            _name(run)
            progress.status_badge(run)
            progress.draw_subject(run)
            st.caption(f"last seen {state.moment(last_sign(run))}", width="content")
        st.markdown(words.plain(reason))
        if log:
            with st.expander("The last lines of its log"):
                st.code(log, language=None)
        with st.container(horizontal=True, vertical_alignment="center"):
            if run.status in RESUMABLE and st.button(
                "Resume training",
                icon=":material/resume:",
                help="Goes on from the last checkpoint under the same name, as if it had never been interrupted.",
                key=f"resume {run.id}",
            ):
                with st.spinner("Handing the run to the queue"):
                    resume_run(run, cache.settings())
                st.rerun()
            _follow(run, "See its training")


def whereabouts(run: Run) -> str:
    """The host and process that train a run, since when, and which attempt it is."""
    process, since = place_of(run), begun(run)
    told = f"On {words.plain(process.host)}" if process else "On an unknown host"
    if run.process and since:
        told += f", process {run.process.pid}, since {state.moment(since)}"
    if run.attempt > 1:
        told += f", attempt {run.attempt}"
    return told if run.status == "running" else f"{told}. A fresh process loads TensorFlow, which takes some seconds."


def _name(run: Run) -> None:
    st.markdown(f"**{words.plain(run.name)}**", width="content")


def _follow(run: Run, label: str) -> None:
    st.page_link("views/train.py", label=label, icon=":material/show_chart:", query_params={"run": run.id})
