"""The entry point: `streamlit run app/Home.py`. Navigation, and the data set picker every page shares."""

import sys
from pathlib import Path

import streamlit as st

# Streamlit puts only this file's folder on the path; the package `app` and, uninstalled, `mri_core` are one above it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.ui import errors, exposure, sign_in, state
from mri_core.images.limits import read_limits

st.set_page_config(page_title="MRI slices", page_icon=":material/radiology:", layout="wide")

PAGES = {
    "Data": [
        st.Page("views/overview.py", title="Overview", icon=":material/home:", default=True),
        st.Page("views/importing.py", title="Import", icon=":material/upload:", url_path="importing"),
        st.Page("views/browse.py", title="Browse", icon=":material/grid_view:", url_path="browse"),
        st.Page("views/labels.py", title="Labels", icon=":material/bar_chart:", url_path="labels"),
        st.Page("views/quality.py", title="Quality", icon=":material/fact_check:", url_path="quality"),
        st.Page("views/map.py", title="Map", icon=":material/scatter_plot:", url_path="map"),
        st.Page("views/augment.py", title="Augmentation", icon=":material/flip:", url_path="augment"),
    ],
    "Model": [
        st.Page("views/train.py", title="Train", icon=":material/play_arrow:", url_path="train"),
        st.Page("views/queue.py", title="Queue", icon=":material/queue:", url_path="queue"),
        st.Page("views/runs.py", title="Runs", icon=":material/table_rows:", url_path="runs"),
        st.Page("views/reproduce.py", title="Reproduction", icon=":material/replay:", url_path="reproduce"),
    ],
    "Judge": [
        st.Page("views/report.py", title="Report", icon=":material/lab_profile:", url_path="report"),
        st.Page("views/thresholds.py", title="Thresholds", icon=":material/tune:", url_path="thresholds"),
        st.Page("views/calibration.py", title="Calibration", icon=":material/balance:", url_path="calibration"),
        st.Page("views/failures.py", title="Failures", icon=":material/crisis_alert:", url_path="failures"),
        st.Page("views/compare.py", title="Compare", icon=":material/compare_arrows:", url_path="compare"),
    ],
    "Use": [
        st.Page("views/predict.py", title="Predict", icon=":material/search_insights:", url_path="predict"),
    ],
}

with errors.in_words():
    read_limits()  # whoever set one wrongly is told, and no page is shown with another
    if sign_in.allowed():
        page = st.navigation(PAGES, position="top")  # at the side it would push what a page asks below the fold
        with errors.in_words():
            exposure.warn()
            state.pick_dataset()
            page.run()
        sign_in.offer_sign_out()
    else:
        st.navigation(PAGES, position="hidden")
        sign_in.ask()
