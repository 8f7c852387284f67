"""How a DICOM file asks to be shown: its windows and VOI tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pydicom import Dataset


def find(described: list[Dataset], keyword: str) -> Any:
    """The first value of a tag that is there and not empty, or None."""
    values = (item.get(keyword) for item in described)
    return next((value for value in values if value is not None and value != ""), None)


def windowed(values: np.ndarray, described: list[Dataset]) -> np.ndarray | None:
    """Rescaled values through the declared VOI table or window, to 0-255; None without a valid one.

    Windows follow DICOM PS3.3, C.11.2.1.2 (LINEAR) and C.11.2.1.3 (SIGMOID, LINEAR_EXACT), with 0-255 as output range.
    """
    if tables := find(described, "VOILUTSequence"):
        return _looked_up(values, tables[0])
    center, width = (first_number(find(described, keyword)) for keyword in ("WindowCenter", "WindowWidth"))
    function = find(described, "VOILUTFunction") or "LINEAR"
    if center is None or width is None or width <= 0 or (function == "LINEAR" and width < 1):
        return None
    if function == "SIGMOID":
        return 255 / (1 + np.exp(np.clip(-4 * (values - center) / width, -50, 50)))
    if function == "LINEAR":
        center, width = center - 0.5, width - 1
    if width == 0:
        return np.where(values > center, 255.0, 0.0)
    return np.clip(((values - center) / width + 0.5) * 255, 0, 255)


def _looked_up(values: np.ndarray, table: Dataset) -> np.ndarray:
    """Values through a VOI table (PS3.3, C.11.2.1.1) to 0-255. pydicom's own wraps where 8-bit tables are long."""
    _, first, bits = (int(number) for number in table.LUTDescriptor)
    entries = table.LUTData
    if isinstance(entries, bytes):
        entries = np.frombuffer(entries, ">u2" if table.original_encoding[1] is False else "<u2")
    index = np.clip(values - float(first), 0, len(entries) - 1).astype(int)
    return np.clip(np.asarray(entries, float)[index] * (255 / (2**bits - 1)), 0, 255)


def first_number(value: Any) -> float | None:
    """The value, or the first of several, as a finite number."""
    values = np.atleast_1d(np.asarray(value if value is not None else [], float))
    return float(values[0]) if values.size and np.isfinite(values[0]) else None
