"""Labels that a flip makes wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable


def labels_naming_a_side(label_names: Iterable[str]) -> list[str]:
    """The labels that say left or right: a horizontal flip moves the finding to the other side and not its name.

    Words are told apart by anything that is no letter and by capitals: "LeftTumour", "tumour_left", "right-sided".
    """
    return [name for name in label_names if {"left", "right"} & {word.lower() for word in _words(name)}]


def _words(name: str) -> list[str]:
    return re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
