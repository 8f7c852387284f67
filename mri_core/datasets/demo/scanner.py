"""A virtual scanner: from tissue to intensities.

The signal is that of an inversion-recovery spin echo (FLAIR-like) after contrast agent:
S = PD · |1 − 2·exp(−TI/T1) + exp(−TR/T1)| · exp(−TE/T2) (Bernstein, King & Zhou, "Handbook of MRI Pulse
Sequences", 2004, ch. 14). Relaxation times are typical values at 1.5 T (Stanisz et al., Magn Reson Med 54,
2005, rounded); contrast agent shortens T1 in the enhancing rim. Noise is Rician (Gudbjartsson & Patz, Magn
Reson Med 34, 1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mri_core.datasets.demo.lesion import Lesion


@dataclass(frozen=True)
class Relaxation:
    """T1 and T2 in ms; PD, the proton density relative to water."""

    t1: float
    t2: float
    pd: float


HEALTHY = (
    Relaxation(1120, 98, 0.82),  # grey matter
    Relaxation(880, 76, 0.71),  # white matter
    Relaxation(4200, 1900, 1.0),  # fluid
    Relaxation(900, 20, 0.12),  # skull
    Relaxation(280, 60, 0.75),  # scalp
)
OEDEMA = Relaxation(1360, 155, 0.92)
CORE = Relaxation(2700, 190, 0.95)
RIM = Relaxation(290, 150, 0.96)

# Calibrated (see data/README.md): how far the lesion's tissue differs from what was there, and the noise.
INFILTRATION = (0.15, 0.75)
NOISE = (0.06, 0.13)
GAIN = (90.0, 120.0)


@dataclass(frozen=True)
class Scanner:
    """One examination's settings. Times in ms; noise relative to the signal of white matter."""

    tr: float
    te: float
    ti: float
    noise: float
    gain: float


def draw_scanner(random: np.random.Generator) -> Scanner:
    return Scanner(
        tr=random.uniform(7500, 10000),
        te=random.uniform(85, 125),
        ti=random.uniform(2250, 2500),
        noise=random.uniform(*NOISE),
        gain=random.uniform(*GAIN),
    )


def signal(tissue: Relaxation, scanner: Scanner) -> float:
    """Magnitude of the signal of one tissue, in [0, 1]."""
    recovery = 1 - 2 * np.exp(-scanner.ti / tissue.t1) + np.exp(-scanner.tr / tissue.t1)
    return float(tissue.pd * abs(recovery) * np.exp(-scanner.te / tissue.t2))


def acquire(tissue: np.ndarray, lesion: Lesion, scanner: Scanner, random: np.random.Generator) -> np.ndarray:
    """Picture the slices. tissue: (5, slices, H, W) fractions. Returns (slices, H, W) uint8."""
    image = np.tensordot([signal(kind, scanner) for kind in HEALTHY], tissue, 1)
    infiltration = random.uniform(*INFILTRATION)
    for part, kind in ((lesion.whole, OEDEMA), (lesion.core, CORE), (lesion.rim, RIM)):
        share = infiltration * part
        image = (1 - share) * image + share * signal(kind, scanner)
    reference = signal(HEALTHY[1], scanner)
    image = image / reference * _bias_field(image.shape, random)
    real, imaginary = random.normal(0, scanner.noise, (2, *image.shape))
    magnitude = np.sqrt((image + real) ** 2 + imaginary**2)
    return np.clip(magnitude * scanner.gain, 0, 255).round().astype(np.uint8)


def _bias_field(shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """Uneven sensitivity of the coil: smooth, about ±10 %."""
    coarse = random.normal(1, 0.06, (3, 3, 3))
    zoom = [size / 3 for size in shape]
    return ndimage.zoom(coarse, zoom, order=1, mode="nearest", grid_mode=True)
