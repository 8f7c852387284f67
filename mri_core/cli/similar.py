"""The command about slices that look alike: similar."""

from __future__ import annotations

from typing import Annotated

import typer

from mri_core.charts.failure_tables import set_name
from mri_core.cli.output import Json, print_json, print_table, progress_bar
from mri_core.datasets.browse import row_of
from mri_core.datasets.dataset import open_dataset
from mri_core.embedding.embedding import embed
from mri_core.embedding.similar import similar_slices
from mri_core.settings import Settings


def similar(
    name: Annotated[str, typer.Argument(metavar="DATASET", help="A data set.")],
    slice_id: Annotated[str, typer.Argument(metavar="SLICE_ID", help="The id of one of its slices.")],
    count: Annotated[int, typer.Option(min=1, help="How many slices to list.")] = 10,
    all_patients: Annotated[
        bool, typer.Option("--all-patients", help="List slices of the same patient too, which are mostly neighbours.")
    ] = False,
    json: Json = False,
) -> None:
    """The slices that look most like one, of other patients, the nearest first."""
    dataset = open_dataset(name, Settings())
    row = row_of(dataset, slice_id)
    with progress_bar("Looking at slices") as progress:
        vectors = embed(dataset, progress)
    found = [one.to_json() for one in similar_slices(dataset, vectors, row, count, not all_patients)]
    if json:
        print_json({"dataset": dataset.name, "fingerprint": dataset.fingerprint, "slice": slice_id, "similar": found})
        return
    rows = [
        (
            one["id"],
            one["patient"] or "unknown",
            one["split"] or "none",
            "unknown" if one["labels"] is None else set_name(one["labels"]),
            one["distance"],
        )
        for one in found
    ]
    print_table(("slice", "patient", "split", "labels", "distance"), rows)


COMMANDS = {"similar": similar}
