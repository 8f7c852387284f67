"""Augmentation: slices before and after each flip, and what the training set grows to."""

import streamlit as st

from app.ui import empty, errors, images, state
from mri_core import words
from mri_core.augmentation.examples import examples
from mri_core.augmentation.sides import labels_naming_a_side
from mri_core.datasets.browse import row_of, slice_records, spread_labelled
from mri_core.datasets.dataset import Dataset
from mri_core.training.growth import training_set_growth
from mri_core.training.spec import TrainingSpec

SUGGESTED, SHOWN, MOST = 100, 3, 12


def choose_slices(dataset: Dataset) -> list[str]:
    """Ids of the slices to show. Suggests some; any other id can be typed, or comes with the address."""
    suggested = [record.id for record in slice_records(dataset, spread_labelled(dataset, SUGGESTED))]
    begin = [record.id for record in slice_records(dataset, spread_labelled(dataset, SHOWN))]
    asked = state.list_from_address("slice")[:MOST]
    chosen = st.sidebar.multiselect(
        "Slices",
        list(dict.fromkeys([*asked, *begin, *suggested])),
        default=asked or begin,
        accept_new_options=True,
        max_selections=MOST,
        key=f"slices of {dataset.name} {dataset.fingerprint}",
        help="Some slices with a label to choose from. Type any other id; the Browse page shows them all.",
    )
    state.to_address(slice=chosen)
    return chosen


def choose_amounts() -> dict[str, float]:
    """How much to move and to brighten, of the fields of TrainingSpec by these names."""
    fields = TrainingSpec.model_json_schema()["properties"]
    return {
        name: st.sidebar.slider(field["title"], 0.0, float(field["maximum"]), start, step, help=field["description"])
        for name, start, step in (("shift", 3.0, 1.0), ("intensity", 0.1, 0.05))
        for field in (fields[name],)
    }


def show_slices(dataset: Dataset) -> None:
    rows = [row_of(dataset, slice_id) for slice_id in choose_slices(dataset)]
    if not rows:
        st.info("Choose one or more slices in the sidebar.", icon=":material/touch_app:")
        return
    amounts = choose_amounts()
    for record in slice_records(dataset, rows):
        original = dataset.pixels[[record.row]]
        versions = {"as it is": original} | examples(original, amounts, seed=record.row)
        said = ", ".join(record.labels) or "no finding"
        with st.container(gap="xsmall"):
            st.markdown(f"**{words.plain(record.id)}** {words.plain(said)}")
            with st.container(horizontal=True):
                for name, version in versions.items():
                    with st.container(width=images.TILE, gap=None):
                        images.show(version[0], f"Slice {record.id}, {name}")
                        st.caption(name)


def show_sides(dataset: Dataset) -> None:
    if sided := labels_naming_a_side(dataset.label_names):
        st.warning(
            f"A horizontal flip makes {', '.join(map(words.plain, sided))} wrong: it moves the finding to the other "
            "side and keeps the label. Train with flips none or vertical.",
            icon=":material/warning:",
        )


def show_growth(dataset: Dataset) -> None:
    st.subheader("What the training set grows to")
    growth = training_set_growth(dataset)
    st.write(
        "Slices in an epoch when flips are appended, to all slices or only to those with a label. Flipped at random "
        "instead, an epoch keeps its length; shifts and intensity changes are always random."
    )
    st.dataframe(
        [{"flips": row.flips, "all": row.all_slices, "labelled": row.only_labelled} for row in growth],
        column_config={
            "flips": st.column_config.TextColumn("Flips", help="“both” adds a copy for each flip."),
            "all": st.column_config.NumberColumn(
                "All slices", format="localized", help="Slices in an epoch when every slice is flipped."
            ),
            "labelled": st.column_config.NumberColumn(
                "Only labelled",
                format="localized",
                help="Slices in an epoch when those without a finding are shown once, as they are.",
            ),
        },
        hide_index=True,
        width="content",
    )
    st.page_link("views/train.py", label="Train with flips", icon=":material/play_arrow:")


def show(dataset: Dataset) -> None:
    show_sides(dataset)
    with errors.in_words():
        show_slices(dataset)
    show_growth(dataset)


st.title("Augmentation")
st.write("What do flips and random changes do to a slice, and how much longer does an epoch become?")
chosen = state.dataset()
if chosen is None:
    empty.no_dataset()
else:
    show(chosen)
