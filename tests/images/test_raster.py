from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mri_core.errors import ImageError
from mri_core.images.limits import LIMITS
from mri_core.images.raster import read_raster

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
COLOUR = np.stack([GREY, 255 - GREY, GREY // 2], axis=-1)


def encode(*images: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    more = {"save_all": True, "append_images": images[1:]} if len(images) > 1 else {}
    images[0].save(buffer, kind, **more, **options)
    return buffer.getvalue()


def read_one(data: bytes) -> np.ndarray:
    (found,) = read_raster(data, "scan")
    assert (found.source, found.patient, found.position) == ("scan", None, None)
    return found.pixels


def windowed(values: np.ndarray) -> np.ndarray:
    """The percentile window, written the other way round."""
    low, high = np.percentile(values.astype(float), [0.5, 99.5])
    return np.rint(np.interp(values, [low, high], [0, 255])).astype(np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_eight_bits_stay_as_they_are(kind, pixels):
    assert np.array_equal(read_one(encode(Image.fromarray(pixels), kind=kind)), pixels)


def test_grey_stored_as_colour_becomes_grey():
    repeated = np.repeat(GREY[..., np.newaxis], 3, axis=2)
    assert np.array_equal(read_one(encode(Image.fromarray(repeated))), GREY)


def test_palettes_are_looked_up():
    colours = Image.fromarray(COLOUR).quantize(48)
    assert colours.mode == "P"
    assert np.array_equal(read_one(encode(colours)), np.asarray(colours.convert("RGB")))
    grey = Image.fromarray(GREY).convert("P")
    assert np.array_equal(read_one(encode(grey)), GREY)


def test_one_bit_becomes_black_and_white():
    mask = GREY > 100
    for kind in ("PNG", "TIFF"):
        assert np.array_equal(read_one(encode(Image.fromarray(mask), kind=kind)), mask * np.uint8(255))


@pytest.mark.parametrize("alpha", [0, 51, 255])
def test_transparency_lies_over_black(alpha):
    layer = np.dstack([COLOUR, np.full(GREY.shape, alpha, np.uint8)])
    expected = COLOUR * (alpha / 255)
    found = read_one(encode(Image.fromarray(layer)))
    assert np.abs(found - (expected if found.ndim == 3 else expected.max(axis=2))).max() <= 1


def test_a_transparent_grey_level_becomes_black():
    found = read_one(encode(Image.fromarray(GREY), transparency=int(GREY[3, 3])))
    assert np.array_equal(found, np.where(np.isin(GREY, GREY[3, 3]), 0, GREY))


DEEP = np.random.default_rng(5).integers(0, 4000, (20, 30))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("PNG", DEEP.astype(np.uint16)),
        ("TIFF", DEEP.astype(np.uint16)),
        ("TIFF", (DEEP - 2000).astype(np.int32)),
        ("TIFF", (DEEP / 7 - 100).astype(np.float32)),
    ],
    ids=["16-bit PNG", "16-bit TIFF", "32-bit TIFF", "float TIFF"],
)
def test_deep_grey_goes_through_the_percentile_window(kind, values):
    assert np.array_equal(read_one(encode(Image.fromarray(values), kind=kind)), windowed(values))


@pytest.mark.parametrize("values", [DEEP.astype(np.uint16), DEEP.astype(np.float32)], ids=["16-bit", "float"])
def test_a_deep_tiff_with_white_at_zero_is_inverted(values):
    data = encode(Image.fromarray(values), kind="TIFF")
    entry = struct.pack("<HHI", 262, 3, 1)
    assert data.count(entry + struct.pack("<H", 1)) == 1
    data = data.replace(entry + struct.pack("<H", 1), entry + struct.pack("<H", 0))
    assert np.abs(read_one(data).astype(int) - (255 - windowed(values).astype(int))).max() <= 1


def test_the_pages_of_a_tiff_share_one_window():
    pages = np.stack([DEEP, DEEP // 2, DEEP // 4]).astype(np.uint16)
    found = read_raster(encode(*(Image.fromarray(page) for page in pages), kind="TIFF"), "stack.tif")
    assert np.array_equal(np.stack([one.pixels for one in found]), windowed(pages))
    assert [one.source for one in found] == [f"stack.tif [slice {number} of 3]" for number in (1, 2, 3)]
    assert [one.position for one in found] == [1, 2, 3]


def test_pages_may_differ_in_size_and_depth():
    first, second, third = GREY, DEEP.astype(np.uint16), COLOUR[:3]
    data = encode(*(Image.fromarray(page) for page in (first, second, third)), kind="TIFF")
    found = [one.pixels for one in read_raster(data, "mixed.tif")]
    assert all(np.array_equal(one, two) for one, two in zip(found, (first, windowed(DEEP), third), strict=True))


def test_a_stack_cut_short_never_loses_a_page_in_silence():
    pages = [Image.fromarray(GREY + page) for page in range(3)]
    data = encode(*pages, kind="TIFF")
    refused = 0
    for size in range(1, len(data)):
        try:
            assert len(read_raster(data[:size], "stack.tif")) == 3
        except ImageError:
            refused += 1
    assert refused > len(data) * 0.9


def test_a_photographed_slice_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is on the right of the stored image
    stored = Image.fromarray(GREY)
    assert np.array_equal(read_one(encode(stored, exif=exif)), np.rot90(GREY, -1))


def png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\x00" * 100)
    parts = (struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) for body in (chunk, data))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("width", "height"),
    [(65535, 65535), (2**31 - 1, 2**31 - 1), (12000, 12000), (LIMITS.slice_pixels + 1, 1)],
)
def test_a_header_that_declares_too_much_is_refused_before_decoding(width, height):
    with pytest.raises(ImageError, match=rf"^scan: .*at most {LIMITS.slice_pixels:,} pixels a slice"):
        read_raster(png_header(width, height), "scan")


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 5), (5, 0)])
def test_an_image_without_pixels_is_refused(width, height):
    with pytest.raises(ImageError, match=r"^scan: "):
        read_raster(png_header(width, height), "scan")


def test_too_many_pages_are_refused(limit):
    limit(slices=2)
    data = encode(*[Image.fromarray(GREY)] * 3, kind="TIFF")
    with pytest.raises(ImageError, match="at most 2 slices"):
        read_raster(data, "stack.tif")


@pytest.mark.parametrize("kind", ["GIF", "ICO", "PPM", "JPEG2000"])
def test_other_formats_pillow_knows_are_not_accepted(kind):
    with pytest.raises(ImageError, match="expected a complete PNG, JPEG, TIFF, BMP or WebP image"):
        read_raster(encode(Image.fromarray(GREY), kind=kind), "scan.png")


@pytest.mark.parametrize("options", [{"kind": "BMP"}, {"kind": "WEBP", "lossless": True}])
@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_bmp_and_webp(options, pixels):
    assert np.array_equal(read_one(encode(Image.fromarray(pixels), **options)), pixels)


def test_a_transparent_webp_lies_over_black():
    layer = np.dstack([COLOUR, np.where(GREY > 100, 255, 0).astype(np.uint8)])
    found = read_one(encode(Image.fromarray(layer), kind="WEBP", lossless=True, exact=True))
    assert np.array_equal(found, np.where(GREY[..., np.newaxis] > 100, COLOUR, 0))


def test_an_animated_webp_is_refused():
    data = encode(Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR), kind="WEBP", lossless=True)
    with pytest.raises(ImageError, match=r"^scan: it is an animation of 2 pictures; expected one picture"):
        read_raster(data, "scan")


@pytest.mark.parametrize("size", [(60000, 60000), (5000, 5000), (-8, 6), (8, -(2**31)), (800, 600)])
def test_a_bmp_that_lies_about_its_size_is_refused(size):
    data = bytearray(encode(Image.fromarray(GREY), kind="BMP"))
    data[18:26] = struct.pack("<ii", *size)
    with pytest.raises(ImageError, match=r"^scan: "):
        read_raster(bytes(data), "scan")


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP"])
def test_a_png_with_a_bomb_beside_its_image_is_refused(kind):
    body = kind + b"a\x00\x00" + zlib.compress(bytes(2**24))
    extra = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    plain = encode(Image.fromarray(GREY))
    with pytest.raises(ImageError, match=r"^scan: "):
        read_raster(plain[:33] + extra + plain[33:], "scan")  # behind the header


def test_only_the_image_of_an_animated_png_is_read():
    data = encode(Image.fromarray(GREY), Image.fromarray(255 - GREY))
    assert np.array_equal(read_one(data), GREY)
