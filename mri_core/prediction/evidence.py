"""Where in a slice the evidence for a label lies: how the answer changes when parts of the slice are hidden.

Petsiuk, Das & Saenko, "RISE: randomized input sampling for explanation of black-box models" (2018): hundreds of random
halves are blurred away, and a pixel counts for a label when the label is surer where the pixel is left to see. It asks
the model and nothing of its insides, so it holds for every architecture. Hiding one small patch at a time, as Zeiler &
Fergus do (2014), misses large lesions, of which the rest is evidence enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mri_core.evaluation.log_loss import logits
from mri_core.prediction.activation import find_activation
from mri_core.prediction.predictor import Predictor

MASKS = 500
"""Random halves that are hidden."""
CELLS = 7
"""A half is made of this many squares along each edge, shifted at random, with soft rims."""
_BLUR = 0.1  # of the edge: what is hidden is blurred, since a black part would be evidence of its own
_BATCH = 50


def find_evidence(predictor: Predictor, seen: np.ndarray, masks: int = MASKS) -> dict[str, np.ndarray]:
    """Label -> (H, W) float32, how many logits the label gains on average where a pixel is left to see.

    Positive is evidence for it, negative against it. seen: (H, W) or (H, W, 3) uint8, as the model sees it. The same
    slice has the same evidence. Takes as long as `masks` predictions.
    """
    blurred = _blurred(seen)
    height, width = seen.shape[:2]
    labels = predictor.description.labels
    total, squares = np.zeros((height, width)), np.zeros((height, width))
    answers, together = np.zeros(len(labels)), np.zeros((len(labels), height, width))
    for left in _masks(height, width, masks):
        shown = left if seen.ndim == 2 else left[..., np.newaxis]
        scores = logits(predictor.outputs(np.rint(blurred + shown * (seen - blurred)).astype(np.uint8)))
        answers += scores.sum(axis=0)
        together += np.tensordot(scores, left, axes=(0, 0))
        total += left.sum(axis=0)
        squares += np.square(left).sum(axis=0)
    # The slope of a label's logit against how much of the pixel is left to see.
    means = total / masks
    slopes = (together / masks - (answers / masks)[:, np.newaxis, np.newaxis] * means) / (squares / masks - means**2)
    return dict(zip(labels, slopes.astype(np.float32), strict=True))


def _blurred(seen: np.ndarray) -> np.ndarray:
    from PIL import Image, ImageFilter

    radius = _BLUR * max(seen.shape[:2])
    return np.asarray(Image.fromarray(seen).filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32)


def _masks(height: int, width: int, number: int) -> Iterator[np.ndarray]:
    """Some at a time, each (n, H, W) float32 in [0, 1]: 1 where the slice is left to see."""
    from PIL import Image

    random = np.random.default_rng(0)
    tall, wide = -(-height // CELLS), -(-width // CELLS)
    size = ((CELLS + 1) * wide, (CELLS + 1) * tall)
    for start in range(0, number, _BATCH):
        some = np.empty((min(_BATCH, number - start), height, width), dtype=np.float32)
        for mask in some:
            squares = random.integers(0, 2, (CELLS + 1, CELLS + 1)).astype(np.float32)
            down, along = random.integers(0, tall), random.integers(0, wide)
            soft = np.asarray(Image.fromarray(squares).resize(size, Image.Resampling.BILINEAR))
            mask[:] = soft[down : down + height, along : along + width]
        yield some


@dataclass(frozen=True)
class EvidenceKind:
    """A way to find evidence, and words on it for people.

    find: a model and a slice as it sees it -> label -> (H, W) map, positive for the label, negative against it; None
    where the model has not what the way needs, which `absent` says.
    """

    title: str
    about: str
    find: Callable[[Predictor, np.ndarray], dict[str, np.ndarray] | None]
    absent: str = ""


EVIDENCE: dict[str, EvidenceKind] = {
    "hiding": EvidenceKind(
        "Hiding parts",
        "Hundreds of random halves of the slice are blurred away: where the label is surer while a place is seen, "
        "there is evidence for it. It asks the model from outside, whatever it is made of.",
        find_evidence,
    ),
    "activation": EvidenceKind(
        "Features",
        "The network's own features are taken away place by place: where the label loses by it, there is evidence for "
        "it. Some ten times quicker than hiding parts, and coarser: a place is about a fifteenth of an edge.",
        find_activation,
        "This network has no features that know their place in the slice; only convolutional networks have.",
    ),
}
"""Ways to find evidence, by name; the first is usual."""
