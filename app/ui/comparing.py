"""What the Compare page begins with: which runs, and which of them is the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui import recorded, state
from mri_core.datasets.dataset import Dataset
from mri_core.runs.comparison import distinct_names, has_results
from mri_core.runs.run import ENDED, Run


def offered_runs() -> list[Run]:
    """Runs with results on the picked data set, newest first, and those from elsewhere that the address names."""
    dataset, wanted = state.dataset(), state.list_from_address("selected")
    runs = recorded.runs(dataset.name if dataset else None, ENDED, also=wanted)
    return [run for run in runs if has_results(run) and (dataset or run.id in wanted)]


def pick_runs(offered: Sequence[Run]) -> list[Run]:
    """The runs in the address or chosen here, with their histories, the reference first.

    Without any in the address, the newest two that can be compared, the older one as the reference.
    """
    dataset = state.dataset()
    by_id = {run.id: run for run in offered}
    labels = dict(zip(by_id, marked_names(offered, dataset), strict=True))
    wanted = state.list_from_address("selected", list(by_id)) or newest_pair(offered)
    left, right = st.columns([3, 1], vertical_alignment="top")
    chosen = left.multiselect(
        "Runs",
        list(by_id),
        default=wanted,
        format_func=labels.__getitem__,
        placeholder="Choose two or more",
        wrap=True,
        help="Runs that ended with a model. Only runs on the same version of the data can be paired.",
        key=f"compared on {dataset.name if dataset else None}",
    )
    reference = right.selectbox(
        "Reference",
        chosen,
        format_func=labels.__getitem__,
        help="The run that all others are compared with.",
        disabled=not chosen,
        key=f"reference on {dataset.name if dataset else None}",
    )
    ordered = [run_id for run_id in (reference,) if run_id] + [run_id for run_id in chosen if run_id != reference]
    state.to_address(selected=ordered)
    return [recorded.run(run_id) for run_id in ordered]


def newest_pair(offered: Sequence[Run]) -> list[str]:
    """Ids of the newest run and of the one before it on the same data, the older first."""
    same = [run.id for run in offered if run.dataset_fingerprint == offered[0].dataset_fingerprint]
    return same[1::-1]


def marked_names(runs: Sequence[Run], dataset: Dataset | None) -> list[str]:
    """Names told apart, with a mark where a run saw other data than the picked data set holds now."""
    names = []
    for run, name in zip(runs, distinct_names(runs), strict=True):
        if dataset and run.dataset_name != dataset.name:
            name = f"{name}, on {run.dataset_name}"
        elif dataset and run.dataset_fingerprint != dataset.fingerprint:
            name = f"{name}, on another version of the data"
        names.append(name)
    return names


def pick_other(names: Sequence[str], runs: Sequence[Run]) -> int:
    """Which of several runs is looked at beside the reference, as its place. names, runs: of those others."""
    if len(runs) == 1:
        return 0
    ids = [run.id for run in runs]
    wanted = state.list_from_address("against", ids)
    chosen = st.selectbox(
        "Look closely at",
        ids,
        index=ids.index(wanted[0]) if wanted else 0,
        format_func=dict(zip(ids, names, strict=True)).__getitem__,
        help="Scores and slices of this run beside the reference's.",
        width=320,
        key="against",
    )
    state.to_address(against=chosen)
    return ids.index(chosen)


def pick_measure(label: str, titles: Mapping[str, str], key: str) -> str:
    """One of several measures, from the address or chosen here. titles: measure -> how it is written."""
    wanted = state.list_from_address(key, list(titles))
    measure = st.segmented_control(
        label,
        list(titles),
        default=wanted[0] if wanted else next(iter(titles)),
        required=True,
        format_func=titles.__getitem__,
        key=key,
    )
    state.to_address(**{key: measure})
    return measure
