"""The slices of a finding, pairs side by side."""

from __future__ import annotations

import streamlit as st

from app.ui import gallery, images
from mri_core import words
from mri_core.charts.theme import NO_FINDING, label_colours
from mri_core.datasets.browse import page_rows
from mri_core.datasets.dataset import Dataset
from mri_core.quality.examples import Example, ExampleSlice, examples
from mri_core.quality.finding import Finding, counted

_GAP = 16


def draw(dataset: Dataset, finding: Finding) -> None:
    """A page of the pairs, or else the slices, that a finding is about."""
    what = counted(finding.shown, "pairs" if len(finding.pairs) else "slices")
    simulated = " (simulated)" if dataset.header.simulated else ""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{what}**{simulated}", width="content")
        places = range(finding.shown)
        page = gallery.choose_page(places, f"{finding.name} of {dataset.fingerprint}")
    with st.container(horizontal=True, gap="large" if len(finding.pairs) else "small"):
        for one in examples(dataset, finding, page_rows(places, page, gallery.PER_PAGE)):
            _draw_example(dataset, one)


def _draw_example(dataset: Dataset, one: Example) -> None:
    width = len(one.slices) * images.TILE + (len(one.slices) - 1) * _GAP
    with st.container(width=width, gap=None):
        with st.container(horizontal=True):
            for each in one.slices:
                _draw_slice(dataset, each)
        if one.note:
            st.caption(f"**{words.plain(one.note)}**")


def _draw_slice(dataset: Dataset, one: ExampleSlice) -> None:
    colours = label_colours(dataset.label_names)
    strip = [colours[name] if name in one.labels else None for name in colours] if one.labels else [NO_FINDING]
    with st.container(width=images.TILE, gap=None):
        images.show(dataset.pixels[one.row], f"Slice {one.id}: {one.labels_in_words}", colours=strip)
        st.page_link(
            "views/browse.py",
            label=words.plain(one.id),
            icon=":material/zoom_in:",
            help="See it large, in Browse",
            query_params={"dataset": dataset.name, "slice": one.id},
        )
        known = [one.patient or "patient unknown", one.split or "no split", one.labels_in_words]
        told = "  \n".join(words.plain(each) for each in known)
        st.caption(f"{told}  \n*{'would be left out' if one.excluded else 'would stay'}*")
