"""A benchmark's page: as rows of a table, as Markdown, as JSON, and put into a document that people wrote."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mri_core.bench.bench import Page
from mri_core.bench.machine import machine_words
from mri_core.bench.record import Goal, Measurement, Spread, measurement_json, spread
from mri_core.errors import InvalidInput, StorageError
from mri_core.words import duration

BEGIN, END = "<!-- mri bench: begin -->", "<!-- mri bench: end -->"
"""What `mri bench --out` writes stands between these two lines; the rest of the document is left as it is."""

COLUMNS = ("what", "unit", "ours", "peer", "peer's", "ratio", "goal")
_TITLE = "# Performance, measured"


def page_rows(page: Page) -> list[tuple[str, ...]]:
    """One row of text for each measurement that has numbers, in the order of COLUMNS."""
    return [
        (
            one.name,
            one.unit,
            _numbers(spread(one.ours)),
            one.peer,
            _numbers(spread(one.theirs)),
            _numbers(spread(one.ratios), " ×"),
            "; ".join(_goal(one, goal) for goal in one.goals),
        )
        for one in page.measurements
        if one.ours or one.theirs
    ]


def page_problems(page: Page) -> list[str]:
    """One line a measurement that lacks numbers."""
    return [f"{one.name}: {one.problem}" for one in page.measurements if one.problem]


def page_markdown(page: Page) -> str:
    """The page as Markdown without headings, for a section of a document."""
    when = page.taken.strftime("%-d %B %Y")
    repeats = "1 repeat" if page.repeats == 1 else f"{page.repeats} repeats"
    parts = [
        f"`{page.command}`, {when}, {duration(page.seconds)}, {repeats}.",
        machine_words(page.machine),
        "Minimum – median – maximum over the repeats, both sides taking turns. A ratio says how many times better ours "
        "is than the peer, pair by pair: 2 × is twice the images a second, or half the time or memory.",
        _markdown_table(page),
    ]
    if problems := page_problems(page):
        parts.append("\n".join(["Not measured:", "", *(f"- {problem}" for problem in problems)]))
    return "\n\n".join(part for part in parts if part) + "\n"


def page_json(page: Page) -> dict[str, Any]:
    """The document of `mri bench --json`."""
    return {
        "command": page.command,
        "taken": page.taken.isoformat(),
        "seconds": page.seconds,
        "repeats": page.repeats,
        "machine": asdict(page.machine),
        "measurements": [measurement_json(one) for one in page.measurements],
    }


def check_out(file: Path) -> None:
    """Raise InvalidInput, before anything is measured, where `write_page` would not know what to do with a file."""
    if file.suffix not in (".md", ".json"):
        raise InvalidInput(f"--out is {file}, expected a file that ends with .md or .json")
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise InvalidInput(f"cannot write {file}, expected a file in a folder that exists; choose another --out")
    if file.suffix == ".md" and file.exists():
        _marked(file)


def write_page(page: Page, file: Path) -> None:
    """Write the page as JSON or Markdown; of Markdown that exists, only what stands between the markers is replaced."""
    if file.suffix == ".json":
        text = json.dumps(page_json(page), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    else:
        before, after = _marked(file) if file.exists() else (f"{_TITLE}\n\n", "\n")
        text = f"{before}{BEGIN}\n{page_markdown(page)}{END}{after}"
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_text(text)
        beside.replace(file)
    except OSError as error:
        raise StorageError(f"cannot write {file}: {error.strerror}; choose another --out") from error


def _marked(file: Path) -> tuple[str, str]:
    """What stands before and after the part of a document that is ours."""
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read as text; choose another --out") from error
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise InvalidInput(
            f"{file} should hold the lines `{BEGIN}` and `{END}` once each, in this order; add them where the page "
            f"shall stand, or choose a new file"
        )
    return text[: text.index(BEGIN)], text[text.index(END) + len(END) :]


def _markdown_table(page: Page) -> str:
    rows = page_rows(page)
    lines = [COLUMNS, ("---", "---", "--:", "---", "--:", "--:", "---"), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines) if rows else ""


def _goal(measurement: Measurement, goal: Goal) -> str:
    at_least = goal.of == "ratio" or measurement.better == "more"
    unit = "×" if goal.of == "ratio" else measurement.unit
    verdict = {True: "reached", False: "missed", None: "unknown"}[measurement.reaches(goal)]
    return f"{'≥' if at_least else '≤'} {goal.bound:,g} {unit}: {verdict}"


def _numbers(found: Spread | None, unit: str = "") -> str:
    if found is None:
        return "–"
    shown = [f"{number(value)}{unit}" for value in (found.minimum, found.median, found.maximum)]
    return shown[0] if found.minimum == found.maximum else " – ".join(shown)


def number(value: float) -> str:
    """Three digits that count, thousands separated; "never" for what was not reached."""
    if not math.isfinite(value):
        return "never" if value > 0 else "undefined"
    decimals = next((places for bound, places in ((100, 0), (10, 1), (1, 2)) if abs(value) >= bound), 3)
    return f"{value:,.{decimals}f}"
