"""Errors shown where they happen, for what `Home.py` cannot reach: fragments and dialogs rerun without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from mri_core.errors import MriError


@contextmanager
def in_words() -> Iterator[None]:
    """Shows an error that a user can act on as one line, in place of the rest of the block."""
    try:
        yield
    except MriError as error:
        st.error(str(error), icon=":material/error:")
