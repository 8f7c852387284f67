"""What pages show while there is nothing to show."""

from __future__ import annotations

import streamlit as st


def no_dataset() -> None:
    """Says that a data set is missing, and leads to where one is made."""
    st.info("There is no data set yet.", icon=":material/database_off:")
    st.page_link("views/overview.py", label="Make or bring a data set", icon=":material/arrow_forward:")
