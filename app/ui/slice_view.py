"""One slice in pictures: as its file has it, as the model sees it, and where the model finds evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.ui import cache, errors, images, judgements
from mri_core import words
from mri_core.charts.evidence import overlay
from mri_core.images.preprocessing import Preprocessing
from mri_core.prediction.evidence import EVIDENCE
from mri_core.prediction.original import Origin, as_the_model_reads, between_percentiles
from mri_core.prediction.predictor import Prediction
from mri_core.runs.run import Run

if TYPE_CHECKING:
    import numpy as np

WIDTH = 280
"""CSS pixels of a picture: two and a chart stand beside each other."""
MODELS, PERCENTILES = "The model's", "Percentiles"
"""Windows for display."""


def draw_original(run: Run, prediction: Prediction, origin: Origin, key: str) -> None:
    """The slice at its own size, through a window that is chosen under it."""
    place = st.container()
    preprocessing = judgements.predictor(run).description.preprocessing
    window = st.segmented_control(
        "Window",
        (MODELS, PERCENTILES),
        default=MODELS,
        required=True,
        help=f"{MODELS}: {_model_window(preprocessing)}. {PERCENTILES}: of the file's own intensities as it stores "
        "them, or of this slice's where the file has 8 bits.",
        key=f"window {key}",
    )
    low, high = preprocessing.low, preprocessing.high
    if window == PERCENTILES:
        low, high = st.slider(
            "Percentiles that are black and white",
            0.0,
            100.0,
            (low, high),
            step=0.5,
            format="%.1f",
            key=f"percentiles {key}",
        )
    st.caption("The window changes this picture only, not what the model sees.")
    with place, errors.in_words():
        original = as_the_model_reads(origin, preprocessing, cache.slices_of)
        if window == PERCENTILES:
            pixels = between_percentiles(origin, preprocessing, low, high, cache.slices_of)
            scale = f"percentiles {low:g} to {high:g} of its intensities from black to white"
        else:
            pixels = original.pixels
            scale = "intensities 0 to 255, windowed as for the model"
        images.show(pixels, alt=f"{prediction.source} as its file has it", width=WIDTH)
        st.caption(f"As the file has it: {_measures(pixels)}; {scale}.")


def draw_seen(run: Run, prediction: Prediction, key: str) -> None:
    """The slice as the model sees it, and where it finds evidence for a label that is asked for."""
    place = st.container()
    labels = list(prediction.probabilities)
    asked = st.pills(
        "Evidence for",
        range(len(labels)),
        format_func=lambda place: words.plain(labels[place]),
        help="Where the model finds what speaks for a label and against it. It shows what the model looks at, and not "
        "whether it is right.",
        key=f"evidence {key}",
    )
    if asked is None:
        with place:
            images.show(prediction.seen, alt=f"{prediction.source} as the model sees it", width=WIDTH)
            st.caption(f"As the model sees it: {_measures(prediction.seen)}; intensities 0 to 255.")
        return
    found = _find_evidence(run, prediction.seen, key)[labels[asked]]
    opacity = st.slider("Opacity", 0, 100, 60, format="%d %%", key=f"opacity {key}")
    with place:
        picture = overlay(prediction.seen, found, opacity / 100)
        images.show(picture, alt=f"{prediction.source} with evidence for {labels[asked]}", width=WIDTH)
        st.caption("Orange speaks for the label, blue against it; the strongest evidence is the most opaque.")


def _find_evidence(run: Run, seen: np.ndarray, key: str) -> dict[str, np.ndarray]:
    """Label -> evidence (H, W), found in a way that is chosen here where the network offers more than one."""
    usual, *others = EVIDENCE
    offered = [usual, *(kind for kind in others if judgements.evidence(run, kind, seen) is not None)]
    chosen = usual
    if len(offered) > 1:
        chosen = st.segmented_control(
            "Found by",
            offered,
            default=usual,
            required=True,
            format_func=lambda kind: EVIDENCE[kind].title,
            help="  \n".join(f"**{EVIDENCE[kind].title}.** {EVIDENCE[kind].about}" for kind in offered),
            key=f"evidence by {key}",
        )
    return judgements.evidence(run, chosen, seen)


def _model_window(preprocessing: Preprocessing) -> str:
    deep = f"percentiles {preprocessing.low:g} to {preprocessing.high:g} of what has more than 8 bits"
    return f"as a DICOM file declares it, else {deep}" if preprocessing.window == "dicom" else deep


def _measures(pixels: np.ndarray) -> str:
    height, width = pixels.shape[:2]
    order = "" if height == width else " (width × height)"
    return f"{words.size((width, height))} pixels{order}, zoom {WIDTH / max(height, width):.2g}"
