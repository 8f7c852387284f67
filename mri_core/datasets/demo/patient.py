"""A virtual patient: an individual head, and where the scanner cuts it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mri_core.datasets.demo.anatomy import SPACING, Atlas

PIXEL_MM = 3.5
SIZE = 64
SLICES_PER_PATIENT = 20
HEIGHTS_MM = (26.0, 158.0)
"""Lowest and highest cut, in mm above the atlas's bottom: from below the cerebellum to the crown."""

_CONTROL_POINTS = 5  # per axis, of the smooth deformation
_GRID_MM = np.array([198.0, 234.0, 190.0])


@dataclass(frozen=True)
class Head:
    """Coordinates of every pixel of a patient's slices in the atlas, and the heights of the cuts.

    points: (3, slices, 64, 64) mm from the atlas's corner; rows run front→back, columns left→right of the picture.
    heights: (slices,) mm above the atlas's bottom.
    """

    points: np.ndarray
    heights: np.ndarray


def draw_head(atlas: Atlas, random: np.random.Generator) -> Head:
    """Draw a patient's anatomy: scale ±4 %, rotation ±3°, shift, and a smooth warp of about 3 mm."""
    bottom, top = HEIGHTS_MM
    spacing = (top - bottom) / SLICES_PER_PATIENT
    heights = bottom + spacing * (np.arange(SLICES_PER_PATIENT) + random.uniform(0.2, 0.8))
    in_plane = (np.arange(SIZE) - (SIZE - 1) / 2) * PIXEL_MM
    z, y, x = np.meshgrid(heights - atlas.centre[2], -in_plane, in_plane, indexing="ij")
    scanner = np.stack([x, y, z]).reshape(3, -1)
    affine = _rotation(np.radians(random.uniform(-3, 3, 3))) * random.uniform(0.96, 1.04, 3)
    shift = atlas.centre + random.uniform(-4, 4, 3) * [1, 1, 0.5]
    points = affine @ scanner + shift[:, None]
    points += _smooth_warp(points, random)
    return Head(points.reshape(3, SLICES_PER_PATIENT, SIZE, SIZE).astype(np.float32), heights)


def sample_tissue(atlas: Atlas, head: Head) -> np.ndarray:
    """Tissue fractions at every pixel, (5, slices, 64, 64) float32 in [0, 1]."""
    voxels = head.points.reshape(3, -1) / SPACING
    sampled = [ndimage.map_coordinates(tissue, voxels, order=1, mode="constant") for tissue in atlas.fractions]
    return np.stack(sampled).reshape(-1, *head.points.shape[1:])


def _smooth_warp(points: np.ndarray, random: np.random.Generator, size_mm: float = 3.0) -> np.ndarray:
    """Displacements in mm, interpolated from a coarse grid of random vectors."""
    control = random.normal(0, size_mm, (3, *(_CONTROL_POINTS,) * 3)).astype(np.float32)
    grid = points / _GRID_MM[:, None] * (_CONTROL_POINTS - 1)
    return np.stack([ndimage.map_coordinates(axis, grid, order=2, mode="nearest") for axis in control])


def _rotation(angles: np.ndarray) -> np.ndarray:
    (a, b, c), (sa, sb, sc) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, a, -sa], [0, sa, a]])
    about_y = np.array([[b, 0, sb], [0, 1, 0], [-sb, 0, b]])
    about_z = np.array([[c, -sc, 0], [sc, c, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x
