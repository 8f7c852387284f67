"""Reproduction: the published study run again, its tables and claims beside what is measured here."""

from collections.abc import Callable

import streamlit as st

from app.ui import cache, empty, errors, recorded, state
from mri_core import words
from mri_core.datasets.dataset import Dataset
from mri_core.documents import Badge, Cell, Code, Facts, Grid, Note, Part, Table, Text, plain, render
from mri_core.reproduction.page import SECTIONS, reproduction_document, verdicts_in_words
from mri_core.reproduction.progress import (
    Standing,
    configurations,
    read_standing,
    seconds_left,
    seconds_to_start,
    start_missing,
)
from mri_core.reproduction.result import make_reproduction
from mri_core.reproduction.tables import standing_table

RUNS = "Runs"
BADGES = {"good": ":green-badge[✓ {}]", "bad": ":orange-badge[✗ {}]", "open": ":gray-badge[○ {}]"}
COLUMNS = 3


def main() -> None:
    st.title("Reproduction")
    st.write("Does what the published study reports hold here: its configurations run again, its claims checked.")
    dataset = state.dataset()
    if dataset is None:
        empty.no_dataset()
        return
    names, seeds = choose()
    standing = read_standing(dataset.fingerprint, recorded.store(), names, seeds)
    start_button(dataset, standing, names, seeds)
    live(draw_progress, dataset.fingerprint, standing)
    if standing.complete:
        draw_results(dataset, standing)
    else:
        live(draw_runs, dataset.fingerprint, standing)
        st.caption("Claims, scores and curves follow when the first run has finished.")


def choose() -> tuple[tuple[str, ...], int]:
    """What is to be run, from the sidebar; it is in the address too."""
    with st.sidebar:
        st.subheader("Reproduction")
        wanted = state.from_address("seeds", "3") or ""
        seeds = st.number_input(
            "Seeds",
            min_value=1,
            max_value=100,
            value=min(100, max(1, int(wanted))) if wanted.isdecimal() else 3,
            help="Runs of each configuration. A verdict needs 2 at least; 3 or more make its interval useful.",
            key="seeds of the reproduction",
        )
        only = st.toggle(
            "Presets only",
            value=state.from_address("presets") == "only",
            help="Leaves out the configurations that the study only compares its presets with. Some claims need them.",
            key="presets only",
        )
    state.to_address(seeds=str(seeds), presets="only" if only else None)
    return configurations(only), int(seeds)


def start_button(dataset: Dataset, standing: Standing, names: tuple[str, ...], seeds: int) -> None:
    missing = len(standing.missing)
    if not missing:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Start the missing run" if missing == 1 else f"Start the {missing} missing runs"
        key = f"start reproduction {state.turn('reproduction')}"
        clicked = st.button(label, type="primary", icon=":material/play_arrow:", key=key)
        estimate = seconds_to_start(standing)
        st.caption(
            "How long they take is known once one of each network has finished."
            if estimate is None
            else f"About {words.duration(estimate)} one after the other. They go on when this page is closed.",
            width="content",
        )
    if clicked:
        state.next_turn("reproduction")  # a second click of a double click finds another button
        bar = st.progress(0.0, text="Handing the runs to the queue")
        for started, _ in enumerate(start_missing(dataset, cache.settings(), names, seeds), start=1):
            bar.progress(min(1.0, started / missing), text=f"{started} of {missing} runs handed to the queue")
        st.rerun()


def live(part: Callable[[Standing], None], fingerprint: str, drawn: Standing) -> None:
    """Draw a part of the page again every two seconds while runs are under way, and the whole when one has ended."""

    def again() -> None:
        with errors.in_words():
            standing = read_standing(fingerprint, recorded.store(), tuple(drawn.runs), drawn.seeds)
            if [run.id for run in standing.active] != [run.id for run in drawn.active]:
                st.rerun()
            part(standing)

    st.fragment(again, run_every=2.0 if drawn.active else None)()


def draw_progress(standing: Standing) -> None:
    """How far it is."""
    told = f"{standing.complete} of {standing.total} runs have finished"
    if standing.active:
        left = seconds_left(standing)
        told += f", {len(standing.active)} under way, "
        told += "time left not known yet" if left is None else f"about {words.duration(left)} left"
    st.progress(standing.complete / standing.total, text=told)
    for run in standing.active:
        if run.status == "running" and run.progress:
            at = f"epoch {run.progress.epoch} of at most {run.progress.epochs}"
            st.caption(f"Now: {words.plain(run.name)}, seed {run.spec.seed}, {at}.")


def draw_results(dataset: Dataset, standing: Standing) -> None:
    with st.spinner("Judging the runs"):
        found = make_reproduction(dataset, standing, recorded.store())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(verdicts_in_words(found))
        st.download_button(
            "Download as one HTML file",
            lambda: render(reproduction_document(found)),
            f"{dataset.name} reproduction.html",
            "text/html",
            icon=":material/download:",
            on_click="ignore",
        )
    titles = [*SECTIONS, RUNS]
    wanted = state.list_from_address("section", titles)
    title = st.segmented_control(
        "Section",
        titles,
        default=wanted[0] if wanted else titles[0],
        required=True,
        label_visibility="collapsed",
        key="section of the reproduction",
    )
    state.to_address(section=title)
    if title == RUNS:
        live(draw_runs, dataset.fingerprint, standing)
    else:
        for number, part in enumerate(SECTIONS[title](found)):
            draw(part, f"{title} {number}")


def draw_runs(standing: Standing) -> None:
    draw_table(standing_table(standing), RUNS)


def draw(part: Part, key: str) -> None:
    """A part of the document as the app shows it."""
    match part:
        case Text(text):
            st.write(words.plain(text))
        case Note(text):
            st.info(words.plain(text), icon=":material/info:")
        case Code(text):
            st.code(text, language=None)
        case Facts(rows):
            st.table(
                {"Fact": [name for name, _ in rows], "Value": [words.plain(value) for _, value in rows]},
                hide_index=True,
            )
        case Table():
            draw_table(part, key)
        case Grid(title, figures):
            st.subheader(title, anchor=False)
            for start in range(0, len(figures), COLUMNS):
                for i, column in enumerate(st.columns(COLUMNS)[: len(figures) - start], start=start):
                    column.plotly_chart(figures[i].figure, key=f"{key} {i}")


def draw_table(table: Table, key: str) -> None:
    """Findings in words, which wrap; or numbers, aligned to the right."""
    if table.caption:
        st.markdown(f"**{words.plain(table.caption)}**")
    if any(isinstance(cell, Badge) for row in table.rows for cell in row):
        cells = [[badge(cell) for cell in row] for row in table.rows]
        st.table(dict(zip(table.titles, map(list, zip(*cells, strict=True)), strict=True)), hide_index=True)
        return
    names = [str(i) for i in range(len(table.columns))]
    config = {
        name: st.column_config.TextColumn(title, alignment="right" if column.numeric else "left", pinned=name == "0")
        for name, title, column in zip(names, table.titles, table.columns, strict=True)
    }
    rows = [dict(zip(names, map(plain, row), strict=True)) for row in table.rows]
    st.dataframe(rows, column_config=config, hide_index=True, height="content", key=f"table {key}")


def badge(cell: Cell) -> str:
    """A cell as Markdown."""
    if not isinstance(cell, Badge):
        return words.plain(plain(cell))
    return f"{BADGES[cell.tone].format(cell.text)} {words.plain(cell.detail)}".rstrip()


main()
