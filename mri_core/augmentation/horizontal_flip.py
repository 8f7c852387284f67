"""Left and right swapped."""

import numpy as np


def horizontal_flip(slices: np.ndarray) -> np.ndarray:
    """Mirror each slice at its vertical middle. slices: (n, H, W) or (n, H, W, C); returns a view."""
    return slices[:, :, ::-1]
