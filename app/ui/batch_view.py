"""Many files answered: how far that is, then which slices, how they are shown, and as which files they are saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app.ui import batch_slices, judgements, state
from app.ui.batch_slices import Batch
from app.ui.uploading import ROW
from mri_core import words
from mri_core.charts import batch as charts
from mri_core.csv_text import csv_text
from mri_core.prediction.batch_job import BatchJob
from mri_core.prediction.batch_result import ALL, DISPUTED, LABEL, BatchResult, disputed
from mri_core.prediction.uploads import Upload
from mri_core.quality.finding import counted
from mri_core.runs.comparison import distinct_names
from mri_core.runs.run import Run

if TYPE_CHECKING:
    import numpy as np

VIEWS = ("Gallery", "Table")
PATIENCE = 0.4
"""Seconds in which a small batch is over, so that no bar flickers by."""


def draw(runs: Sequence[Run], upload: Upload) -> None:
    """Draw what runs say of an upload; while that is being found out, how far it is."""
    jobs = [judgements.batch(run, upload) for run in runs]
    if not all(job.wait(PATIENCE) for job in jobs):
        _follow(runs, jobs)
        return
    _tell_of_stops(runs, jobs, upload)
    batch = _choose_leading(runs, jobs, upload)
    if not len(batch.result.table):
        st.info("There is no slice to answer.", icon=":material/image_not_supported:")
    elif len(batch.result.answers) == 1:
        batch_slices.draw_large(batch, 0)
        _offer_files(batch, batch.result.sorted(batch.result.masks()[ALL], None))
    else:
        _draw_batch(batch)
    _draw_unreadable(batch.result)


@st.fragment(run_every=0.5)
def _follow(runs: Sequence[Run], jobs: Sequence[BatchJob]) -> None:
    if not any(job.running for job in jobs):
        st.rerun(scope="app")
    for name, job in zip(distinct_names(runs), jobs, strict=True):
        told = charts.progress_in_words(job.progress) if job.running else "done"
        st.progress(min(1.0, job.progress.share), text=f"{words.plain(name)}: {words.plain(told)}")
    if st.button("Stop and keep what is answered", icon=":material/stop_circle:"):
        for job in jobs:
            job.cancel()
    st.caption("It goes on if you look at another page.")


def _tell_of_stops(runs: Sequence[Run], jobs: Sequence[BatchJob], upload: Upload) -> None:
    for name, run, job in zip(distinct_names(runs), runs, jobs, strict=True):
        if job.stopped:
            done, expected = words.count(job.progress.files), counted(job.progress.expected, "files")
            st.warning(
                f"{words.plain(name)} was stopped after {done} of {expected}; the others have no answer.",
                icon=":material/stop_circle:",
            )
            st.button(
                "Answer all files",
                key=f"again {run.id}",
                icon=":material/replay:",
                on_click=judgements.begin_again,
                args=(run, upload),
            )


def _choose_leading(runs: Sequence[Run], jobs: Sequence[BatchJob], upload: Upload) -> Batch:
    """The run whose answers are drawn is in the address. A slice that is shown large asks for it itself."""
    names, ids = distinct_names(runs), [run.id for run in runs]
    wanted = state.list_from_address("leading", ids)
    first = ids.index(wanted[0]) if wanted else 0
    if len(runs) > 1 and not state.from_address(ROW) and len(jobs[first].result.answers) > 1:
        first = st.segmented_control(
            "Answers of",
            range(len(runs)),
            default=first,
            required=True,
            format_func=lambda place: words.plain(names[place]),
            help="The run whose answers are drawn, sorted and filtered. What the others conclude is in the table.",
            key=f"answers of {' '.join(ids)}",
        )
        state.to_address(leading=ids[first] if first else None)
    order = [first, *(place for place in range(len(runs)) if place != first)]
    return Batch(
        upload, [runs[at] for at in order], [names[at] for at in order], [jobs[at].result for at in order]
    )  # fmt: skip


def _draw_batch(batch: Batch) -> None:
    result = batch.result
    masks = result.masks()
    if batch.others:
        masks[DISPUTED] = disputed(result, batch.results[1:])
    asked = state.from_address(ROW) or ""
    if asked.isdecimal() and int(asked) < len(result.table):
        batch_slices.draw_one(batch, int(asked), result.sorted(masks[_asked(masks)], _sorted_by(result)))
        return
    st.subheader(f"{counted(len(result.table), 'slices')} of {counted(result.files, 'files')}")
    if result.unreadable:
        st.caption(f"{counted(len(result.unreadable), 'files')} could not be read; the reasons are at the end.")
    shown = _choose_shown(masks)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = _choose_order(result)
        view = _choose_view()
    rows = result.sorted(masks[shown], label)
    if not len(rows):
        st.info("There is no such slice among them.", icon=":material/check_circle:")
        return
    if view == VIEWS[0]:
        batch_slices.draw_gallery(batch, rows, label)
    else:
        batch_slices.draw_table(batch, rows)
    _offer_files(batch, rows)
    _tell_of_comparison(batch)


def _choose_shown(masks: dict[str, np.ndarray]) -> str:
    """Which slices, each choice with how many there are: the summary of the batch."""
    kinds = list(masks)
    counts = [words.count(int(mask.sum())) for mask in masks.values()]
    place = st.pills(
        "Show",
        range(len(kinds)),
        default=kinds.index(_asked(masks)),
        required=True,
        format_func=lambda place: f"{words.plain(kinds[place].removeprefix(LABEL))} · {counts[place]}",
        help="How many slices are concluded to carry each label, and so on. A slice may carry several.",
        on_change=lambda: state.to_address(page=None),
        key="shown of a batch",
    )
    state.to_address(show=kinds[place] if kinds[place] != ALL else None)
    return kinds[place]


def _asked(masks: dict[str, np.ndarray]) -> str:
    wanted = state.from_address("show", ALL)
    return wanted if wanted in masks else ALL


def _choose_order(result: BatchResult) -> str | None:
    labels = [None, *result.model.labels]
    place = st.selectbox(
        "Order",
        range(len(labels)),
        index=labels.index(_sorted_by(result)),
        format_func=lambda place: f"most probably {labels[place]}" if place else "as they came",
        width=260,
        on_change=lambda: state.to_address(page=None),
        key="order of a batch",
    )
    state.to_address(sort=labels[place])
    return labels[place]


def _sorted_by(result: BatchResult) -> str | None:
    wanted = state.from_address("sort")
    return wanted if wanted in result.model.labels else None


def _choose_view() -> str:
    wanted = state.list_from_address("view", VIEWS)
    view = st.segmented_control(
        "As", VIEWS, default=wanted[0] if wanted else VIEWS[0], required=True, key="view of a batch"
    )
    state.to_address(view=view if view != VIEWS[0] else None)
    return view


def _offer_files(batch: Batch, rows: np.ndarray) -> None:
    """What is shown, as files. They are made when they are asked for."""

    def table():
        return charts.shown_rows(batch.result, rows, batch.others)

    forms = {"CSV": lambda: csv_text(table()), "Parquet": lambda: charts.saved_as_parquet(table())}
    with st.container(horizontal=True):
        for form, make in forms.items():
            st.download_button(
                f"{counted(len(rows), 'slices')} as {form}",
                make,
                f"{batch.names[0]} predictions.{form.lower()}",
                icon=":material/download:",
                on_click="ignore",
                key=f"batch as {form}",
            )


def _tell_of_comparison(batch: Batch) -> None:
    """Say once where slices could not be compared with those a model was trained on."""
    for name, run in zip(batch.names, batch.runs, strict=True):
        if why := judgements.predictor(run).not_compared():
            st.caption(words.plain(f"{name}: {why}"))


def _draw_unreadable(result: BatchResult) -> None:
    if result.unreadable:
        could_not = f"{counted(len(result.unreadable), 'files')} could not be read"
        with st.expander(could_not, icon=":material/error:", expanded=not len(result.table)):
            st.dataframe(charts.unreadable_table(result.unreadable), hide_index=True)
