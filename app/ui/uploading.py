"""Files or a folder that are dropped on a page, and found again when the page is left and opened once more."""

from __future__ import annotations

import streamlit as st

from app.ui import cache, state
from mri_core import words
from mri_core.images.limits import LIMITS
from mri_core.prediction.uploads import Upload
from mri_core.quality.finding import counted

KINDS = ("Files", "A folder")
"""What can be dropped at once."""
_UPLOAD = "upload"
ROW = "row"
"""What the address calls the slice of a batch that is shown large."""


def choose_upload() -> Upload | None:
    """What was dropped, now or before the page was left; None where there is nothing, or too much, which is said."""
    kind = st.sidebar.segmented_control(
        "Drop",
        KINDS,
        default=KINDS[0],
        required=True,
        help="A browser lets you choose either files, or a folder with all that is in it.",
        key="kind of upload",
    )
    files = st.file_uploader(
        "Slices, volumes or zips: PNG, JPEG, TIFF, BMP, WebP, DICOM, NIfTI, NPY or NPZ; "
        f"at most {words.count(LIMITS.files)} files, {LIMITS.file_mb} MB each",
        accept_multiple_files=True if kind == KINDS[0] else "directory",
        max_upload_size=LIMITS.file_mb,
        help="A file may lack its suffix: its contents decide. The files of a DICOM series become one volume. A zip "
        f"may unpack to {LIMITS.inflated_mb} MB. Files stay in memory for a while and are never stored.",
        on_change=forget,
        key=f"files {kind} {state.turn(_UPLOAD)}",
    )
    if len(files) > LIMITS.files:
        st.error(
            f"{words.count(len(files))} files were dropped; expected {LIMITS.most('files')}. Drop fewer, or use "
            "`mri predict`, which takes any number."
        )
        return None
    if files:
        upload = cache.upload(files)
    else:
        upload = cache.kept_earlier(state.from_address(_UPLOAD) or state.remembered(_UPLOAD))
        if upload is not None:
            _tell_of(upload)
    state.remember(_UPLOAD, upload.id if upload else None)
    state.to_address(upload=upload.id if upload else None)
    return upload


def _tell_of(upload: Upload) -> None:
    """Say what is shown although the box above it is empty."""
    with st.container(horizontal=True, vertical_alignment="center"):
        what = words.plain(upload.files[0][0]) if len(upload.files) == 1 else counted(len(upload.files), "files")
        st.caption(f"Shown below: {what}, dropped earlier.", width="content")
        st.button("Put away", icon=":material/close:", type="tertiary", on_click=forget)


def forget() -> None:
    """Begin with an empty page; called too when other files are dropped."""
    state.remember(_UPLOAD, None)
    state.to_address(**{_UPLOAD: None, ROW: None, "page": None, "show": None, "leading": None})
