"""Browse: the slices of a data set, filtered, sorted and paged."""

import streamlit as st

from app.ui import empty, errors, images, state
from mri_core import words
from mri_core.charts.intensity import intensity_histogram
from mri_core.charts.theme import NO_FINDING, label_colours
from mri_core.datasets.browse import (
    MATCHES,
    SORTS,
    Query,
    SliceRecord,
    find_slices,
    intensities,
    neighbours,
    page_count,
    page_rows,
    patients,
    row_of,
    slice_records,
)
from mri_core.datasets.dataset import SPLITS, Dataset

PER_PAGE = 30
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
    people = patients(dataset)
    if not people:
        return None
    begin = known("patient", people)
    patient = st.sidebar.selectbox(
        "Patient",
        people,
        index=people.index(begin) if begin else None,
        placeholder="All patients",
        **widget(dataset, "patient"),
    )
    state.to_address(patient=patient)
    return patient


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


def choose_page(found: int, query: Query) -> int:
    """The page shown; another query begins on its first."""
    pages = page_count(found, PER_PAGE)
    if pages == 1:
        return 1
    asked = state.from_address("page", "1")
    begin = int(asked) if asked.isdecimal() and 1 <= int(asked) <= pages else 1
    page = st.pagination(pages, default=begin, key=f"page of {hash(query)}")
    state.to_address(page=str(page) if page > 1 else None)
    return page


def findings_in_words(record: SliceRecord) -> str:
    return ", ".join(record.labels) or ("no finding" if record.labelled else "labels unknown")


def show_tile(dataset: Dataset, record: SliceRecord) -> None:
    colours = label_colours(dataset.label_names)
    strip = [colours[name] if name in record.labels else None for name in dataset.label_names]
    said = findings_in_words(record)
    with st.container(width=images.TILE, gap=None):
        images.show(
            dataset.pixels[record.row],
            f"Slice {record.id}: {said}",
            colours=strip if record.labels else [NO_FINDING if record.labelled else None],
        )
        st.button(
            words.plain(record.id),
            key=f"enlarge {record.row} of {dataset.fingerprint}",
            type="tertiary",
            icon=":material/zoom_in:",
            help="Enlarge",
            on_click=state.to_address,
            kwargs={"slice": record.id},
        )
        patient = f"{words.plain(record.patient)} · " if record.patient else ""
        st.caption(f"{patient}{words.plain(said)}")


def close() -> None:
    state.to_address(slice=None)


@st.dialog("Slice", width="large", icon=":material/zoom_in:", on_dismiss=close)
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
    with picture.container(horizontal=True):
        for text, icon, row in zip(
            ("Previous", "Next"), ("arrow_back", "arrow_forward"), neighbours(rows, record.row), strict=True
        ):
            target = slice_records(dataset, [row])[0].id if row is not None else record.id
            st.button(
                text,
                icon=f":material/{icon}:",
                disabled=row is None,
                on_click=state.to_address,
                kwargs={"slice": target},
            )
    with facts:
        st.plotly_chart(intensity_histogram(found.counts.tolist(), found.mean))
        st.table(metadata(dataset, record, found), hide_header=True, border="horizontal")
        st.page_link(
            "views/augment.py",
            label="See its flips",
            icon=":material/flip:",
            query_params={"dataset": dataset.name, "slice": record.id},
        )


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
        page = choose_page(len(rows), query)
    if not len(rows):
        st.info("No slice has all that. Take a filter away in the sidebar.", icon=":material/filter_alt_off:")
    with st.container(horizontal=True):
        for record in slice_records(dataset, page_rows(rows, page, PER_PAGE)):
            show_tile(dataset, record)
    if state.from_address("slice"):
        enlarge(dataset, rows)


st.title("Browse")
st.write("What do the slices look like, and which labels does each carry?")
chosen = state.dataset()
if chosen is None:
    empty.no_dataset()
else:
    show(chosen)
