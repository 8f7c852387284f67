"""Slices as PNGs: enlarged pixel by pixel, on black, never smoothed."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageColor


def enlarge(pixels: np.ndarray, edge: int) -> np.ndarray:
    """Repeat pixels until the longer side is at least `edge`, by a whole number so that every pixel keeps its shape.

    pixels: (H, W) or (H, W, 3) uint8. Returns the same kind.
    """
    times = max(1, -(-edge // max(pixels.shape[:2])))
    return pixels.repeat(times, axis=0).repeat(times, axis=1)


def picture(pixels: np.ndarray, edge: int, colours: Sequence[str | None] = ()) -> bytes:
    """A square PNG of a slice in the middle of black, for showing at a width of `edge` CSS pixels.

    colours: a strip under the slice, one field each: a colour such as "#0072B2", or None for an empty field.
    """
    # Two pixels for each CSS pixel, for screens that have them. A slice with more than that is averaged down.
    side = 2 * edge
    if max(pixels.shape[:2]) > side:
        shrunk = Image.fromarray(pixels)
        shrunk.thumbnail((side, side), Image.Resampling.BOX)
    else:
        shrunk = Image.fromarray(enlarge(pixels, side))
    side = max(shrunk.size)
    strip = side // 20 if colours else 0
    canvas = Image.new(shrunk.mode, (side, side + strip))
    canvas.paste(shrunk, ((side - shrunk.width) // 2, (side - shrunk.height) // 2))
    return _png(_over_strip(canvas, side, colours))


def _over_strip(canvas: Image.Image, top: int, colours: Sequence[str | None]) -> Image.Image:
    """The canvas with fields of colour from row `top` down.

    A grey one keeps a byte a pixel, with a palette in which the colours take the place of intensities that it lacks:
    a gallery is packed in a third of the time.
    """
    fields = [ImageColor.getrgb(colour)[:3] if colour else (0, 0, 0) for colour in colours]
    inks: Sequence[int | tuple[int, ...]] = fields
    if canvas.mode == "L" and fields:
        unused = [level for level, pixels in enumerate(canvas.histogram()) if not pixels]
        if len(unused) < len(fields):
            canvas = canvas.convert("RGB")
        else:
            palette = bytearray(level for level in range(256) for _ in range(3))
            for level, colour in zip(unused, fields, strict=False):
                palette[3 * level : 3 * level + 3] = bytes(colour)
            canvas.putpalette(palette)
            inks = unused
    for i, ink in enumerate(inks[: len(fields)]):
        left, right = (canvas.width * end // len(fields) for end in (i, i + 1))
        canvas.paste(ink, (left, top, right, canvas.height))
    return canvas


def contact_grid(slices: np.ndarray, columns: int, edge: int) -> bytes:
    """One PNG with many slices side by side, row by row, each about `edge` pixels wide.

    slices: (n, H, W) or (n, H, W, 3) uint8, n at least 1.
    """
    tiles = [enlarge(one, edge) for one in slices]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[start : start + columns], axis=1) for start in range(0, len(tiles), columns)]
    return _png(Image.fromarray(np.concatenate(rows)))


def _png(image: Image.Image) -> bytes:
    held = io.BytesIO()
    # Repeated pixels pack well at the quickest level.
    image.save(held, "PNG", compress_level=1)
    return held.getvalue()
