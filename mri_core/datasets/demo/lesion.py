"""A three-dimensional lesion of three nested parts: the whole with its oedema, the core inside it, the enhancing rim
inside the core. The parts mirror the nested regions of glioma segmentation (Menze et al., "The Multimodal Brain
Tumor Image Segmentation Benchmark", IEEE TMI 34, 2015).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mri_core.datasets.demo.anatomy import Atlas
from mri_core.datasets.demo.patient import Head

# Calibrated (see data/README.md): sizes set the prevalences.
HEALTHY_SHARE = 0.04
CORE_SHARE = 0.96
RIM_SHARE = 0.82
RADIUS_MM = (18.0, 60.0)
RADIUS_MEAN_MM, RADIUS_SHAPE = 37.2, 18.0
CENTRE_SPREAD_MM = (22.0, 26.0, 15.0)
CORE_SIZE = (0.72, 0.94)
RIM_THICKNESS = (0.30, 0.50)
EDGE_MM = 1.5
_WAVES = 6


@dataclass(frozen=True)
class Lesion:
    """Share of each pixel taken by each part, (slices, 64, 64) float32 in [0, 1]; 0 everywhere when absent."""

    whole: np.ndarray
    core: np.ndarray
    rim: np.ndarray


def draw_lesion(atlas: Atlas, head: Head, brain: np.ndarray, random: np.random.Generator) -> Lesion:
    """Draw a patient's lesion. brain: (slices, 64, 64) share of brain in each pixel; the lesion stays inside it."""
    absent = np.zeros(brain.shape, np.float32)
    healthy, has_core, has_rim = random.random(3) < (HEALTHY_SHARE, CORE_SHARE, RIM_SHARE)
    centre = atlas.centre + random.normal(0, 1, 3) * CENTRE_SPREAD_MM + [0, 0, 6]
    radius = np.clip(random.gamma(RADIUS_SHAPE, RADIUS_MEAN_MM / RADIUS_SHAPE), *RADIUS_MM)
    core_radius = radius * random.uniform(*CORE_SIZE)
    core_centre = centre + random.normal(0, 0.08 * radius, 3)
    thickness = core_radius * random.uniform(*RIM_THICKNESS)
    outer_depth = _depth(head, centre, radius, random)
    core_depth = np.minimum(_depth(head, core_centre, core_radius, random), outer_depth - 0.05 * radius)
    if healthy:
        return Lesion(absent, absent, absent)
    whole = _soft(outer_depth) * brain
    core = _soft(core_depth) * brain if has_core else absent
    # The rim is the core's outer shell; what lies deeper is necrotic.
    rim = core * (1 - _soft(core_depth - thickness)) if has_core and has_rim else absent
    return Lesion(whole, core, rim)


def _depth(head: Head, centre: np.ndarray, radius: float, random: np.random.Generator) -> np.ndarray:
    """Depth in mm under a lobulated sphere's surface (negative outside), (slices, 64, 64)."""
    offset = head.points - centre[:, None, None, None].astype(np.float32)
    distance = np.sqrt((offset**2).sum(0)) + 1e-3
    direction = offset / distance
    surface = np.ones_like(distance)
    for _ in range(_WAVES):
        wave = random.normal(0, 2.2, 3).astype(np.float32)
        surface += 0.055 * np.cos(np.tensordot(wave, direction, 1) + random.uniform(0, 2 * np.pi))
    return (surface * radius - distance).astype(np.float32)


def _soft(depth: np.ndarray) -> np.ndarray:
    """From depth to share of a pixel: a boundary about EDGE_MM wide."""
    return 1 / (1 + np.exp(-np.clip(depth / (EDGE_MM / 2), -30, 30)))
