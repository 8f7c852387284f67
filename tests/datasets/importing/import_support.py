"""What the pictures and tables of these tests hold."""

from __future__ import annotations

import numpy as np

COUNT = 12


def picture(seed: int, size: tuple[int, int] = (16, 16)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)


def name(i: int) -> str:
    return f"deep/s{i}.png" if i % 2 else f"s{i}.png"


def lines(extra: str = "") -> str:
    """A table of the twelve: six patients, the label lesion at odd numbers, bleed above five."""
    body = [f"{name(i)},p{i // 2},{i % 2},{'yes' if i > 5 else ''}" for i in range(COUNT)]
    return "\n".join(["file,patient,lesion,bleed", *body]) + "\n" + extra
