"""Real anatomy for the simulated patients: tissue fractions from the MNI152 templates that nilearn ships.

Source: Fonov et al., "Unbiased average age-appropriate brain templates from birth to adulthood", NeuroImage 47 (2009);
nilearn distributes the symmetric 2009a version. The templates stop at the brain, so skull and scalp are added
as shells of typical thickness around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SPACING = 2
"""Edge of an atlas voxel in mm."""

TISSUES = ("grey matter", "white matter", "fluid", "skull", "scalp")

_FLUID_MM, _SKULL_MM, _SCALP_MM = 2.5, 9.0, 14.0  # outer distances of the shells from the brain's surface


@dataclass(frozen=True)
class Atlas:
    """Tissue fractions on a grid of 2 mm.

    fractions: (5, X, Y, Z) float32 in [0, 1], in the order of TISSUES; axes run left→right, back→front, bottom→top.
    centre: (3,) the brain's centre in mm from the grid's corner.
    """

    fractions: np.ndarray
    centre: np.ndarray


def load_atlas() -> Atlas:
    """Build the atlas from nilearn's templates. Takes some seconds: nilearn is heavy to import."""
    from nilearn.datasets import load_mni152_brain_mask, load_mni152_gm_template, load_mni152_wm_template

    grey, white, brain = (
        np.asarray(load(resolution=SPACING).dataobj, dtype=np.float32)
        for load in (load_mni152_gm_template, load_mni152_wm_template, load_mni152_brain_mask)
    )
    inside = ndimage.binary_fill_holes(ndimage.binary_closing(brain > 0.5, iterations=3))
    distance = ndimage.distance_transform_edt(~inside) * SPACING
    fluid = np.where(inside, np.clip(1 - grey - white, 0, 1), distance <= _FLUID_MM)
    skull = (distance > _FLUID_MM) & (distance <= _SKULL_MM)
    scalp = (distance > _SKULL_MM) & (distance <= _SCALP_MM)
    fractions = np.stack([grey * inside, white * inside, fluid, skull, scalp]).astype(np.float32)
    # A pixel of the simulated scanner is wider than a voxel of the atlas: blur to what the pixel would average.
    fractions = ndimage.gaussian_filter(fractions, sigma=(0, 0.6, 0.6, 0.6))
    return Atlas(fractions, np.array(ndimage.center_of_mass(inside)) * SPACING)
