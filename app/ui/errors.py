"""Errors shown in words where they happen: around a page, and around fragments and dialogs, which rerun without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from mri_core import words
from mri_core.errors import MriError


@contextmanager
def in_words() -> Iterator[None]:
    """Shows an error that a user can act on as one line, in place of the rest of the block."""
    try:
        yield
    except MriError as error:
        st.error(words.plain(str(error)), icon=":material/error:")
