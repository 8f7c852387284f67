"""What is asked of a process that looks at a place, and what it answers: JSON, bounded, and checked on receipt."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mri_core.datasets.importing.messages import told_field, untold_field
from mri_core.datasets.importing.plan import Choices, LeftOut, Reason
from mri_core.datasets.importing.run import Preview
from mri_core.datasets.importing.sources import SOURCES
from mri_core.datasets.importing.texts import printable
from mri_core.errors import InvalidInput
from mri_core.images import Preprocessing

MOST_LEFT_OUT = 500
"""Entries of what is left out that come back; the counts are of all."""
MOST_COLUMNS, MOST_LABELS = 5000, 1000
LONGEST_COLUMN = 500
"""Characters of a column's name, which is never cut: it goes back to where it came from."""
LONGEST = 2000
"""Characters of any other text; what is longer is cut."""
_ROWS, _LINES = 5, 100

_Text = Annotated[str, Field(max_length=LONGEST)]
_Count = Annotated[int, Field(ge=0, le=2**53)]
_COLUMNS: TypeAdapter[tuple[str, ...]] = TypeAdapter(
    Annotated[tuple[Annotated[str, Field(max_length=LONGEST_COLUMN)], ...], Field(max_length=MOST_COLUMNS)]
)


class _Answer(BaseModel):
    """A `Preview`, of which no part is longer than it may be."""

    model_config = ConfigDict(extra="forbid")

    source: _Text
    labels: tuple[_Text, ...] = Field(max_length=MOST_LABELS)
    total: _Count
    mapping: dict[_Text, _Text] = Field(max_length=_LINES)
    notes: tuple[_Text, ...] = Field(max_length=_LINES)
    left_out: tuple[tuple[_Text, Reason, _Text], ...] = Field(max_length=MOST_LEFT_OUT)
    counts: dict[Reason, _Count]
    rows: tuple[Annotated[dict[_Text, _Text | int | None], Field(max_length=MOST_LABELS + _LINES)], ...] = Field(
        max_length=_ROWS
    )


def told_choices(choices: Choices) -> dict[str, Any]:
    """For JSON; texts as `told_field` writes them."""
    table, how = choices.table and str(choices.table), choices.preprocessing.model_dump()
    fields = vars(choices) | {"table": table, "label_columns": [told_field(name) for name in choices.label_columns]}
    return {name: told_field(value) for name, value in fields.items()} | {"preprocessing": how}


def choices_of(told: dict[str, Any]) -> Choices:
    fields = {name: untold_field(value) for name, value in told.items()}
    return Choices(
        **fields
        | {
            "table": fields["table"] and Path(fields["table"]),
            "label_columns": tuple(map(untold_field, fields["label_columns"])),
            "slices": fields["slices"] and tuple(fields["slices"]),
            "preprocessing": Preprocessing(**fields["preprocessing"]),
        }
    )


def told_preview(found: Preview) -> dict[str, Any]:
    """For JSON. Raises InvalidInput for more labels than can be shown."""
    if len(found.labels) > MOST_LABELS:
        raise InvalidInput(
            f"there are {len(found.labels):,} labels, expected at most {MOST_LABELS:,}; are they the right columns?"
        )
    return {
        "source": found.source,
        "labels": [cut(label) for label in found.labels],
        "total": found.total,
        "mapping": {cut(what): cut(where) for what, where in found.mapping.items()},
        "notes": [cut(note) for note in found.notes],
        "left_out": [(cut(one.what), one.reason, cut(one.why)) for one in islice(found.left_out, MOST_LEFT_OUT)],
        "counts": found.counts,
        "rows": [
            {cut(name): cut(value) if isinstance(value, str) else value for name, value in row.items()}
            for row in found.rows
        ],
    }


def preview_of(told: Any) -> Preview:
    """Raises EOFError for what is no preview."""
    try:
        fields = dict(_Answer.model_validate(told))
        summary = SOURCES[fields["source"]].summary
    except (ValidationError, LookupError) as error:
        raise EOFError("the other process sends no preview") from error
    return Preview(**fields | {"summary": summary, "left_out": tuple(LeftOut(*one) for one in fields["left_out"])})


def told_columns(columns: tuple[str, ...]) -> list[str]:
    """For JSON. Raises InvalidInput for more of them than can be shown, or longer ones."""
    if len(columns) > MOST_COLUMNS:
        raise InvalidInput(f"the table has {len(columns):,} columns; expected at most {MOST_COLUMNS:,}")
    longest = max(map(len, columns), default=0)
    if longest > LONGEST_COLUMN:
        raise InvalidInput(f"a column's name has {longest:,} letters; expected at most {LONGEST_COLUMN:,}")
    return list(columns)


def columns_of(told: Any) -> tuple[str, ...]:
    """Raises EOFError for what are no columns."""
    try:
        return _COLUMNS.validate_python(told)
    except ValidationError as error:
        raise EOFError("the other process sends no columns") from error


def cut(text: str) -> str:
    """A text that can be sent and shown; of a long one the beginning."""
    shown = printable(text)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"
