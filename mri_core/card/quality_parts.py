"""The parts of a card that say what is wrong with the data, and whether errors gather there."""

from __future__ import annotations

from mri_core import words
from mri_core.card.card import Card
from mri_core.documents.parts import Badge, Cell, Column, Part, Table, Text, Tone, Value
from mri_core.prediction.finding_errors import errors_by_finding
from mri_core.quality.finding import Finding, Severity, counted

_TONES: dict[Severity, Tone] = {"serious": "bad", "warning": "open", "note": "good"}


def quality_parts(card: Card) -> tuple[Part, ...]:
    if card.quality is None:
        return (Text("The data set is gone, so it was not checked."),)
    checks = (
        f"{words.count(len(card.quality.found))} checks of {words.count(card.quality.dataset.header.slices)} slices"
    )
    if not card.quality.findings:
        return (Text(f"{checks} found nothing."),)
    columns = (Column("Finding"), Column("Severity"), Column("How many", True), Column("What it means for the scores"))
    return (Text(f"Found by {checks}:"), Table(columns, tuple(map(_row, card.quality.findings))))


def errors_on_findings(card: Card) -> tuple[Part, ...]:
    """How often some label is wrong on the slices that findings concern; nothing where there are none."""
    table = errors_by_finding(card.failures, card.quality.findings if card.quality else ())
    rows = tuple(
        (
            row["finding"],
            words.count(row["slices"]),
            words.count(row["wrong"]),
            Value(words.percent(row["rate"]), f"({words.percent(row['rate_low'])}–{words.percent(row['rate_high'])})"),
        )
        for row in table.to_dict("records")
    )
    columns = Column("Slices with"), Column("Slices", True), Column("Wrong", True), Column("Error rate", True)
    return (Table(columns, rows, "How often some label is wrong where the checks found something"),) if rows else ()


def _row(finding: Finding) -> tuple[Cell, ...]:
    severity = Badge(finding.severity, _TONES[finding.severity])
    return finding.title, severity, counted(finding.count, finding.of), finding.meaning
