"""Import: a lab's own slices become a data set: choose, map columns, preview, import."""

import shlex
from dataclasses import replace

import streamlit as st

from app.ui import cache, errors, import_form, making, state
from mri_core import words
from mri_core.charts import import_tables as tables
from mri_core.datasets.dataset import suggested_name
from mri_core.datasets.importing.command import import_command
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Preview, Recipe
from mri_core.datasets.making import Attempt, report_path, start_making
from mri_core.quality.finding import counted

MOST_SHOWN = 200
ACCEPTED = """
What can be imported, recognised by its names:

- a folder of images, however nested, and a table with a row for each file: PNG, JPEG, TIFF, DICOM or NIfTI; CSV, TSV,
  Parquet or XLSX
- a folder and a table for each split, such as `train_images` and `train.csv`
- a folder for each label set, named by its labels
- DICOM series with a table of labels, and NIfTI volumes with masks or a table
- arrays, `.npz` or `.npy`, with `train_images`, `train_labels` and so on
- a zip of any of these
"""


def main() -> None:
    st.title("Import")
    st.write("How do your own slices and their labels become a data set?")
    st.subheader("1. Choose")
    chosen = import_form.choose_source()
    if chosen is None:
        st.markdown(ACCEPTED)
    else:
        st.subheader("2. Map columns")
        choices, kind = import_form.choose_columns(chosen)
        recipe, how = import_form.choose_recipe()
        choices = replace(choices, preprocessing=how)
        st.subheader("3. Preview")
        found = look(chosen, choices, kind)
        st.subheader("4. Import")
        offer_import(chosen, choices, recipe, kind, found)
    name = state.from_address("making")
    attempt = cache.last_making(name) if name else None
    if name and attempt:
        show_attempt(name, attempt)


def look(chosen: import_form.Chosen, choices: Choices, kind: str | None) -> Preview | None:
    """What would be imported; None where it cannot be, which is said."""
    with errors.in_words():
        found = cache.import_preview(chosen.place, choices, kind)
        left_out = tables.counts_in_words(found.counts)
        st.markdown(
            f"**{words.count(found.total)} slices** with {counted(len(found.labels), 'labels')}, "
            f"{words.plain(', '.join(found.labels))}, from {found.summary}."
            + (f" Left out: {left_out}." if left_out else "")
        )
        left, right = st.columns([2, 3], gap="large")
        left.dataframe(tables.mapping_table(found.mapping), hide_index=True)
        right.dataframe(tables.rows_table(found.rows), hide_index=True)
        right.caption("The first slices.")
        for note in found.notes:
            st.caption(f"{words.plain(note)}.")
        if len(found.left_out):
            with st.expander(f"What is left out: {left_out}"):
                st.dataframe(tables.left_out_table(vars(one) for one in found.left_out[:MOST_SHOWN]), hide_index=True)
        return found
    return None


def offer_import(
    chosen: import_form.Chosen, choices: Choices, recipe: Recipe, kind: str | None, found: Preview | None
) -> None:
    name = st.text_input(
        "Name of the data set", suggested_name(chosen.called), max_chars=64, key=f"name {chosen.called}"
    )
    name = name.strip()
    taken = name in [header.name for header in cache.headers()]
    if taken and name != state.from_address("making"):
        st.warning(f"There is a data set {words.plain(name)} already; choose another name.", icon=":material/warning:")
    ready = bool(found and found.total and name and not taken)
    text = f"Import {words.count(found.total)} slices" if found else "Import"
    if st.button(text, type="primary", icon=":material/upload:", disabled=not ready):
        with errors.in_words():
            report = report_path(cache.settings(), name)
            command = import_command(chosen.place, choices, recipe, kind, report)
            start_making(cache.settings(), name, command)
            state.to_address(making=name)
            st.rerun()
    with st.expander("The same in a terminal", icon=":material/terminal:"):
        typed = ["mri", *import_command(chosen.place, choices, recipe, kind), "--name", name or "NAME"]
        st.code(shlex.join(typed), language="bash", wrap_lines=True)


def show_attempt(name: str, attempt: Attempt) -> None:
    if attempt.running:
        making.follow(name)
    elif attempt.failure:
        st.error(f"{words.plain(name)} was not made: {words.plain(attempt.failure)}", icon=":material/error:")
    elif attempt.made:
        show_made(name, attempt.made["summary"])


def show_made(name: str, summary: dict) -> None:
    left_out = tables.counts_in_words(summary["counts"])
    st.success(
        f"{words.plain(name)} is made of {words.count(summary['taken'])} slices"
        + (f"; {left_out}." if left_out else "."),
        icon=":material/check_circle:",
    )
    for warning in summary["warnings"]:
        st.warning(f"{words.plain(warning)}.", icon=":material/warning:")
    sizes = ", ".join(f"{words.count(number)} {split}" for split, number in summary["splits"].items())
    st.markdown(f"**Prevalence of each label, wanted and achieved**: {sizes} slices.")
    st.dataframe(tables.prevalence_table(summary["prevalence"]), hide_index=True)
    if summary["left_out"]:
        with st.expander(f"What was left out: {left_out}", expanded=True):
            st.dataframe(tables.left_out_table(summary["left_out"][:MOST_SHOWN]), hide_index=True)
            st.download_button(
                "All of it as CSV",
                lambda: cache.report_of_making(name),
                f"{name} left out.csv",
                "text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
    with st.container(horizontal=True):
        for page, label, icon in (
            ("views/quality.py", "Check its quality", ":material/fact_check:"),
            ("views/browse.py", "Browse the slices", ":material/grid_view:"),
            ("views/train.py", "Train a network", ":material/play_arrow:"),
        ):
            st.page_link(page, label=label, icon=icon)


main()
