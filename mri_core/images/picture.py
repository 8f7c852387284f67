"""Slices as PNGs: enlarged pixel by pixel, on black, never smoothed."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageColor

_GREYS = bytes(level for level in range(256) for _ in range(3))


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
    small = Image.fromarray(pixels)
    small.thumbnail((2 * edge, 2 * edge), Image.Resampling.BOX)
    fields = [ImageColor.getrgb(colour)[:3] if colour else (0, 0, 0) for colour in colours]
    levels = _free_levels(small, len(fields))
    shrunk = Image.fromarray(enlarge(np.asarray(small), 2 * edge))
    side = max(shrunk.size)
    strip = side // 20 if fields else 0
    canvas = Image.new("RGB" if fields and not levels else shrunk.mode, (side, side + strip))
    canvas.paste(shrunk, ((side - shrunk.width) // 2, (side - shrunk.height) // 2))
    inks: Sequence[int | tuple[int, ...]] = levels or fields
    for i, ink in enumerate(inks):
        left, right = (side * end // len(fields) for end in (i, i + 1))
        canvas.paste(ink, (left, side, right, side + strip))
    if levels:
        palette = bytearray(_GREYS)
        for level, colour in zip(levels, fields, strict=True):
            palette[3 * level : 3 * level + 3] = bytes(colour)
        canvas.putpalette(palette)
    return _png(canvas)


def _free_levels(image: Image.Image, count: int) -> list[int]:
    """So many intensities that a grey slice lacks, none where it has not as many; black is around it.

    A palette gives them the colours of the strip: one byte a pixel is packed in a third of the time of three.
    """
    if image.mode != "L":
        return []
    free = [level for level, pixels in enumerate(image.histogram()) if level and not pixels]
    return free[:count] if len(free) >= count else []


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
