"""The slices of a volume together: what follows for the patient, where along the volume, and which slice is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app.ui import images, state
from mri_core import words
from mri_core.charts import prediction as charts
from mri_core.charts import prediction_tables as tables
from mri_core.prediction.predictor import Prediction
from mri_core.prediction.volume import VolumeAnswer, answer_volume, top_slices

if TYPE_CHECKING:
    import pandas as pd

MONTAGE = 8
"""Tiles of the most probable slices."""
_TILE = 96  # CSS pixels: eight stand beside each other, and three on a phone


def draw(predictions: Sequence[Prediction], colours: Mapping[str, str], key: str, by: str) -> int:
    """Draw what holds for a whole volume, and return the place of the slice to show, from 0.

    by: ", by" and the run that says so, ready for Markdown, or "" where there is only one.
    """
    answer = answer_volume(predictions)
    _draw_patient(answer, by)
    if doubted := tables.doubted_slices(predictions):
        st.warning(doubted, icon=":material/warning:")
    shown = _choose_slice(predictions, answer, colours, key)
    _draw_montage(predictions, answer, shown, key)
    return shown


def draw_table(table: pd.DataFrame) -> None:
    """A table of texts, in which users' names are shown as they are."""
    st.table(table.rename(columns=words.plain).map(words.plain), border="horizontal", hide_index=True)


def _draw_patient(answer: VolumeAnswer, by: str) -> None:
    concluded = words.plain(tables.conclusion(answer))
    st.markdown(f"**The patient{by}: {concluded}.** {words.plain(tables.nothing_reached(answer))}")
    draw_table(tables.patient_table(answer))
    st.caption(words.plain(tables.patient_rule(answer)))


def _choose_slice(predictions: Sequence[Prediction], answer: VolumeAnswer, colours: Mapping[str, str], key: str) -> int:
    last = len(predictions)
    slider = f"slice {key}"
    state.begin(slider, (last + 1) // 2, range(1, last + 1))
    shown = st.slider("Slice", 1, last, key=slider) - 1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Jump to the peak of", width="content")
        for number, (label, peak) in enumerate(answer.peaks.items()):
            st.button(
                words.plain(label),
                key=f"peak {number} {key}",
                disabled=peak == shown,
                help=f"Slice {peak + 1}, with a probability of {words.score(answer.highest[label])}",
                on_click=state.hold,
                args=(slider, peak + 1),
            )
    st.plotly_chart(charts.volume_profile(predictions, colours, shown), key=f"profile {key}")
    return shown


def _draw_montage(predictions: Sequence[Prediction], answer: VolumeAnswer, shown: int, key: str) -> None:
    """The slices in which a chosen label is most probable, each a way to look at it."""
    labels = list(answer.probabilities)
    likeliest = max(range(len(labels)), key=lambda place: answer.highest[labels[place]])
    chosen = st.pills(
        "Most probable slices of",
        range(len(labels)),
        default=likeliest,
        required=True,
        format_func=lambda place: words.plain(labels[place]),
        key=f"montage {key}",
    )
    with st.container(horizontal=True):
        for place in top_slices(predictions, labels[chosen], MONTAGE):
            probability = words.score(predictions[place].probabilities[labels[chosen]])
            with st.container(width=_TILE, gap=None):
                images.show(predictions[place].seen, f"Slice {place + 1}, {labels[chosen]} {probability}", _TILE)
                st.button(
                    f"Slice {place + 1}",
                    key=f"tile {place} {key}",
                    type="tertiary",
                    disabled=place == shown,
                    help="Show it below",
                    on_click=state.hold,
                    args=(f"slice {key}", place + 1),
                )
                st.caption(probability)
