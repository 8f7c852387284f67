"""Documents as JSON."""

from __future__ import annotations

import json
import math
from typing import Any


def json_text(document: Any) -> str:
    """One JSON document, ending in a new line; undefined and infinite numbers become null."""
    return json.dumps(_without_nan(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
