"""Browse: the slices of a data set, filtered, sorted and paged."""

import streamlit as st

from app.ui import empty, errors, images, paging, similar, state, tiles
from mri_core import words
from mri_core.charts.intensity import intensity_histogram
from mri_core.datasets.browse import (
    MATCHES,
    SORTS,
    Query,
    SliceRecord,
    find_slices,
    intensities,
    is_patient,
    neighbours,
    page_rows,
    patients,
    patients_like,
    row_of,
    slice_records,
)
from mri_core.datasets.dataset import SPLITS, Dataset
from mri_core.datasets.gather import gather

PER_PAGE = 30
LISTED = 500  # patients at most in a box; where there are more, a browser is sent none and a name is typed
SUGGESTED = 5
MATCH_WORDS = {"all": "all", "any": "any", "exactly": "only these"}


def first_page() -> None:
    state.to_address(page=None)


def widget(dataset: Dataset, name: str) -> dict:
    """What every filter has: a state of its own for each data set, and the first page after a change."""
    return {"key": f"{name} of {dataset.name} {dataset.fingerprint}", "on_change": first_page}


def known(name: str, options: list[str] | tuple[str, ...]) -> str | None:
    value = state.from_address(name)
    return value if value in options else None


def choose_split(dataset: Dataset) -> str | None:
    split = st.sidebar.segmented_control(
        "Split", SPLITS, default=known("split", SPLITS), help="None chosen: all three.", **widget(dataset, "split")
    )
    state.to_address(split=split)
    return split


def choose_findings(dataset: Dataset) -> tuple[tuple[str, ...], bool, str]:
    """Labels, whether no finding, and how they count together."""
    names = dataset.label_names
    # By place, with one more for "no finding", because a label may be called that itself.
    findings = [*names, "no finding"]
    wanted = state.list_from_address("label", names)
    places = st.sidebar.pills(
        "Findings",
        range(len(findings)),
        selection_mode="multi",
        default=[i for i, name in enumerate(names) if name in wanted]
        + ([len(names)] if state.from_address("no_finding") else []),
        format_func=lambda place: words.plain(findings[place]),
        **widget(dataset, "findings"),
    )
    match = st.sidebar.segmented_control(
        "Slices that have",
        MATCHES,
        default=known("match", MATCHES) or "all",
        format_func=MATCH_WORDS.__getitem__,
        required=True,
        disabled=not places,
        help="How the chosen findings count together; a slice with no finding has none of the labels.",
        **widget(dataset, "match"),
    )
    labels = tuple(name for i, name in enumerate(names) if i in places)
    no_finding = len(names) in places
    state.to_address(
        label=labels, no_finding="yes" if no_finding else None, match=match if places and match != "all" else None
    )
    return labels, no_finding, match


def choose_patient(dataset: Dataset) -> str | None:
    listed = patients(dataset, LISTED + 1)
    if not listed:
        return None
    if len(listed) > LISTED:
        return type_patient(dataset, listed[0])
    begin = known("patient", listed)
    patient = st.sidebar.selectbox(
        "Patient",
        listed,
        index=listed.index(begin) if begin else None,
        placeholder="All patients",
        **widget(dataset, "patient"),
    )
    state.to_address(patient=patient)
    return patient


def type_patient(dataset: Dataset, example: str) -> str | None:
    """A patient of very many. One who does not exist is told, with names like it, and has no slices."""
    asked = state.from_address("patient", "")
    patient = st.sidebar.text_input(
        "Patient",
        asked if is_patient(dataset, asked) else "",
        placeholder="All patients",
        help=f"The whole name, such as {words.plain(example)}. Part of one lists names that have it.",
        **widget(dataset, "patient"),
    ).strip()
    there_is = is_patient(dataset, patient)
    if patient and not there_is:
        told = ", ".join(words.plain(name) for name in patients_like(dataset, patient, SUGGESTED))
        like = f"Names like it: {told}." if told else f"A name looks like {words.plain(example)}."
        st.sidebar.warning(f"There is no patient “{words.plain(patient)}”. {like}", icon=":material/person_search:")
    state.to_address(patient=patient if there_is else None)
    return patient or None


def choose_order(dataset: Dataset) -> tuple[str, bool]:
    orders = list(SORTS)
    sort = st.sidebar.selectbox(
        "Sort by", orders, index=orders.index(known("sort", orders) or "id"), **widget(dataset, "sort")
    )
    last_first = st.sidebar.toggle(
        "Last first", value=state.from_address("last_first") is not None, **widget(dataset, "last first")
    )
    state.to_address(sort=sort if sort != "id" else None, last_first="yes" if last_first else None)
    return sort, last_first


def findings_in_words(record: SliceRecord) -> str:
    return ", ".join(record.labels) or ("no finding" if record.labelled else "labels unknown")


def show_tile(dataset: Dataset, record: SliceRecord, pixels) -> None:
    said = findings_in_words(record)
    with st.container(width=images.TILE, gap=None):
        alt = f"Slice {record.id}: {said}"
        tiles.draw_slice(pixels, alt, dataset.label_names, record.labels, labelled=record.labelled)
        tiles.open_button(record.id, f"enlarge {record.row} of {dataset.fingerprint}", "Enlarge")
        patient = f"{words.plain(record.patient)} · " if record.patient else ""
        st.caption(f"{patient}{words.plain(said)}")


@st.dialog("Slice", width="large", icon=":material/zoom_in:", on_dismiss=tiles.forget_slice)
def enlarge(dataset: Dataset, rows) -> None:
    """The slice that the address names."""
    with errors.in_words():
        show_large(dataset, row_of(dataset, state.from_address("slice")), rows)


def show_large(dataset: Dataset, row: int, rows) -> None:
    """One slice with all that is known of it; the buttons go on to its neighbours in the grid's order."""
    [record] = slice_records(dataset, [row])
    pixels = dataset.pixels[record.row]
    found = intensities(pixels)
    picture, facts = st.columns(2, gap="medium")
    with picture:
        images.show(pixels, f"Slice {record.id} enlarged", images.LARGE)
        before, after = (
            None if other is None else slice_records(dataset, [other])[0].id for other in neighbours(rows, record.row)
        )
        tiles.go_on(("Previous", "Next"), (before, after))
    with facts:
        st.plotly_chart(intensity_histogram(found.counts.tolist(), found.mean))
        st.table(metadata(dataset, record, found), hide_header=True, border="horizontal")
        st.page_link(
            "views/augment.py",
            label="See its flips",
            icon=":material/flip:",
            query_params={"dataset": dataset.name, "slice": record.id},
        )
    similar.draw(dataset, record)


def metadata(dataset: Dataset, record: SliceRecord, found) -> dict[str, str]:
    facts = {
        "Id": record.id,
        "Findings": findings_in_words(record),
        "Patient": record.patient or "unknown",
        "Split": record.split or "none",
        "Position": f"{record.position:g} (mm, or a slice number)" if record.position is not None else "unknown",
        "Source": record.source or "unknown",
        "Size": f"{words.size(dataset.image_shape)} pixels",
        "Intensity": f"{found.lowest} to {found.highest}, mean {found.mean:.1f} (of 0–255)",
        "Checksum": record.checksum,
    }
    return {name: words.plain(value) for name, value in facts.items()}


def show(dataset: Dataset) -> None:
    split = choose_split(dataset)
    labels, no_finding, match = choose_findings(dataset)
    patient = choose_patient(dataset)
    sort, last_first = choose_order(dataset)
    query = Query(split, labels, no_finding, match, patient, sort, last_first)
    rows = find_slices(dataset, query)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        kind = "simulated slices" if dataset.header.simulated else "slices"
        st.markdown(f"**{words.count(len(rows))}** of {words.count(dataset.header.slices)} {kind}", width="content")
        page = paging.choose_page(len(rows), PER_PAGE, str(hash(query)))
    if not len(rows):
        st.info("No slice has all that. Take a filter away in the sidebar.", icon=":material/filter_alt_off:")
    with st.container(horizontal=True):
        shown = page_rows(rows, page, PER_PAGE)
        for record, pixels in zip(slice_records(dataset, shown), gather(dataset.pixels, shown), strict=True):
            show_tile(dataset, record, pixels)
    if state.from_address("slice"):
        enlarge(dataset, rows)


st.title("Browse")
st.write("What do the slices look like, and which labels does each carry?")
chosen = state.dataset()
if chosen is None:
    empty.no_dataset()
else:
    show(chosen)
