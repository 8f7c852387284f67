"""What all galleries of slices have: pictures over their labels, ways to open one and to go on, the label looked at."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import streamlit as st

from app.ui import images, state
from mri_core import words
from mri_core.charts.theme import NO_FINDING, label_colours


def draw_slice(
    pixels: np.ndarray,
    alt: str,
    names: Sequence[str],
    on: Collection[str],
    width: int = images.TILE,
    labelled: bool = True,
) -> None:
    """A slice over a strip of the labels it carries. names: of all labels. on: those it carries."""
    colours = label_colours(names)
    strip = [colours[name] if name in on else None for name in names] if on else [NO_FINDING if labelled else None]
    images.show(pixels, alt, width, strip)


def open_button(slice_id: str, key: str, told: str, icon: str = ":material/zoom_in:") -> None:
    """The slice's name, which puts it into the address. told: what a click does."""
    st.button(
        words.plain(slice_id),
        key=key,
        type="tertiary",
        icon=icon,
        help=told,
        on_click=state.to_address,
        kwargs={"slice": slice_id},
    )


def go_on(texts: tuple[str, str], targets: tuple[str | None, str | None]) -> None:
    """Buttons to the slices before and after the one that is shown large; None where there is no more."""
    with st.container(horizontal=True):
        for text, icon, target in zip(texts, ("arrow_back", "arrow_forward"), targets, strict=True):
            st.button(
                text,
                icon=f":material/{icon}:",
                disabled=target is None,
                on_click=state.to_address,
                kwargs={"slice": target},
            )


def link_to_browse(dataset: str, slice_id: str, patient: str | None) -> None:
    st.page_link(
        "views/browse.py",
        label="See it among its neighbours",
        icon=":material/grid_view:",
        query_params={"dataset": dataset, "sort": "position", "slice": slice_id}
        | ({"patient": patient} if patient else {}),
    )


def choose_label(title: str, names: Sequence[str], key: str, told: str | None = None) -> str | None:
    """A label, kept in the address, None for any of them. Another one begins at the first page."""
    # By place, because a label may itself be called what stands for all of them.
    options = [None, *names]
    wanted = state.list_from_address("label", names)
    place = st.pills(
        title,
        range(len(options)),
        default=options.index(wanted[0]) if wanted else 0,
        required=True,
        format_func=lambda place: words.plain(options[place]) if place else "any label",
        help=told,
        on_change=lambda: state.to_address(page=None),
        key=key,
    )
    state.to_address(label=options[place])
    return options[place]


def forget_slice() -> None:
    """What a dialog about a slice does when it is closed."""
    state.to_address(slice=None)
