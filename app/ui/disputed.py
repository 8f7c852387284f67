"""A gallery of the slices that only one of two runs gets right."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.ui import images, state
from mri_core import words
from mri_core.charts.theme import NO_FINDING, label_colours
from mri_core.datasets.browse import page_count
from mri_core.evaluation.comparison import Comparison
from mri_core.prediction.judged_run import JudgedRun
from mri_core.prediction.run_comparison import Disputed, disputed

PER_PAGE = 24
_SIDES = ("reference", "other")


def draw_gallery(comparison: Comparison, a: JudgedRun, b: JudgedRun) -> None:
    """Choose which run is right, in which label, and draw those slices page by page. a: the reference."""
    pair = f"{a.run.id} {b.run.id} {a.split}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        ids = _pick_slices(comparison, pair)
    if not ids:
        st.caption("No slice is like that.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{words.count(len(ids))}** of {words.count(comparison.slices)} slices", width="content")
        page = _pick_page(len(ids), f"page of {hash(ids)} {pair}")
    with st.container(horizontal=True):
        for one in disputed(a, b, ids[(page - 1) * PER_PAGE : page * PER_PAGE]):
            _draw_tile(one, comparison, a)


def _pick_slices(comparison: Comparison, pair: str) -> tuple[str, ...]:
    """Ids of the slices that the chosen run alone gets right, in the chosen label or in all of them."""
    names = dict(zip(_SIDES, (comparison.a, comparison.b), strict=True))
    wanted = state.list_from_address("right", _SIDES)
    right = st.segmented_control(
        "Only right in",
        _SIDES,
        default=wanted[0] if wanted else "other",
        required=True,
        format_func=lambda side: words.plain(names[side]),
        help="The run that is right where the other is wrong.",
        on_change=_first_page,
        key=f"right of {pair}",
    )
    labels = list(comparison.labels)
    asked = state.list_from_address("label", labels)
    # By place, with one more for the whole slice, because a label may be called anything.
    place = st.selectbox(
        "Judged by",
        range(len(labels) + 1),
        index=labels.index(asked[0]) + 1 if asked else 0,
        format_func=lambda place: ["all labels", *labels][place],
        help="With all labels, a slice is right when none is missed and none is too much.",
        width=240,
        on_change=_first_page,
        key=f"label of {pair}",
    )
    state.to_address(right=right, label=labels[place - 1] if place else None)
    changed = comparison.labels[labels[place - 1]] if place else comparison.whole
    return changed.only_a if right == "reference" else changed.only_b


def _pick_page(found: int, key: str) -> int:
    pages = page_count(found, PER_PAGE)
    if pages == 1:
        return 1
    asked = state.from_address("page", "1")
    page = st.pagination(pages, default=int(asked) if asked.isdecimal() and 1 <= int(asked) <= pages else 1, key=key)
    state.to_address(page=str(page) if page > 1 else None)
    return page


def _draw_tile(one: Disputed, comparison: Comparison, a: JudgedRun) -> None:
    truth = _labels(one.truth)
    with st.container(width=images.TILE, gap=None):
        if a.dataset is not None and one.row is not None:
            colours = label_colours(a.predictions.label_names)
            strip = [colour if name in one.truth else None for name, colour in colours.items()]
            images.show(
                a.dataset.pixels[one.row], f"Slice {one.id}: {truth}", colours=strip if one.truth else [NO_FINDING]
            )
            st.page_link(
                "views/browse.py",
                label=words.plain(one.id),
                help="See it in Browse",
                query_params={"dataset": a.dataset.name, "slice": one.id},
            )
        else:
            st.markdown(words.plain(one.id))
        patient = f"{words.plain(one.patient)} · " if one.patient else ""
        st.caption(
            f"{patient}truth: {words.plain(truth)}  \n"
            f"{words.plain(comparison.a)}: {words.plain(_labels(one.a))}  \n"
            f"{words.plain(comparison.b)}: {words.plain(_labels(one.b))}"
        )


def _labels(names: Sequence[str]) -> str:
    return ", ".join(names) or "no finding"


def _first_page() -> None:
    state.to_address(page=None)
