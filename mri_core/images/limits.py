"""What a file may be, and how it is refused: limits, one-line errors.

Headers lie. Every reader compares what a header declares with these limits, and with the bytes that are there, before
it allocates or decodes anything.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mri_core.errors import ImageError, InvalidInput


class Limits(BaseSettings):
    """How large a file may be, and what reading it may take. A field's description is its unit.

    Each is set by a variable in the environment, or in a `.env` file: MRI_MAX_ and the field's name in capitals, such
    as MRI_MAX_FILE_MB. An MB is 2**20 bytes.

    file_mb: of a stranger's file, as it arrives.
    own_file_mb: of a file that its owner imports, or predicts from on the command line.
    inflated_mb: of what a compressed file, or everything in a zip, inflates to.
    ratio: times its size that a zip or a deflated DICOM file may inflate to, once that is more than file_mb.
    zip_mb: of what everything in an uploaded zip inflates to, which the server holds; a large zip may inflate to
    HELD_RATIO times its size.
    slice_pixels: 4096 x 4096; Pillow has a limit of its own above the highest value.
    file_pixels: of all slices of a file; 512 of 512 x 512.
    slices: of a file: pages, frames, slices of a volume.
    files: of one upload, or in one zip.
    seconds, memory_mb: processor time, and as much on the clock, and address space, libraries included, of the process
    that reads a stranger's file.
    """

    model_config = SettingsConfigDict(
        env_prefix="MRI_MAX_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    file_mb: int = Field(default=64, ge=1, le=2**12, description="MB a file")
    own_file_mb: int = Field(default=512, ge=1, le=2**20, description="MB a file")
    inflated_mb: int = Field(default=512, ge=1, le=2**20, description="MB when inflated")
    ratio: int = Field(default=100, ge=1, le=2000, description="times the size it has")
    zip_mb: int = Field(default=32, ge=1, le=2**20, description="MB in an uploaded zip")
    slice_pixels: int = Field(default=2**24, ge=1, le=2**26, description="pixels a slice")
    file_pixels: int = Field(default=2**27, ge=1, le=2**40, description="pixels a file")
    slices: int = Field(default=4096, ge=1, le=2**14, description="slices a file")
    files: int = Field(default=5000, ge=1, le=2**16, description="files at once")
    seconds: int = Field(default=10, ge=1, le=3600, description="seconds a file")
    memory_mb: int = Field(default=1024, ge=512, le=2**20, description="MB of memory")

    def most(self, field: str) -> str:
        """A limit in words, with the variable that sets it: `at most 64 MB a file (MRI_MAX_FILE_MB)`."""
        unit = type(self).model_fields[field].description
        return f"at most {getattr(self, field):,} {unit} ({variable(field)})"


def variable(field: str) -> str:
    """The environment variable that sets a limit."""
    return f"MRI_MAX_{field.upper()}"


def read_limits() -> Limits:
    """The limits as the environment has them. Raises InvalidInput for a value that cannot be a limit."""
    try:
        return Limits()
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        bounds = Limits.model_json_schema()["properties"][field]
        raise InvalidInput(
            f"{variable(field)} is {first['input']!r}, expected a whole number from {bounds['minimum']:,} to "
            f"{bounds['maximum']:,}; set it to one, or take it out of the environment and `.env`"
        ) from error


def _limits_or_defaults() -> Limits:
    try:
        return read_limits()
    except InvalidInput:
        return Limits.model_construct()


LIMITS = _limits_or_defaults()
"""The limits that hold in this process. Loading it raises nothing for a value that cannot be a limit: the defaults hold
then, and the command line and the pages call `read_limits` first, which says what is wrong in words."""

MB = 2**20

HELD_RATIO = 16
"""Times its size that a large uploaded zip may inflate to: DICOM deflates to a half or a third, volumes of a bare brain
to a tenth or less."""

ACCEPTED = "a PNG, JPEG, TIFF, BMP, WebP, DICOM (.dcm), NIfTI (.nii, .nii.gz) or NumPy (.npy, .npz) file"

NAME_CHARACTERS = 120
"""Longest name of a file that is shown."""

BROKEN_BYTES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow, pydicom, nibabel and NumPy raise for bytes they cannot make sense of, beside their own kinds."""


def base_name(name: str) -> str:
    """The last part of a path of either system, on one line: what errors and sources show of a file's name."""
    return one_line(re.split(r"[/\\]", name)[-1])


def one_line(text: str) -> str:
    """A name from outside as it may be shown: nothing that breaks or turns a line; of a long one the end."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= NAME_CHARACTERS else "…" + shown[1 - NAME_CHARACTERS :]


def refuse(name: str, problem: str, expected: str = ACCEPTED) -> ImageError:
    """The error to raise for the file `name`: one line saying what is wrong and what was expected."""
    return ImageError(f"{base_name(name)}: {problem}; expected {expected}")


@contextmanager
def refusing(
    name: str, problem: str, expected: str = ACCEPTED, also: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Turn what a library raises for broken bytes (BROKEN_BYTES and its own kinds, `also`) into an ImageError.

    The library's text is left out: it may run over several lines or quote the file, and a DICOM file names its patient.
    """
    kinds: tuple[type[Exception], ...] = (*BROKEN_BYTES, *also)
    try:
        yield
    except kinds as error:
        raise refuse(name, problem, expected) from error


def source_names(name: str, count: int, note: str = "") -> list[str]:
    """`Slice.source` of each of a file's `count` slices: "name", or "name [slice 12 of 60]" where there are several."""
    if count == 1 and not note:
        return [base_name(name)]
    return [f"{base_name(name)} [slice {number} of {count}{note}]" for number in range(1, count + 1)]


def check_bytes(name: str, size: int, field: str = "own_file_mb") -> None:
    """Raise ImageError for a file of more bytes than the limit in `field`."""
    if size > getattr(LIMITS, field) * MB:
        raise refuse(name, f"the file has {size:,} bytes", LIMITS.most(field))


def check_size(name: str, width: int, height: int, slices: int = 1) -> None:
    """Raise ImageError unless `slices` slices of `width` x `height` pixels are something and within the limits."""
    declared = f"its header declares {slices} x {width} x {height} pixels (slices x width x height)"
    if min(width, height, slices) < 1:
        raise refuse(name, declared, "at least one of each")
    if width * height > LIMITS.slice_pixels:
        raise refuse(name, declared, LIMITS.most("slice_pixels"))
    if slices > LIMITS.slices:
        raise refuse(name, declared, LIMITS.most("slices"))
    if slices * width * height > LIMITS.file_pixels:
        raise refuse(name, declared, LIMITS.most("file_pixels"))


def ratio_bytes(size: int) -> int:
    """What a compressed file of `size` bytes may inflate to where its header cannot be asked first."""
    return min(LIMITS.inflated_mb * MB, max(LIMITS.file_mb * MB, LIMITS.ratio * size))


def held_bytes(size: int) -> int:
    """What all files of a stranger's zip of `size` bytes may inflate to together."""
    return min(LIMITS.inflated_mb * MB, max(LIMITS.zip_mb * MB, HELD_RATIO * size))
