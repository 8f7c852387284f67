"""The choices of an import, step by step; what does not apply to a source is not asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import streamlit as st

from app.ui import cache, errors, exposure
from mri_core.datasets.dataset import SPLITS
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Recipe
from mri_core.datasets.importing.sources import SOURCES
from mri_core.datasets.importing.uploads import SLICES, TABLES
from mri_core.datasets.split import FRACTIONS
from mri_core.images.preprocessing import STANDARD, Axis, Preprocessing, Resampling, Window

UPLOAD, DISK = "Upload", "On this computer's disk"
SHAPES = {"grey": (), "colour": (3,)}
LABELLED = ("table", "splits", "dicom", "volumes")
"""Kinds of sources that a table labels."""


@dataclass(frozen=True)
class Chosen:
    """place: where the slices are. table: a table beside them, None for one within. called: what their owner
    calls them."""

    place: Path
    table: Path | None
    called: str


def choose_source() -> Chosen | None:
    """Where the slices are, uploaded or on this computer; None until it is known."""
    way = UPLOAD
    if not exposure.open_addresses():  # others shall not look around on this computer's disk
        way = st.segmented_control(
            "Where are the slices?", [UPLOAD, DISK], default=UPLOAD, required=True, key="import way"
        )
    with errors.in_words():
        return _uploaded() if way == UPLOAD else _on_disk()
    return None


def _uploaded() -> Chosen | None:
    left, right = st.columns(2)
    slices = left.file_uploader(
        f"A zip of a folder, or arrays ({', '.join(SLICES)})",
        type=list(SLICES),
        help="Larger collections are better read from this computer's disk, or imported with `mri import`.",
        key="import slices",
    )
    table = right.file_uploader(
        f"A table of labels, where none is within ({', '.join(TABLES)})", type=list(TABLES), key="import table"
    )
    if slices is None:
        return None
    kept = None if table is None else cache.kept_upload(table)
    return Chosen(cache.kept_upload(slices), kept, Path(slices.name).stem)


def _on_disk() -> Chosen | None:
    left, right = st.columns(2)
    place = left.text_input("Folder or file", placeholder="/data/study/images", key="import place").strip()
    table = right.text_input(
        "Table of labels, where none is within", placeholder="/data/study/labels.csv", key="import table path"
    ).strip()
    if not place:
        return None
    return Chosen(Path(place).expanduser(), Path(table).expanduser() if table else None, Path(place).stem)


def choose_columns(chosen: Chosen) -> tuple[Choices, str | None]:
    """What the source is and what its table's columns mean; whatever is left open is found."""
    kinds = [None, *SOURCES]
    kind = kinds[
        st.selectbox(
            "Kind of source",
            range(len(kinds)),
            format_func=lambda place: SOURCES[kinds[place]].summary.capitalize() if place else "Recognise it",
            key="import kind",
        )
    ]
    columns: tuple[str, ...] = ()
    if kind is None or kind in LABELLED:
        with errors.in_words():
            columns = cache.label_table(chosen.place, chosen.table)
    whole = replace(
        _of_volumes(kind), resplit=st.checkbox("Split anew, whatever the source says", key="import resplit")
    )
    if not columns:
        return replace(whole, table=chosen.table), kind
    first, second, third = st.columns(3)
    file = _column(first, "File", columns, "The column that names the files, series or volumes.")
    patient = _column(second, "Patient", columns, "Slices of one patient stay in one split.")
    split = _column(third, "Split", columns, "Holds train, validation or test. Without it slices are split here.")
    left, right = st.columns([2, 1])
    labels = left.multiselect(
        "Labels: a column each, of 1 and 0 or yes and no",
        columns,
        placeholder="All other columns",
        key=f"import labels of {columns}",
    )
    listed = _column(right, "or: one column of label names", columns, "Such as `oedema; tumour`.")
    separator = None
    if listed:
        separator = right.text_input("What stands between the names", placeholder="Find it", max_chars=1) or None
    chosen_columns = replace(
        whole,
        table=chosen.table,
        file_column=file,
        patient_column=patient,
        split_column=split,
        label_columns=() if listed else tuple(labels),
        labels_in=listed,
        separator=separator,
    )
    return chosen_columns, kind


def _of_volumes(kind: str | None) -> Choices:
    """What only volumes have: which slices are taken, and how large a part of a mask has to be."""
    if kind != "volumes":
        return Choices()
    first, second, third = st.columns(3)
    taken = first.checkbox("Take some slices of each volume only", key="import some slices")
    begin = second.number_input("First slice, counted from 0", 0, 10_000, 0, disabled=not taken)
    end = third.number_input("First slice that is not taken", 1, 10_001, 100, disabled=not taken)
    least = first.number_input("Pixels of a mask that make a label", 1, 2**20, 1)
    return Choices(slices=(begin, end) if taken else None, mask_pixels=least)


def _column(place: st.delta_generator.DeltaGenerator, title: str, columns: Sequence[str], told: str) -> str | None:
    # By place, because a column may be called anything.
    options = [None, *columns]
    return options[
        place.selectbox(
            title,
            range(len(options)),
            format_func=lambda place: options[place] or "Find it",
            help=told,
            key=f"import column {title} of {columns}",
        )
    ]


def choose_recipe() -> tuple[Recipe, Preprocessing]:
    """How slices become a data set: the defaults are those of the demo set."""
    with st.expander("Size, intensities and split", icon=":material/tune:"):
        first, second, third = st.columns(3)
        size = first.number_input("Edge in pixels", 8, 1024, 64, step=8, help="Slices are scaled to fit, aspect kept.")
        channels = second.selectbox("Channels", list(SHAPES), format_func=str.capitalize)
        resampling = third.selectbox("Scaling filter", get_args(Resampling), format_func=str.capitalize)
        first, second, third = st.columns(3)
        window = first.selectbox(
            "Intensity window",
            get_args(Window),
            format_func={"dicom": "As DICOM says, else percentiles", "percentile": "Percentiles"}.__getitem__,
            help="How more than 8 bits become 0 to 255.",
        )
        low, high = second.slider("Black and white at percentiles", 0.0, 100.0, (STANDARD.low, STANDARD.high), 0.5)
        axis = third.selectbox("Volumes are cut", get_args(Axis), format_func=str.capitalize)
        *places, last = st.columns(4)
        shares = [
            place.number_input(f"{split.capitalize()}, %", 0, 100, round(100 * FRACTIONS[split]))
            for place, split in zip(places, SPLITS, strict=True)
        ]
        seed = last.number_input("Seed of the split", 0, 2**31 - 1, 0)
    if low == high:
        st.warning("Black and white are at the same percentile; the usual ones are taken.")
        low, high = STANDARD.low, STANDARD.high
    how = Preprocessing(resampling=resampling, window=window, low=low, high=high, axis=axis)
    fractions = {split: share / 100 for split, share in zip(SPLITS, shares, strict=True)}
    return Recipe((size, size, *SHAPES[channels]), fractions, seed), how
