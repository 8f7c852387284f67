from __future__ import annotations

import io

import numpy as np
import pytest
from bombs import TAGS, tiff
from PIL import Image

from mri_core.errors import ImageError
from mri_core.images.tiff_directories import TAGS_A_PAGE, check_directories

PAGE = Image.fromarray(np.zeros((30, 40), np.uint8))


@pytest.mark.parametrize("options", [{}, {"big_tiff": True}, {"compression": "tiff_lzw", "exif": {270: "x" * 500}}])
def test_what_pillow_writes_passes_whole_and_cut_short(options: dict[str, object]) -> None:
    options = {**options, "exif": _exif(options["exif"])} if "exif" in options else options
    buffer = io.BytesIO()
    PAGE.save(buffer, "TIFF", save_all=True, append_images=[PAGE] * 5, **options)
    for data in (buffer.getvalue(), buffer.getvalue()[:-200], buffer.getvalue()[:60], b"II*\x00", b"MM"):
        check_directories(data, "a.tif")


def _exif(tags: dict[int, str]) -> Image.Exif:
    exif = Image.Exif()
    exif.update(tags)
    return exif


def test_pages_are_counted_and_circles_end(limit) -> None:
    limit(slices=3)
    check_directories(tiff(*[TAGS] * 3), "a.tif")
    with pytest.raises(
        ImageError, match=r"^a\.tif: it has more than 3 pages; expected at most 3 slices .*MRI_MAX_SLICES"
    ):
        check_directories(tiff(*[TAGS] * 4), "x/a.tif")
    circle = tiff(TAGS, TAGS)
    check_directories(circle[:-4] + (8).to_bytes(4, "little"), "a.tif")


def test_tags_are_added_up(limit) -> None:
    limit(slices=2)
    most = [(1000 + number, 3, 1, 1) for number in range(2 * TAGS_A_PAGE)]
    check_directories(tiff(most), "a.tif")
    with pytest.raises(ImageError, match="promise more than there is in it"):
        check_directories(tiff(most, most), "a.tif")


@pytest.mark.parametrize(("kind", "bytes_each"), [(1, 1), (3, 2), (4, 4), (12, 8)])
def test_bytes_of_tags_are_added_up(kind: int, bytes_each: int) -> None:
    half = 500 // bytes_each
    shared = [(1000 + number, kind, half, 8) for number in range(4)]
    rest = bytes(1000 - len(tiff(shared)))
    check_directories(tiff(shared) + rest, "a.tif")  # twice what there is, since pages share what is the same in each
    with pytest.raises(ImageError, match="promise more than there is in it"):
        check_directories((tiff([*shared, (2000, kind, half, 8)]) + rest)[:1000], "a.tif")


def test_a_big_tiff_is_added_up_too() -> None:
    buffer = io.BytesIO()
    PAGE.save(buffer, "TIFF", big_tiff=True)
    data = bytearray(buffer.getvalue())
    place = int.from_bytes(data[8:16], "little")
    data[place + 8 + 12 - 8 : place + 8 + 12] = (2**62).to_bytes(8, "little")  # the count of the first tag
    with pytest.raises(ImageError, match="promise more than there is in it"):
        check_directories(bytes(data), "a.tif")
