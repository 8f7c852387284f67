"""The slices that look most like one, each a way to go on to it."""

from __future__ import annotations

import streamlit as st

from app.ui import images, tiles
from mri_core import words
from mri_core.charts.failure_tables import set_name
from mri_core.datasets.browse import SliceRecord
from mri_core.datasets.dataset import Dataset
from mri_core.embedding.embedding import embed, kept_embedding
from mri_core.embedding.similar import SimilarSlice, similar_slices

SHOWN = 6
HOW = (
    "By a descriptor of the pixels: how bright the slice is where, and which way its edges run. No trained model and "
    "no label has a say. A distance of 0 is the same picture; it has no unit, and about 1 is far."
)


def draw(dataset: Dataset, record: SliceRecord) -> None:
    """Draw them where slices can be compared already, else a button that looks at all of them first."""
    st.subheader("Similar slices", help=HOW, anchor=False)
    vectors = kept_embedding(dataset)
    if vectors is None and st.button("Find similar slices", icon=":material/image_search:"):
        vectors = look_at_all(dataset)
    elif vectors is None:
        st.caption(
            f"The first time, all {words.count(dataset.header.slices)} slices are looked at: some seconds for 20,000."
        )
    if vectors is None:
        return
    others = record.patient is not None and st.toggle(
        "Of other patients only",
        value=True,
        help="Slices of the same patient are mostly its neighbours.",
        key=f"other patients than that of a slice of {dataset.fingerprint}",
    )
    found = similar_slices(dataset, vectors, record.row, SHOWN, others)
    with st.container(horizontal=True):
        for one in found:
            _draw_tile(dataset, one)
    if not found:
        st.caption("There is no slice of another patient." if others else "There is no other slice.")


def look_at_all(dataset: Dataset):
    """The embedding of a data set, computed behind a bar."""
    bar = st.progress(0.0, text="Looking at slices")
    vectors = embed(
        dataset,
        lambda done, total: bar.progress(
            done / total, text=f"Looking at slices: {words.count(done)} of {words.count(total)}"
        ),
    )
    bar.empty()
    return vectors


def _draw_tile(dataset: Dataset, one: SimilarSlice) -> None:
    record = one.record
    said = set_name(record.labels) if record.labelled else "labels unknown"
    with st.container(width=images.TILE, gap=None):
        alt = f"Similar slice {record.id}: {said}"
        names = dataset.label_names
        tiles.draw_slice(dataset.pixels[record.row], alt, names, record.labels, labelled=record.labelled)
        key = f"similar {record.row} of {dataset.fingerprint}"
        tiles.open_button(record.id, key, "Go on to this slice", ":material/arrow_forward:")
        patient = f"{words.plain(record.patient)} · " if record.patient else ""
        st.caption(f"{patient}{words.plain(said)}  \ndistance {words.score(one.distance)}")
