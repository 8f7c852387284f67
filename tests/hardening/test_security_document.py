"""SECURITY.md: its numbers are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from mri_core.images.limits import Limits, variable
from mri_core.serving import gate

TEXT = (Path(__file__).parents[2] / "SECURITY.md").read_text()
ROWS = [
    [cell.strip(" `") for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| ")
]


def number(cell: str) -> int:
    found = re.match(r"[\d,]+", cell)
    assert found, cell
    return int(found[0].replace(",", ""))


def test_every_limit_of_a_file_is_there() -> None:
    told = {row[2]: number(row[1]) for row in ROWS if len(row) == 3 and row[2].startswith("MRI_MAX_")}
    assert told == {variable(name): field.default for name, field in Limits.model_fields.items()}


def test_the_limits_of_a_request_are_those_of_the_gate() -> None:
    told = {row[0]: number(row[1]) for row in ROWS if len(row) == 2 and row[1][:1].isdigit()}
    assert told == {
        "bytes": gate.MAX_REQUEST_BYTES,
        "files": gate.MAX_FILES,
        "requests being answered at once": gate.MOST_AT_ONCE,
        "seconds from one piece of a request to the next": gate.RECEIVE_SECONDS,
        "seconds to the start of the answer": gate.REQUEST_SECONDS,
    }


def test_the_places_it_names_exist() -> None:
    for place in re.findall(r"`((?:tests|mri_core|app|\.streamlit)/[\w./]+?)/?`", TEXT):
        assert place == ".streamlit/secrets.toml" or (Path(__file__).parents[2] / place).exists(), place
