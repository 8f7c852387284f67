"""Evidence over the slice it was found in."""

from __future__ import annotations

import numpy as np

FOR, AGAINST = (230, 85, 13), (33, 113, 181)
"""Orange and blue, told apart by readers who cannot tell red from green."""
_FAINT = 0.15  # of the strongest: less is left out, so that the slice stays to see


def overlay(seen: np.ndarray, evidence: np.ndarray, opacity: float) -> np.ndarray:
    """(H, W, 3) uint8: the slice, tinted where there is evidence for (orange) or against (blue) a label.

    seen: (H, W) or (H, W, 3) uint8. evidence: (H, W), positive for. opacity: in [0, 1], of the strongest evidence.
    """
    strongest = float(np.abs(evidence).max())
    strength = np.abs(evidence) / strongest if strongest > 0 else np.zeros_like(evidence)
    alpha = opacity * np.clip((strength - _FAINT) / (1 - _FAINT), 0, 1)[..., np.newaxis]
    tint = np.where(evidence[..., np.newaxis] > 0, FOR, AGAINST)
    slice_ = (seen if seen.ndim == 3 else seen[..., np.newaxis]).astype(float)
    return np.rint((1 - alpha) * slice_ + alpha * tint).astype(np.uint8)
