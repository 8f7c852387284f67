"""Which page of very many tiles is shown."""

from __future__ import annotations

import streamlit as st

from app.ui import state
from mri_core import words
from mri_core.datasets.browse import page_count

MOST_NUMBERED = 100
"""Pages among which one finds the way by clicking their numbers; where there are more, a number is typed."""


def choose_page(found: int, per_page: int, query: str) -> int:
    """The page shown, counted from 1 and kept in the address. query: what was asked; another begins anew."""
    pages = page_count(found, per_page)
    if pages == 1:
        return 1
    asked = state.from_address("page", "1")
    begin = int(asked) if asked.isdecimal() and 1 <= int(asked) <= pages else 1
    key = f"page of {query}"
    if pages > MOST_NUMBERED:
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            page = st.number_input("Page", 1, pages, begin, width=150, label_visibility="collapsed", key=key)
            st.markdown(f"of {words.count(pages)} pages", width="content")
    else:
        page = st.pagination(pages, default=begin, key=key)
    state.to_address(page=str(page) if page > 1 else None)
    return page
