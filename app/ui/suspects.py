"""Suspected label errors: slices whose given labels the networks contradict, beside what they say."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.ui import errors, excluding, gallery, images, judgements, judges, state, tiles
from mri_core import words
from mri_core.charts.label_errors import given_and_said
from mri_core.charts.theme import label_colours
from mri_core.datasets.browse import neighbours, page_rows
from mri_core.datasets.dataset import Dataset
from mri_core.prediction.run_label_errors import LabelErrors, Suspect
from mri_core.quality.examples import numbers_table


def draw(dataset: Dataset) -> None:
    """Which networks judge, what they dispute, and the slices, the surest first."""
    st.write(
        "Given labels that are contradicted by networks, asked only about slices they never learnt from, or by the "
        "slice's other labels. Some of these are wrong; on others the networks are. A label's quality is how likely it "
        "is right as it is given.",
    )
    chosen = judges.pick(dataset)
    if not chosen.ended:
        return
    found = judgements.label_errors(dataset.header, chosen.runs)
    findings = found.findings()
    if not findings:
        st.success(f"No label is in doubt on {found.covered}.", icon=":material/check_circle:")
        return
    [finding] = findings
    st.markdown(words.plain(finding.summary))
    meaning, advice = st.columns(2, gap="medium")
    meaning.markdown(f"**What it means for the scores**  \n{words.plain(finding.meaning)}")
    advice.markdown(f"**What to do**  \n{words.plain(finding.advice)}")
    with st.expander("How many of each label"):
        st.dataframe(numbers_table(finding), hide_index=True)
    label = tiles.choose_label("In doubt", dataset.label_names, f"doubts of {dataset.fingerprint}")
    places = found.ranked(label)
    if state.from_address("slice"):
        _enlarge(found, places)
    if not len(places):
        st.info(f"No slice is in doubt on {gallery.named(label)}.", icon=":material/check_circle:")
        return
    _draw_actions(found, label, len(places))
    _draw_gallery(found, label, places)


def _draw_actions(found: LabelErrors, label: str | None, suspects: int) -> None:
    name = found.dataset.name
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = st.number_input(
            "How many of the first to leave out",
            min_value=1,
            max_value=suspects,
            value=min(suspects, gallery.PER_PAGE),
            width=260,
            key=f"most of {label}",
        )
        if st.button("Leave them out in a new version", icon=":material/content_cut:"):
            excluding.confirm(found.dataset, found.findings(label, most))
        gallery.save_as(
            "These slices as CSV",
            lambda: found.table(label),
            f"{name} suspected label errors {label or 'any label'}.csv",
        )


def _draw_gallery(found: LabelErrors, label: str | None, places: Sequence[int]) -> None:
    simulated = "simulated " if found.dataset.header.simulated else ""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{words.count(len(places))}** {simulated}slices, the surest first", width="content")
        page = gallery.choose_page(places, f"doubts of {found.dataset.fingerprint} {found.runs[0].id} {label}")
    shown = page_rows(places, page, gallery.PER_PAGE)
    with st.container(horizontal=True):
        for one in found.suspects(shown):
            _draw_tile(found, one)


def _draw_tile(found: LabelErrors, one: Suspect) -> None:
    with st.container(width=images.TILE, gap=None):
        _draw_picture(found, one, images.TILE, f"Slice {one.id}: given {one.labels_in_words}, in doubt {one.why}")
        tiles.open_button(one.id, f"enlarge suspect {one.row}", "See it large, beside what the networks say")
        lines = [
            f"**{words.plain(name)} {'given' if name in one.labels else 'not given'}**, "
            f"networks {words.score(one.probabilities[name])}, quality {words.score(quality)}"
            for name, quality in one.doubted.items()
        ]
        st.caption("  \n".join([*lines, f"given: {words.plain(one.labels_in_words)}", one.split]))


def _draw_picture(found: LabelErrors, one: Suspect, width: int, alt: str) -> None:
    tiles.draw_slice(found.dataset.pixels[one.row], alt, found.dataset.label_names, one.labels, width)


@st.dialog("Slice", width="large", icon=":material/zoom_in:", on_dismiss=tiles.forget_slice)
def _enlarge(found: LabelErrors, places: Sequence[int]) -> None:
    """The slice that the address names; the buttons go on in the order of the gallery."""
    with errors.in_words():
        place = found.place_of(state.from_address("slice"))
        [one] = found.suspects([place])
        left, right = st.columns(2, gap="medium")
        with left:
            _draw_picture(found, one, images.LARGE, f"Slice {one.id} enlarged")
            before, after = (
                None if other is None else found.suspects([other])[0].id for other in neighbours(places, place)
            )
            tiles.go_on(("Surer", "Less sure"), (before, after))
        with right:
            st.plotly_chart(given_and_said(one, label_colours(found.dataset.label_names)), key="the networks' view")
            facts = {
                "Id": one.id,
                "Patient": one.patient or "unknown",
                "Split": one.split,
                "Given": one.labels_in_words,
                "In doubt": one.why,
            }
            st.table(
                {words.plain(name): words.plain(value) for name, value in facts.items()},
                hide_header=True,
                border="horizontal",
            )
            tiles.link_to_browse(found.dataset.name, one.id, one.patient)
