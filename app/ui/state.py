"""What a session has chosen. The only place that touches `st.session_state` and the address.

Everything a page shows is in its address, so that it can be shared and reloaded; a page switch clears the
address, so the choices that pages share are also kept in the session.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from app.ui import cache
from mri_core import words
from mri_core.datasets.dataset import Dataset

_DATASET = "dataset"


def pick_dataset() -> None:
    """Draw the data set picker in the sidebar. Call once, before the page."""
    names = [header.name for header in cache.headers()]
    if not names:
        return
    wanted = st.query_params.get(_DATASET) or st.session_state.get("chosen_dataset")
    if made := st.session_state.pop("next_dataset", None):
        st.session_state["dataset_picker"] = made
    if st.session_state.get("dataset_picker") not in names:
        st.session_state["dataset_picker"] = wanted if wanted in names else names[0]
    chosen = st.sidebar.selectbox(
        "Data set", names, key="dataset_picker", on_change=_drop_address, help="Every page shows this data set."
    )
    st.session_state["chosen_dataset"] = chosen
    st.query_params[_DATASET] = chosen


def switch_dataset(name: str) -> None:
    """Draw the page again with another data set picked."""
    st.session_state["next_dataset"] = name
    _drop_address()
    st.rerun()


def pick_next(name: str) -> None:
    """Have another data set picked when the page is drawn the next time, its address left as it is."""
    st.session_state["next_dataset"] = name


def dataset() -> Dataset | None:
    """The data set that was picked, or None when there is none yet."""
    chosen = st.session_state.get("chosen_dataset")
    return next((cache.dataset(header) for header in cache.headers() if header.name == chosen), None)


def from_address(key: str, default: str | None = None) -> str | None:
    """A choice that the page's address carries, such as the run shown."""
    return st.query_params.get(key, default)


def list_from_address(key: str, known: Sequence[str] | None = None) -> list[str]:
    """A choice of several that the page's address carries; where `known` is given, without what is not in it."""
    return [value for value in st.query_params.get_all(key) if known is None or value in known]


def to_address(**choices: str | Sequence[str] | None) -> None:
    """Put choices into the page's address; None or an empty one is taken out."""
    for key, value in choices.items():
        if value is None or len(value) == 0:
            st.query_params.pop(key, None)
        elif st.query_params.get_all(key) != ([value] if isinstance(value, str) else list(value)):
            st.query_params[key] = value


def _drop_address() -> None:
    # Another data set has other runs, slices and filters.
    st.query_params.clear()


def held(key: str) -> Any:
    """What the widget of this key holds, for what is called when that changes."""
    return st.session_state[key]


def hold(key: str, value: Any) -> None:
    """Have the widget of this key hold a value, from what is called when another widget is clicked."""
    st.session_state[key] = value


def begin(key: str, value: Any, known: Container[Any]) -> None:
    """Have the widget of this key, drawn next, hold a value unless it holds one of `known` already."""
    held = st.session_state.get(key)
    # Put back even what it holds, which a widget whose range has changed would forget.
    st.session_state[key] = held if held in known else value


def remember(name: str, value: Any) -> None:
    """Keep something that pages find again after another page was shown, which clears the address."""
    st.session_state[f"kept {name}"] = value


def remembered(name: str) -> Any:
    """What `remember` was last told under this name, or None."""
    return st.session_state.get(f"kept {name}")


def turn(name: str) -> int:
    """A number for the key of a widget that `next_turn` shall replace by a fresh one."""
    return st.session_state.get(f"turn of {name}", 0)


def next_turn(name: str) -> None:
    st.session_state[f"turn of {name}"] = turn(name) + 1


def moment(when: datetime) -> str:
    """Date and time in the zone of the reader's browser."""
    name = st.context.timezone
    return words.moment(when, ZoneInfo(name) if name else None)
