"""The networks that judge a data set's labels: which ones, and training those that are missing."""

from __future__ import annotations

import streamlit as st

from app.ui import cache, errors, recorded, state
from mri_core import words
from mri_core.datasets.dataset import Dataset
from mri_core.prediction.out_of_fold import CrossValidation, cross_validations
from mri_core.quality.finding import counted
from mri_core.training.presets import JUDGES, PRESETS
from mri_core.training.spec import PARTS
from mri_core.training.start import start_parts

HELP = (
    "A network believes what it was taught, wrong labels too, so it is asked only about slices it never learnt from: "
    f"validation and test. For the training slices the training patients are dealt into {PARTS} parts, and {PARTS} "
    "networks of the same settings each leave out one part and judge it afterwards."
)


def pick(dataset: Dataset) -> CrossValidation:
    """The networks chosen at the side, those of the newest run to begin with; those to be trained where there are none.

    Draws what can be trained so that all slices are judged, and how far that is.
    """
    known = cross_validations(recorded.runs(dataset.name), dataset)
    judges = _choose(dataset, known) if known else CrossValidation(PRESETS[JUDGES], {}, ())
    if judges.waiting:
        _draw_waiting(dataset, judges)
    elif not judges.ended:
        st.info("No network trained on this data set yet, so none can judge its labels.", icon=":material/gavel:")
        st.write(HELP)
    if judges.missing:
        _offer_training(dataset, judges)
    return judges


def _choose(dataset: Dataset, known: tuple[CrossValidation, ...]) -> CrossValidation:
    wanted = state.from_address("run")
    places = {run.id: place for place, one in enumerate(known) for run in (*one.runs, *one.waiting)}
    place = st.sidebar.selectbox(
        "Judged by",
        range(len(known)),
        index=places.get(wanted or "", 0),
        format_func=lambda place: known[place].name,
        help="Runs on this version of the data set; those of the same settings judge together.",
        key=f"judges of {dataset.name} {[one.name for one in known]}",
    )
    state.to_address(run=known[place].newest.id)
    return known[place]


def _draw_waiting(dataset: Dataset, judges: CrossValidation) -> None:
    """Looked at again every two seconds, and the whole page drawn anew when a run has ended."""

    def again() -> None:
        with errors.in_words():
            now = {run.id: run for run in recorded.runs(dataset.name)}
            left = [now[run.id] for run in judges.waiting if run.id in now and not now[run.id].ended]
            if len(left) < len(judges.waiting):
                st.rerun()
            told = f"{counted(len(left), 'networks')} still to be trained, one after the other."
            for run in left:
                if run.status == "running" and run.progress:
                    told += f" Now {words.plain(run.name)}: epoch {run.progress.epoch} of {run.progress.epochs}."
            st.info(told, icon=":material/hourglass:")

    st.fragment(again, run_every=2.0)()
    st.page_link("views/runs.py", label="All runs", icon=":material/table_rows:")


def _offer_training(dataset: Dataset, judges: CrossValidation) -> None:
    networks = counted(len(judges.missing), "networks")
    with st.container(horizontal=True, vertical_alignment="center"):
        clicked = st.button(
            f"Train {networks} to judge all slices",
            type="secondary" if judges.ended else "primary",
            icon=":material/play_arrow:",
            help=HELP,
            key=f"train judges {state.turn('judges')}",
        )
        took = "How long it takes is not known before one has been trained."
        if judges.seconds is not None:
            took = f"About {words.duration(judges.seconds)}, one after the other."
        st.caption(f"{took} It goes on when this page is closed.", width="content")
    if clicked:
        state.next_turn("judges")  # a second click of a double click finds another button
        with st.spinner("Handing the runs to the queue"):
            queued = start_parts(judges.spec, judges.missing, dataset, cache.settings())
        state.to_address(run=queued[0].id)
        st.rerun()
