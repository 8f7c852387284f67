"""Peer: the smallest page that Streamlit serves."""

import streamlit as st

st.title("bare")
