"""What every page that judges a run begins with: which run, and on which slices."""

from __future__ import annotations

import streamlit as st

from app.ui import progress, promotion, recorded, state
from mri_core import words
from mri_core.datasets.dataset import SPLITS
from mri_core.runs.comparison import has_results
from mri_core.runs.run import ENDED, Run

JUDGED = SPLITS[1:]


def pick_run() -> Run | None:
    """The run in the address, else the newest with results; the sidebar offers the others of the data set.

    Draws the run's name. Where there is nothing to judge, says why and what to do, and returns None.
    """
    run = _chosen()
    if run is None:
        st.info(
            "No training on this data set has ended yet, so there is nothing to judge.", icon=":material/lab_profile:"
        )
        st.page_link("views/train.py", label="Train a network", icon=":material/arrow_forward:")
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(words.plain(run.name), width="content", anchor=False)
        progress.status_badge(run)
        promotion.badge(run)
        progress.draw_subject(run)
    if has_results(run):
        return run
    _without_results(run)
    return None


def _chosen() -> Run | None:
    dataset = state.dataset()
    offered = {run.id: run for run in recorded.runs(dataset.name, ENDED) if has_results(run)} if dataset else {}
    wanted = state.from_address("run")
    if wanted and wanted not in offered:
        offered = {wanted: recorded.run(wanted), **offered}
    if not offered:
        return None
    ids = list(offered)
    chosen = st.sidebar.selectbox(
        "Run",
        ids,
        index=ids.index(wanted) if wanted else 0,
        format_func=lambda run_id: f"{offered[run_id].name}, {state.moment(offered[run_id].created)}",
        help="Runs on this data set that have ended with a model.",
        key=f"run on {dataset.name if dataset else None}",
    )
    state.to_address(run=chosen)
    return recorded.run(chosen)


def pick_split() -> str:
    """Validation or test, from the address or chosen here."""
    wanted = state.list_from_address("split", JUDGED)
    split = st.segmented_control(
        "Slices",
        JUDGED,
        default=wanted[0] if wanted else JUDGED[0],
        required=True,
        format_func=str.capitalize,
        help="Validation slices decided when training stopped, so scores on them flatter a little. Test slices had no "
        "say in anything.",
        key="split",
    )
    state.to_address(split=split)
    return split


def pick_label(run: Run) -> str:
    """One of the run's labels, from the address or chosen here."""
    wanted = state.list_from_address("label", run.label_names)
    label = st.segmented_control(
        "Label",
        run.label_names,
        default=wanted[0] if wanted else run.label_names[0],
        required=True,
        format_func=words.plain,
        key=f"label of {run.id}",
    )
    state.to_address(label=label)
    return label


def _without_results(run: Run) -> None:
    query = {"run": run.id}
    if not run.ended:
        st.info(f"This run is {run.status}; its report follows when it has ended.", icon=":material/hourglass:")
        st.page_link("views/train.py", label="Follow it live", icon=":material/show_chart:", query_params=query)
    elif run.status == "failed":
        st.error("This run failed, so there is nothing to judge.", icon=":material/error:")
        st.page_link("views/train.py", label="See why", icon=":material/arrow_forward:", query_params=query)
    else:
        st.info("This run was stopped before its first epoch was over: it has no results.", icon=":material/stop:")
        st.page_link("views/train.py", label="Train again", icon=":material/arrow_forward:")
