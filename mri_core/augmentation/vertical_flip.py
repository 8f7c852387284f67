"""Top and bottom swapped."""

import numpy as np


def vertical_flip(slices: np.ndarray) -> np.ndarray:
    """Mirror each slice at its horizontal middle. slices: (n, H, W) or (n, H, W, C); returns a view."""
    return slices[:, ::-1]
