"""Overview: what this is, what there is, and what to do next."""

import streamlit as st

from app.ui import cache, making, progress, recorded, state
from mri_core import words
from mri_core.datasets.browse import spread_labelled
from mri_core.datasets.dataset import Dataset
from mri_core.datasets.demo import DEMO
from mri_core.datasets.gather import gather
from mri_core.datasets.making import start_making
from mri_core.images.picture import contact_grid
from mri_core.runs.run import Run

SIZES = {
    20_000: "20,000 slices: the size of the study's collection, about a minute",
    2_000: "2,000 slices: quick, for looking around",
}
BROWSE = ("Browse the slices", "views/browse.py", ":material/grid_view:")
LABELS = ("Count the labels", "views/labels.py", ":material/bar_chart:")
TRAIN = ("Train a network", "views/train.py", ":material/play_arrow:")
PREDICT = ("Predict from a file", "views/predict.py", ":material/search_insights:")
REPORT = ("views/report.py", ":material/lab_profile:", "Read its report")
FOLLOW = ("views/train.py", ":material/show_chart:", "Follow it live")


def show_beginning() -> None:
    attempt = cache.last_making(DEMO)
    if cache.datasets_being_made() or (attempt and attempt.running):
        making.follow(DEMO)
        return
    st.subheader("There is no data set yet")
    if attempt and attempt.failure:
        st.error(f"The demo data set was not made: {words.plain(attempt.failure)}", icon=":material/error:")
    st.write(
        "The demo data set is **simulated**: real anatomy and physics, no real patient. Its slices carry three nested "
        "labels and about half of them none, as real collections do."
    )
    slices = st.radio("Size", list(SIZES), format_func=SIZES.__getitem__)
    if st.button("Make the demo data set", type="primary", icon=":material/science:"):
        start_making(cache.settings(), DEMO, ["demo", "--slices", str(slices)])
        st.rerun()
    show_own_data()


def show_own_data() -> None:
    with st.container(border=True):
        st.markdown("**Bring your own data**")
        st.write(
            "A folder or a zip of PNG, JPEG, TIFF, DICOM or NIfTI files with a table of labels, arrays, or a folder "
            "for each label."
        )
        st.page_link("views/importing.py", label="Import slices", icon=":material/upload:")


def show_dataset(dataset: Dataset) -> None:
    header = dataset.header
    kind = "simulated slices" if header.simulated else "slices"
    people = f" of {words.count(header.patients)} patients" if header.patients else ""
    labels = ", ".join(words.plain(name) for name in header.label_names)
    st.write(
        f"**{words.plain(header.name)}**: {words.count(header.slices)} {kind}{people}, "
        f"{words.size(header.image_shape)} pixels, labelled with {labels}."
    )
    shown = gather(dataset.pixels, spread_labelled(dataset, 8))
    st.image(
        contact_grid(shown, columns=8, edge=256),
        width="stretch",
        output_format="PNG",
        alt=f"Slices of {header.name} that carry a label, side by side",
    )


def show_runs(latest: list[Run]) -> None:
    st.subheader("Latest runs")
    for run in latest:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            target = {"dataset": run.dataset_name, "run": run.id}
            page, icon, told = REPORT if run.ended else FOLLOW
            st.page_link(page, label=words.plain(run.name), icon=icon, query_params=target, help=told)
            progress.status_badge(run)
            best = run.summary.get("best", {}).get("val_micro_f1")
            st.text(f"validation micro-F1 {words.score(best, 'not known yet')}", width="content")
            st.caption(state.moment(run.created), width="content")
    st.page_link("views/runs.py", label="All runs", icon=":material/table_rows:")


def show_next(latest: list[Run]) -> None:
    """The next step as the button, what else there is as links."""
    judged = any(run.status in ("finished", "stopped") for run in latest)
    text, page, icon = PREDICT if judged else TRAIN
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(text, type="primary", icon=icon):
            st.switch_page(page)
        for text, page, icon in (BROWSE, LABELS, *([TRAIN] if judged else [])):
            st.page_link(page, label=text, icon=icon)


st.title("MRI slices")
st.write(
    "Train networks that say which labels an MRI slice carries, see how far they can be trusted, and use them on your "
    "own files. Not for clinical use."
)
chosen = state.dataset()
if chosen is None:
    show_beginning()
else:
    newest = recorded.runs(chosen.name, limit=5)
    show_dataset(chosen)
    show_next(newest)
    if newest:
        show_runs(newest)
    show_own_data()
