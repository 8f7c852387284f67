"""The worst slices of a run: a gallery, and each slice large beside what the model says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app.ui import errors, images, paging, state, tiles
from mri_core import words
from mri_core.charts import failure_tables as tables
from mri_core.charts.prediction import probability_bars
from mri_core.charts.theme import label_colours
from mri_core.csv_text import csv_text
from mri_core.datasets.browse import neighbours, page_rows
from mri_core.prediction.run_failures import KINDS, JudgedSlice, Kind, RunFailures

if TYPE_CHECKING:
    import pandas as pd

PER_PAGE = 24
PATIENTS = "patients"
"""The name of the turn that unticks a table of patients."""


def first_page() -> None:
    state.to_address(page=None)


def _all_patients() -> None:
    state.next_turn(PATIENTS)
    state.to_address(patient=None, page=None)


def named(label: str | None) -> str:
    return words.plain(label) if label else "any label"


def save_as(name: str, table: Callable[[], pd.DataFrame], file: str) -> None:
    """A button that saves a table as CSV; the table is made when it is clicked."""

    def csv() -> str:
        return csv_text(table())

    st.download_button(name, csv, file, "text/csv", icon=":material/download:", on_click="ignore", key=name)


def draw(found: RunFailures, label: str | None, patient: str | None) -> None:
    """The slices of a kind that is chosen here, the worst first. patient: of this one only."""
    st.subheader("Worst slices", help="By log loss: how improbable the model thought what is true.")
    kind = _choose_kind(patient)
    places = found.worst(kind, label, patient)
    if state.from_address("slice"):
        _enlarge(found, places, label)
    if not len(places):
        whose = f" of {words.plain(patient)}" if patient else ""
        st.info(f"There are no {kind} of {named(label)} among the slices{whose}.", icon=":material/check_circle:")
        return
    run, split = found.judged.run, found.judged.split
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        simulated = "simulated " if found.judged.dataset and found.judged.dataset.header.simulated else ""
        st.markdown(f"**{words.count(len(places))}** {simulated}{split} slices, worst first", width="content")
        page = choose_page(places, f"{run.id} {split} {kind} {label} {patient}")
    with st.container(horizontal=True):
        for one in found.slices(page_rows(places, page, PER_PAGE), label):
            _draw_tile(found, one)
    save_as(
        "These slices as CSV",
        lambda: tables.slices_table(found.slices(places, label)),
        f"{run.name} {split} {kind} {label or 'any label'}.csv",
    )


def _choose_kind(patient: str | None) -> Kind:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = state.list_from_address("show", KINDS)
        kind = st.segmented_control(
            "Show",
            KINDS,
            default=wanted[0] if wanted else KINDS[0],
            required=True,
            format_func=str.capitalize,
            help="A false positive carries a label only by the model's word, a false negative only by the truth's. "
            "Sorted by the log loss of the label chosen above, or by its mean over all labels.",
            on_change=first_page,
            key="show",
        )
        if patient:
            st.button(
                f"Only {words.plain(patient)}",
                icon=":material/close:",
                help="Show all patients",
                on_click=_all_patients,
            )
    state.to_address(show=kind if kind != KINDS[0] else None)
    return kind


def choose_page(places: Sequence[int], query: str) -> int:
    return paging.choose_page(len(places), PER_PAGE, query)


def _draw_tile(found: RunFailures, one: JudgedSlice) -> None:
    truth, said = tables.set_name(one.truth), tables.set_name(one.labels)
    with st.container(width=images.TILE, gap=None):
        _draw_picture(found, one, images.TILE, f"Slice {one.id}: truth {truth}, predicted {said}")
        key = f"enlarge {one.place} of {found.judged.run.id} {found.judged.split}"
        tiles.open_button(one.id, key, "See it large, with all probabilities")
        probability = f"{words.score(one.probabilities[one.worst_label])} of {words.plain(one.worst_label)}"
        patient = f"{words.plain(one.patient)} · " if one.patient else ""
        st.caption(f"{patient}loss {words.score(one.loss)}  \nprobability {probability}")
        st.caption(f"truth: {words.plain(truth)}  \npredicted: {words.plain(said)}")


def _draw_picture(found: RunFailures, one: JudgedSlice, width: int, alt: str) -> None:
    """The slice on black over a strip of the labels it carries; nothing where the data set is gone."""
    if found.judged.dataset is None or one.row is None:
        return
    names = found.judged.predictions.label_names
    tiles.draw_slice(found.judged.dataset.pixels[one.row], alt, names, one.truth, width)


@st.dialog("Slice", width="large", icon=":material/zoom_in:", on_dismiss=tiles.forget_slice)
def _enlarge(found: RunFailures, places: Sequence[int], label: str | None) -> None:
    """The slice that the address names."""
    with errors.in_words():
        _show_large(found, found.place_of(state.from_address("slice")), places, label)


def _show_large(found: RunFailures, place: int, places: Sequence[int], label: str | None) -> None:
    """One slice beside the model's view of it; the buttons go on in the order of the gallery."""
    [one] = found.slices([place], label)
    left, right = st.columns(2, gap="medium")
    with left:
        if one.row is None:
            st.info("There is no picture: the data set is gone.", icon=":material/image_not_supported:")
        _draw_picture(found, one, images.LARGE, f"Slice {one.id} enlarged")
        before, after = (None if other is None else found.slices([other])[0].id for other in neighbours(places, place))
        tiles.go_on(("Worse", "Better"), (before, after))
    with right:
        st.plotly_chart(probability_bars(one, label_colours(list(one.probabilities))), key="model's view")
        st.table(_facts(one, label), hide_header=True, border="horizontal")
        _link_to_browse(found, one)


def _facts(one: JudgedSlice, label: str | None) -> dict[str, str]:
    known = {
        "Id": one.id,
        "Patient": one.patient or "unknown",
        "Truth": tables.set_name(one.truth),
        "Predicted": tables.set_name(one.labels),
        f"Log loss of {label}" if label else "Log loss, mean over labels": words.score(one.loss),
    }
    return {words.plain(name): words.plain(value) for name, value in known.items()}


def _link_to_browse(found: RunFailures, one: JudgedSlice) -> None:
    dataset, picked = found.judged.dataset, state.dataset()
    # Another page would open the data set that is picked at the side.
    if dataset is not None and picked is not None and picked.name == dataset.name:
        tiles.link_to_browse(dataset.name, one.id, one.patient)
