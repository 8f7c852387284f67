"""JSON that any reader takes: no NaN in it, and every character as it is."""

import json
import math

from mri_core.documents.json_text import json_text


def test_undefined_numbers_become_null_wherever_they_are() -> None:
    written = json_text({"a": [1.5, math.nan, (math.inf, "größe")], "b": {"c": -math.inf, "d": True, "e": None}})
    assert json.loads(written) == {"a": [1.5, None, [None, "größe"]], "b": {"c": None, "d": True, "e": None}}
    assert "größe" in written and "NaN" not in written and written.endswith("}\n")
