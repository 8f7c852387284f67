"""PNG, JPEG, TIFF, BMP and WebP, through Pillow."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np

from mri_core.images.limits import LIMITS, check_size, refuse, refusing, source_names
from mri_core.images.prepare import to_uint8
from mri_core.images.preprocessing import STANDARD, Preprocessing
from mri_core.images.slice import Slice
from mri_core.images.tiff_directories import check_directories

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
EXPECTED = "a complete PNG, JPEG, TIFF, BMP or WebP image"
PHOTOMETRIC_INTERPRETATION = 262  # TIFF tag; 0 means that the smallest value is white


def read_raster(data: bytes, name: str, preprocessing: Preprocessing = STANDARD) -> list[Slice]:
    """The image of a PNG, JPEG, BMP or WebP file, or every page of a TIFF file. A WebP animation is refused.

    8-bit grey stays as it is. Palettes, other colour spaces and transparency become RGB over black, and RGB whose three
    channels are the same becomes grey. 16-bit, 32-bit and float grey goes through one percentile window for the whole
    file, so that the pages of a stack stay comparable. `position` is the page's number, or None for a single image.
    Raises ImageError.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd but readable metadata
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        if data[:2] in (b"II", b"MM"):  # in a TIFF file a directory cut short would end the pages early
            warnings.filterwarnings("error", "Corrupt EXIF data", UserWarning)
            check_directories(data, name)
        try:
            pages = _pages(data, name)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise refuse(name, "its header declares far too many pixels", LIMITS.most("slice_pixels")) from error
    positions = [None] if len(pages) == 1 else [float(number) for number in range(1, len(pages) + 1)]
    sources = source_names(name, len(pages))
    return [
        Slice(pixels, source, None, position)
        for pixels, source, position in zip(_window(pages, preprocessing), sources, positions, strict=True)
    ]


def _pages(data: bytes, name: str) -> list[np.ndarray]:
    from PIL import Image

    pages: list[np.ndarray] = []
    with (
        refusing(name, "it is damaged, cut short or not an image", EXPECTED, also=(UserWarning,)),
        Image.open(io.BytesIO(data), formats=FORMATS) as image,
    ):
        more = True
        while more:
            # Earlier pages count as large as this one: near enough to keep their sum bounded.
            check_size(name, image.width, image.height, len(pages) + 1)
            if image.format == "WEBP" and (pictures := getattr(image, "n_frames", 1)) > 1:
                raise refuse(name, f"it is an animation of {pictures} pictures", "one picture, or a TIFF of pages")
            pages.append(_page(image))
            more = image.format == "TIFF" and _next_page(image)
    return pages


def _next_page(image: Image.Image) -> bool:
    try:
        image.seek(image.tell() + 1)
    except EOFError:
        return False
    return True


def _page(image: Image.Image) -> np.ndarray:
    """The pixels of the current page: uint8 as they will be shown, or deep grey still to be windowed."""
    from PIL import Image, ImageOps

    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        values = np.array(image)
        # Pillow turns 8-bit pages with white at 0 the right way round, but not deep ones.
        white_is_zero = getattr(image, "tag_v2", {}).get(PHOTOMETRIC_INTERPRETATION) == 0
        if white_is_zero:
            return ~values if values.dtype.kind in "iu" else -values
        return values
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        layer = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", layer.size, "black"), layer)
    if upright.mode in ("1", "L"):
        return np.array(upright.convert("L"))
    pixels = np.array(upright.convert("RGB"))
    grey = pixels[..., 0]
    return grey.copy() if (pixels == grey[..., np.newaxis]).all() else pixels


def _window(pages: list[np.ndarray], preprocessing: Preprocessing) -> list[np.ndarray]:
    deep = [index for index, page in enumerate(pages) if page.dtype != np.uint8]
    if not deep:
        return pages
    values = np.concatenate([pages[index].ravel() for index in deep])
    shown = to_uint8(values, preprocessing.low, preprocessing.high)
    ends = np.cumsum([pages[index].size for index in deep])
    for index, flat in zip(deep, np.split(shown, ends[:-1]), strict=True):
        pages[index] = flat.reshape(pages[index].shape)
    return pages
