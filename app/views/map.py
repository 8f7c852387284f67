"""Map: the slices of a data set in the plane, those that look alike together."""

import streamlit as st

from app.ui import cache, empty, errors, images, judgements, judging, recorded, similar, state, tiles
from app.ui.gallery import save_as
from mri_core import words
from mri_core.charts.failure_tables import set_name
from mri_core.charts.map import COLOURINGS, Colouring, colourings, map_figure
from mri_core.datasets.browse import SliceRecord, row_of, slice_records
from mri_core.datasets.dataset import Dataset
from mri_core.embedding.map import FEWEST, MOST
from mri_core.prediction.outcomes import with_outcomes
from mri_core.runs.comparison import has_results
from mri_core.runs.run import ENDED, Run

HOW = (
    "A descriptor of the pixels (brightness and the run of edges, no trained model) says how alike two slices look; "
    "t-SNE lays them out in the plane. Who lies beside whom means something; how large a group is, how far groups lie "
    "apart, and which way is up do not."
)
ERRORS, LABEL = "errors of a run", "one label"


def main() -> None:
    st.title("Map")
    st.write("Which slices look alike, and do labels, splits or errors gather somewhere?")
    dataset = state.dataset()
    if dataset is None:
        empty.no_dataset()
    elif dataset.header.slices < FEWEST:
        st.info(
            f"A map needs at least {FEWEST} slices, and this data set has {words.count(dataset.header.slices)}.",
            icon=":material/scatter_plot:",
        )
    else:
        table = cache.slice_map(dataset.header)
        if table is None:
            table = offer_map(dataset)
        if table is not None:
            draw(dataset, table)


def offer_map(dataset: Dataset):
    """A button that makes the map; returns it once it is made."""
    points = min(MOST, dataset.header.slices)
    place = st.empty()
    with place.container():
        asked = st.button(f"Map {words.count(points)} slices", type="primary", icon=":material/scatter_plot:")
        st.caption(f"{sampled(dataset, points)}It takes about half a minute, once for this data set.")
        st.caption(HOW)
    if not asked:
        return None
    with place.container():
        vectors = similar.look_at_all(dataset)
        with st.spinner(f"Laying out {words.count(points)} slices: up to half a minute", show_time=True):
            table = cache.make_slice_map(dataset.header, vectors)
    place.empty()
    return table


def sampled(dataset: Dataset, points: int) -> str:
    slices = dataset.header.slices
    return f"{words.count(points)} of {words.count(slices)} slices, drawn at random. " if points < slices else ""


def draw(dataset: Dataset, table) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        colouring = choose_colouring(dataset, table)
        label = choose_label(dataset) if colouring == LABEL else dataset.label_names[0]
        run = choose_run(dataset) if colouring == ERRORS else None
    state.to_address(label=label if colouring == LABEL else None, run=run.id if run else None)
    if colouring == ERRORS and run is None:
        st.info("No training on this version of the data has ended yet, so there are no errors to show.")
        st.page_link("views/train.py", label="Train a network", icon=":material/arrow_forward:")
        return
    if run is not None:
        table = with_outcomes(table, [judgements.failures(run, split) for split in judging.JUDGED])
    key = f"map of {dataset.fingerprint} {colouring} {label} {run.id if run else None}"
    st.plotly_chart(
        map_figure(table, dataset.label_names, colouring, label),
        key=key,
        on_select=lambda: open_slice(key),
        selection_mode="points",
    )
    kind = "Simulated slices. " if dataset.header.simulated else ""
    st.caption(f"{kind}{sampled(dataset, len(table))}Click a point to open its slice. {HOW}")
    save_as("Points as CSV", lambda: table.drop(columns="row"), f"{dataset.name} map.csv")
    if state.from_address("slice"):
        enlarge(dataset)


def choose_colouring(dataset: Dataset, table) -> Colouring:
    offered = colourings(table)
    wanted = state.list_from_address("colour", offered)
    colouring = st.selectbox(
        "Colour by",
        offered,
        index=offered.index(wanted[0]) if wanted else 0,
        format_func=str.capitalize,
        width=260,
        key=f"colour of {dataset.fingerprint}",
    )
    state.to_address(colour=colouring if colouring != COLOURINGS[0] else None)
    return colouring


def choose_label(dataset: Dataset) -> str:
    names = list(dataset.label_names)
    wanted = state.list_from_address("label", names)
    return st.selectbox(
        "Label",
        names,
        index=names.index(wanted[0]) if wanted else 0,
        width=260,
        key=f"label on the map of {dataset.fingerprint}",
    )


def choose_run(dataset: Dataset) -> Run | None:
    """One of the ended runs on this very version of the data; only those know its slices."""
    runs = {
        run.id: run
        for run in recorded.runs(dataset.name, ENDED, also=state.list_from_address("run"))
        if has_results(run) and run.dataset_fingerprint == dataset.fingerprint
    }
    if not runs:
        return None
    ids = list(runs)
    wanted = state.list_from_address("run", ids)
    chosen = st.selectbox(
        "Run",
        ids,
        index=ids.index(wanted[0]) if wanted else 0,
        format_func=lambda run_id: f"{runs[run_id].name}, {state.moment(runs[run_id].created)}",
        width=360,
        help="Errors are known of validation and test slices; training slices are not judged.",
        key=f"run on the map of {dataset.fingerprint}",
    )
    return recorded.run(chosen)


def open_slice(key: str) -> None:
    picked = state.held(key).selection.points
    if picked:
        [slice_id] = picked[0]["customdata"]
        state.to_address(slice=slice_id)


@st.dialog("Slice", width="large", icon=":material/zoom_in:", on_dismiss=tiles.forget_slice)
def enlarge(dataset: Dataset) -> None:
    """The slice that the address names, and those that look like it."""
    with errors.in_words():
        [record] = slice_records(dataset, [row_of(dataset, state.from_address("slice"))])
        picture, known = st.columns(2, gap="medium")
        with picture:
            images.show(dataset.pixels[record.row], f"Slice {record.id} enlarged", images.LARGE)
        with known:
            st.table(facts(record), hide_header=True, border="horizontal")
            st.page_link(
                "views/browse.py",
                label="See it in Browse",
                icon=":material/grid_view:",
                query_params={"dataset": dataset.name, "slice": record.id},
            )
            similar.draw(dataset, record)


def facts(record: SliceRecord) -> dict[str, str]:
    known = {
        "Id": record.id,
        "Findings": set_name(record.labels) if record.labelled else "labels unknown",
        "Patient": record.patient or "unknown",
        "Split": record.split or "none",
        "Position": f"{record.position:g} (mm, or a slice number)" if record.position is not None else "unknown",
    }
    return {name: words.plain(value) for name, value in known.items()}


main()
