"""The slices of an answered batch: as a gallery, as a table, and one of them large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from app.ui import answer_view, errors, images, judgements, paging, state, tiles
from app.ui.uploading import ROW
from mri_core import words
from mri_core.charts import batch as charts
from mri_core.charts.theme import label_colours
from mri_core.datasets.browse import neighbours, page_rows
from mri_core.prediction.batch_result import BatchResult, same_answer
from mri_core.prediction.uploads import Upload
from mri_core.quality.finding import counted
from mri_core.runs.run import Run

if TYPE_CHECKING:
    import numpy as np

PER_PAGE = 24
_TABLE = "table of a batch"


@dataclass(frozen=True, eq=False)
class Batch:
    """An upload with what runs say of it. The first run leads: its answers are drawn, sorted and filtered.

    names: the runs', told apart. results: one a run.
    """

    upload: Upload
    runs: Sequence[Run]
    names: Sequence[str]
    results: Sequence[BatchResult]

    @property
    def result(self) -> BatchResult:
        return self.results[0]

    @property
    def others(self) -> dict[str, BatchResult]:
        return dict(zip(self.names[1:], self.results[1:], strict=True))

    def key(self, place: int) -> str:
        """Tells the widgets of one answer from those of others."""
        return f"{self.upload.id} {place}"


def open_slice(batch: Batch, row: int) -> None:
    """Show a slice large, in its volume where it is of one."""
    state.to_address(**{ROW: str(row)})
    place, number = batch.result.places[row].tolist()
    if len(batch.result.answers[place].predictions) > 1:
        state.hold(f"slice {batch.key(place)}", number + 1)


def draw_gallery(batch: Batch, rows: np.ndarray, label: str | None) -> None:
    query = f"{batch.upload.id} {batch.result.model.run} {label} {len(rows)}"
    page = paging.choose_page(len(rows), PER_PAGE, query)
    with st.container(horizontal=True):
        for row in page_rows(rows, page, PER_PAGE).tolist():
            _draw_tile(batch, row, label)


def _draw_tile(batch: Batch, row: int, label: str | None) -> None:
    prediction = batch.result.prediction(row)
    name, told = batch.result.slice_name(row), charts.in_short(prediction, label)
    with st.container(width=images.TILE, gap=None):
        alt = f"{name}: {', '.join(told)}"
        tiles.draw_slice(prediction.seen, alt, list(prediction.probabilities), prediction.labels)
        st.button(
            words.plain(name),
            key=f"open {row} of {batch.upload.id}",
            type="tertiary",
            icon=":material/warning:" if prediction.warnings else ":material/zoom_in:",
            help=words.plain(" ".join(prediction.warnings)) or "See it large, and what speaks for each label",
            on_click=open_slice,
            args=(batch, row),
        )
        st.caption("  \n".join(words.plain(line) for line in told))


def draw_table(batch: Batch, rows: np.ndarray) -> None:
    """A row a slice; a click on the box before one shows it large."""
    labels = batch.result.model.labels
    table = charts.as_displayed(charts.shown_rows(batch.result, rows, batch.others), labels)
    colours = label_colours(labels)
    probabilities = {
        f"probability {label}": st.column_config.ProgressColumn(
            label, format="%.3f", min_value=0, max_value=1, color=colours[label]
        )
        for label in labels
    }
    key = f"{_TABLE} {batch.upload.id} {state.turn(_TABLE)}"

    def opened() -> None:
        if chosen := state.held(key)["selection"]["rows"]:
            state.next_turn(_TABLE)
            open_slice(batch, int(rows[chosen[0]]))

    st.dataframe(
        table,
        height=min(560, 38 + 35 * len(table)),
        hide_index=True,
        column_config={
            "slice": st.column_config.NumberColumn(help="In its file or series, counted from 0 as in saved files."),
            "position": st.column_config.NumberColumn(format="%.1f", help="Along the volume, in mm where known."),
            **probabilities,
        },
        on_select=opened,
        selection_mode="single-row",
        key=key,
        alt="One row a slice, with the probability of each label",
    )
    st.caption("A click on a column's title sorts by it; a click on the box before a row shows the slice large.")


def draw_one(batch: Batch, row: int, rows: np.ndarray) -> None:
    """One slice of a batch, and ways back and on. rows: what was shown, in its order."""
    before, after = neighbours(rows, row)
    with st.container(horizontal=True):
        st.button(
            f"All {counted(len(batch.result.table), 'slices')}",
            icon=":material/grid_view:",
            on_click=state.to_address,
            kwargs={ROW: None},
        )
        for text, icon, target in (("Previous", "arrow_back", before), ("Next", "arrow_forward", after)):
            st.button(
                text,
                icon=f":material/{icon}:",
                disabled=target is None,
                on_click=open_slice,
                args=(batch, target),
            )
    draw_large(batch, int(batch.result.places[row][0]))


def draw_large(batch: Batch, place: int) -> None:
    """What the runs say of one file or series; those that could not read it are left out."""
    answers = [same_answer(batch.result, place, result) for result in batch.results]
    told = [(run, answer) for run, answer in zip(batch.runs, answers, strict=True) if answer is not None]
    longest = max((answer for _, answer in told), key=lambda answer: len(answer.predictions))
    with errors.in_words():
        answer_view.draw(
            [run for run, _ in told],
            [answer for _, answer in told],
            judgements.origins(batch.upload, longest),
            batch.key(place),
        )
