"""A second data set with real labels, to show that a recipe is not tuned to the simulated slices alone.

scikit-learn ships 1,797 handwritten digits of 8×8 pixels (Alpaydin & Kaynak, "Optical recognition of handwritten
digits", UCI 1998). A picture of 64×64 holds up to four of them, each enlarged, at random places, on noise; its labels
say which of 0 to 9 are there. No digit's image appears in two splits.

`MRI_HOME=… python benchmarks/digits.py` makes the data set "digits" with 10,000 pictures.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from mri_core.datasets.build import DatasetBuilder
from mri_core.settings import Settings

EDGE, MOST, SEED = 64, 4, 0
SPLITS = {"train": (0.6, 6000), "validation": (0.15, 1500), "test": (0.25, 2500)}
LABELS = tuple(f"digit {digit}" for digit in range(10))
QUADRANTS = ((0, 0), (0, EDGE // 2), (EDGE // 2, 0), (EDGE // 2, EDGE // 2))


def main() -> None:
    random = np.random.default_rng(SEED)
    bunch = load_digits()
    order = random.permutation(len(bunch.target))
    total, taken = sum(pictures for _, pictures in SPLITS.values()), 0
    with DatasetBuilder(Settings(), "digits", LABELS, (EDGE, EDGE), total) as builder:
        for split, (share, pictures) in SPLITS.items():
            among = order[round(taken * len(order)) : round((taken + share) * len(order))]
            taken += share
            pixels, rows = [], []
            for number in range(pictures):
                chosen = random.choice(among, size=random.integers(0, MOST, endpoint=True), replace=False)
                pixels.append(picture(bunch.images[chosen], random))
                present = set(bunch.target[chosen].tolist())
                rows.append(
                    {"id": f"{split}-{number:05}", "patient": f"{split}-{number:05}", "split": split,
                     "source": "scikit-learn digits", "position": None}
                    | {name: int(digit in present) for digit, name in enumerate(LABELS)}
                )  # fmt: skip
            builder.add(np.stack(pixels), rows)
        dataset = builder.finish(simulated=False, provenance={"source": "scikit-learn digits, composed", "seed": SEED})
    print(f"made {dataset.name}, fingerprint {dataset.fingerprint[:8]}")


def picture(digits: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Up to four digits (n, 8, 8) of 0-16, enlarged two to four times, one a quadrant. Returns (64, 64) uint8."""
    canvas = random.normal(20, 8, (EDGE, EDGE))
    for digit, quadrant in zip(digits, random.permutation(len(QUADRANTS)), strict=False):
        large = np.kron(digit, np.ones([random.integers(2, 4, endpoint=True)] * 2)) * random.uniform(6, 14)
        room = EDGE // 2 - len(large)
        down, right = np.array(QUADRANTS[quadrant]) + random.integers(0, room, 2, endpoint=True)
        canvas[down : down + len(large), right : right + len(large)] += large
    return canvas.clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
