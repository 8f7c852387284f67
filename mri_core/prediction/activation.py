"""Where in a slice the features lie that a label rests on: the Grad-CAM family, without gradients.

Grad-CAM (Selvaraju et al. 2017) weighs the last features of a convolutional network by their gradients. Ablation-CAM
(Desai & Ramaswamy, "Ablation-CAM: visual explanations for deep convolutional network via gradient-free localization",
2020) takes them away instead, channel by channel, and sees what the label loses. Here they are taken away place by
place, each with its neighbours, so that the map is as fine as the features and knows evidence against a label too.
Where the rest of the network is linear this is the class activation map (Zhou et al. 2016), summed over neighbours, on
which the whole family agrees. As in LayerCAM (Jiang et al. 2021) each of the features sees a part of the slice only.

Measured on the simulated set, confident slices of the test split, 60 a label: the peak lies in the lesion in all of
them, for the study's CNN (180 slices) and for the small residual network (176), by itself and averaged over mirror
images; hiding random halves (evidence.py) places all of them there too. The last features of the CNN, 4 by 4 places,
would place 77 % to 97 %.
"""

from __future__ import annotations

import numpy as np

from mri_core.images.prepare import with_channels
from mri_core.prediction.last_features import last_features
from mri_core.prediction.predictor import Predictor

AROUND = 1
"""Neighbours to each side that are taken away with a place: of a large lesion the rest is evidence enough."""
_BATCH = 32


def find_activation(predictor: Predictor, seen: np.ndarray) -> dict[str, np.ndarray] | None:
    """Label -> (H, W) float32, how many logits the label loses without the features around a pixel.

    Positive is evidence for it, negative against it; None where the network has no features with places, as dense
    networks. seen: (H, W) or (H, W, 3) uint8, as the model sees it. The same slice has the same map. Takes as long as
    some dozen predictions.
    """
    paths = last_features(predictor.model) if predictor.model else ()
    if not paths:
        return None
    labels = predictor.description.labels
    image = with_channels(seen[np.newaxis])[0]
    found = np.zeros((len(labels), *seen.shape[:2]))
    for path in paths:
        features = path.of(image)
        rows, columns = features.shape[1:]
        without = [path.scores(_without(features, start)) for start in range(0, rows * columns, _BATCH)]
        losses = path.scores(features[np.newaxis]) - np.concatenate(without)
        places = losses.T.reshape(len(labels), rows, columns)
        drawn = path.grid.weights(0, seen.shape[0], rows) @ places @ path.grid.weights(1, seen.shape[1], columns).T
        found += (drawn[:, :, ::-1] if path.mirrored else drawn) / len(paths)
    return dict(zip(labels, found.astype(np.float32), strict=True))


def _without(features: np.ndarray, start: int) -> np.ndarray:
    """(_BATCH or less, channels, rows, columns): features without those around one place each, row by row."""
    rows, columns = features.shape[1:]
    places = range(start, min(start + _BATCH, rows * columns))
    found = np.repeat(features[np.newaxis], len(places), axis=0)
    for place, one in zip(places, found, strict=True):
        row, column = divmod(place, columns)
        one[:, max(0, row - AROUND) : row + AROUND + 1, max(0, column - AROUND) : column + AROUND + 1] = 0
    return found
