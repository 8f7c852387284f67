"""Slices on a page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from mri_core.images.picture import picture

TILE, LARGE = 160, 480
"""Widths in CSS pixels of a slice in a grid, and of one looked at by itself."""


def show(pixels: np.ndarray, alt: str, width: int = TILE, colours: Sequence[str | None] = ()) -> None:
    """Draw a slice `width` CSS pixels wide, or as wide as there is room. alt: what a screen reader says."""
    # A width given to `st.image` itself would smooth the picture down to it, and its own choice of format is JPEG.
    with st.container(width=width):
        st.image(picture(pixels, width, colours), width="stretch", output_format="PNG", alt=alt)
