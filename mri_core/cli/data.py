"""Commands about data sets: demo, datasets, stats."""

from __future__ import annotations

from typing import Annotated

import typer

from mri_core.cli.output import Json, console, messages, print_json, print_table, progress_bar
from mri_core.datasets.dataset import Header, list_datasets, open_dataset
from mri_core.datasets.statistics import label_statistics
from mri_core.settings import Settings


def demo(
    name: Annotated[str, typer.Option(help="What to call the data set.")] = "demo",
    slices: Annotated[int, typer.Option(help="How many slices, 20 a patient.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same data set.")] = 0,
    json: Json = False,
) -> None:
    """Create the simulated data set: real anatomy and physics, no real patient."""
    from mri_core.datasets.demo.generate import make_demo

    with progress_bar("Simulating slices") as progress:
        dataset = make_demo(Settings(), name, slices, seed, progress=progress)
    if json:
        print_json(described(dataset.header))
    else:
        messages.print(f"Created data set '{name}': {slices:,} simulated slices of {dataset.header.patients} patients.")


def datasets(json: Json = False) -> None:
    """List the data sets."""
    headers = list_datasets(Settings())
    if json:
        print_json([described(header) for header in headers])
    elif not headers:
        messages.print("There is no data set yet. `mri demo` makes a simulated one.")
    else:
        rows = [
            (h.name, h.slices, h.patients, "×".join(map(str, h.image_shape)), ", ".join(h.label_names), h.simulated)
            for h in headers
        ]
        print_table(("name", "slices", "patients", "size", "labels", "simulated"), rows)


def stats(name: Annotated[str, typer.Argument(help="A data set.")], json: Json = False) -> None:
    """Label statistics of a data set."""
    found = label_statistics(open_dataset(name, Settings()))
    if json:
        print_json(found)
        return
    simulated = ", simulated" if found["simulated"] else ""
    unlabelled = f", {found['unlabelled']:,} without labels and not counted below" if found["unlabelled"] else ""
    patients = found["patients"] or "unknown"
    console.print(f"{name}: {found['slices']:,} slices, {patients} patients{simulated}{unlabelled}\n")
    rows = [
        (split, s["slices"], s["no_finding"], *s["positives"].values(), s["cardinality"], s["density"])
        for split, s in found["splits"].items()
    ]
    print_table(("split", "slices", "no finding", *found["labels"], "cardinality", "density"), rows)
    sets = [(" + ".join(entry["labels"]) or "no finding", entry["slices"]) for entry in found["label_sets"]]
    console.print()
    print_table(("label set", "slices"), sets)
    for difference in found["differences"]:
        points, label, split = difference["difference"] * 100, difference["label"], difference["split"]
        than = "more" if points > 0 else "less"
        console.print(
            f"note: {label} is {abs(points):.1f} points {than} frequent in {split} than in train", markup=False
        )


def described(header: Header) -> dict:
    """A header as JSON."""
    return header.model_dump(mode="json") | {"labels": list(header.label_names)}


COMMANDS = {"demo": demo, "datasets": datasets, "stats": stats}
