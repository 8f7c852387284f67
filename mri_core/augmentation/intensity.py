"""Slices brighter or darker, with more or less contrast: scanners and windows differ."""

import numpy as np


def intensity(slices: np.ndarray, most: float, random: np.random.Generator) -> np.ndarray:
    """Multiply each slice by 1 ± `most` and add up to ± `most` / 2 of the full scale where it is not black.

    Black stays black: the air around a head has no signal to brighten. slices: (n, H, W) or (n, H, W, C) uint8.
    """
    contrast = 1 + random.uniform(-most, most, (len(slices), 1))
    brightness = 255 * random.uniform(-most / 2, most / 2, (len(slices), 1))
    levels = np.arange(256)
    tables = np.clip(levels * contrast + brightness, 0, 255).round().astype(np.uint8)
    tables[:, 0] = 0
    return np.stack([table[one] for table, one in zip(tables, slices, strict=True)])
