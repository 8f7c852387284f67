"""How numbers are written, the same on every page, in every chart and in every document."""

from __future__ import annotations

import math
import re
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

CHOICES = {
    "cnn": "CNN",
    "dense": "Dense",
    "residual": "Residual",
    "residual-small": "Residual, small",
    "linear": "Linear",
    "adam": "Adam",
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "binary_crossentropy": "binary cross-entropy",
    "categorical_crossentropy": "categorical cross-entropy",
    "poisson": "Poisson",
    "nesterov": "Nesterov",
    "auto": "automatic",
}
"""Values of training settings that are written another way than they are stored."""


def score(value: float | None, reason: str = "undefined") -> str:
    """Three decimals, or the reason why there is no score."""
    return reason if value is None or math.isnan(value) else f"{value:.3f}"


def difference(value: float) -> str:
    """A difference of scores, with its sign; the minus is as wide as the plus."""
    return f"{value:+.3f}".replace("-", "−") if value else "0.000"


def percent(share: float | None) -> str:
    """A share in [0, 1] as percent with one decimal."""
    return "undefined" if share is None or math.isnan(share) else f"{share * 100:.1f} %"


def count(number: int) -> str:
    return f"{number:,}"


def duration(seconds: float | None) -> str:
    """`3 min 12 s`, `1 h 05 min`, or "unknown"."""
    if seconds is None:
        return "unknown"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def moment(when: datetime, zone: tzinfo | None = None) -> str:
    """Date and time in a zone, the machine's when None."""
    return when.astimezone(zone).strftime("%-d %b %Y, %H:%M")


def choice(value: Any) -> str:
    """The value of a training setting: `0.001` and never `1e-03`, yes or no, names as the field writes them."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return count(value) if isinstance(value, int) else CHOICES.get(value, value)


def plain(text: str) -> str:
    """Text from a user, such as a label's name, for a place that would read it as Markdown."""
    # An address, of a page or of a person, would become a link whatever is escaped in it: a joiner that is not seen
    # parts it.
    unlinked = re.sub(r"(?i)https?:(?=//)|www(?=\.)|(?<=\S)@(?=\w)", lambda found: found[0] + "\u2060", text)
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:])", r"\\\1", unlinked)


def points(difference: float) -> str:
    """A difference between two shares: `4.1 points more`."""
    return f"{abs(difference) * 100:.1f} points {'more' if difference > 0 else 'less'}"


def size(image_shape: tuple[int, ...]) -> str:
    return "×".join(str(edge) for edge in image_shape)
