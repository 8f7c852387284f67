"""The parts of a card that say where a run fails."""

from __future__ import annotations

import numpy as np

from mri_core import words
from mri_core.card.card import Card
from mri_core.card.quality_parts import errors_on_findings
from mri_core.card.tables import broken_table, confusion_table, repairs_table
from mri_core.charts.failure_tables import set_name
from mri_core.charts.failures import draw_failures
from mri_core.documents.parts import Figure, Gallery, Grid, Part, Picture, Text
from mri_core.images.picture import picture
from mri_core.prediction.run_failures import JudgedSlice

MOST_SHOWN = 24
"""Slices in the gallery: what a reader looks at one by one."""
EDGE = 160
"""The width in CSS pixels for which the gallery's pictures are made."""


def failure_parts(card: Card) -> tuple[Part, ...]:
    confusion, figures = card.failures.confusion, draw_failures(card.failures, None)
    table, slices = confusion_table(confusion), int(confusion.counts.sum())
    right = (
        f"{words.count(confusion.exact)} of {words.count(slices)} slices ({words.percent(confusion.exact / slices)})"
    )
    return (
        Text(f"Every label is right on {right}."),
        *((table,) if table.rows else ()),
        Figure(figures.label_sets),
        Grid("How often some label is wrong", tuple(map(Figure, figures.error_rates.values()))),
        *errors_on_findings(card),
    )


def gallery_parts(card: Card) -> tuple[Part, ...]:
    dataset = card.failures.judged.dataset
    if dataset is None:
        return (Text("The data set is gone, so the worst slices cannot be shown."),)
    worst = card.failures.slices(card.failures.worst()[:MOST_SHOWN])
    shown = tuple(
        Picture(picture(np.asarray(dataset.pixels[one.row]), EDGE), _caption(one))
        for one in worst
        if one.row is not None
    )
    told = (
        "Those with the largest log loss, the worst first, as the model saw them; answers and probabilities at the "
        "present thresholds and calibration."
    )
    return (Text(told), Gallery(shown))


def consistency_parts(card: Card) -> tuple[Part, ...]:
    if card.consistency is None:
        return (Text("The training labels are gone, so it is not known which labels are nested."),)
    if not card.consistency.hierarchy.parents:
        return (Text("No label is nested in another: in training none occurs nearly only where another does."),)
    told = Text(
        "In training nearly every slice with the first label carries the second too, so an answer of the first "
        f"without the second contradicts itself. On {words.count(card.consistency.slices)} {card.split} slices:"
    )
    if not card.consistency.inconsistent:
        return (told, broken_table(card.consistency), Text("No answer contradicts itself."))
    repairs = Text(
        "Raised, a parent has at least its children's probability; lowered, a child has at most its parent's. Neither "
        "is applied: the table says what it would change, with 95 % intervals."
    )
    return (told, broken_table(card.consistency), repairs_table(card.consistency), repairs)


def _caption(one: JudgedSlice) -> str:
    """A line each: the slice, its truth, the answer, and every probability."""
    lines = [one.id] if not one.patient or one.id.startswith(one.patient) else [f"{one.id}, patient {one.patient}"]
    lines += [f"Truth: {set_name(one.truth)}", f"Answer: {set_name(one.labels)}"]
    return "\n".join([*lines, *(f"{name}: {value:.3f}" for name, value in one.probabilities.items())])
