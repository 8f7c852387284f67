"""The one runner: streams any source's plan into a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import Dataset, Split
from mri_core.datasets.importing.decoding import Decoders
from mri_core.datasets.importing.plan import Choices, LeftOut, Plan
from mri_core.datasets.importing.sources import SOURCES, find_source
from mri_core.datasets.importing.summary import Summary
from mri_core.datasets.importing.table import give_back
from mri_core.datasets.importing.taken import Taken
from mri_core.datasets.importing.zipped import unpacked
from mri_core.datasets.split import FRACTIONS
from mri_core.errors import InvalidInput
from mri_core.settings import Settings


@dataclass(frozen=True)
class Recipe:
    """How slices become a data set. image_shape: (H, W) grey or (H, W, 3) colour. seed: of the split."""

    image_shape: tuple[int, ...] = (64, 64)
    fractions: Mapping[Split, float] = field(default_factory=lambda: FRACTIONS)
    seed: int = 0


@dataclass(frozen=True)
class Preview:
    """What an import would take, before anything is decoded. counts: reason -> how many are left out for it.

    rows: the first items as index rows.
    """

    source: str
    summary: str
    labels: tuple[str, ...]
    total: int
    mapping: Mapping[str, str]
    notes: tuple[str, ...]
    left_out: Sequence[LeftOut]
    counts: Mapping[str, int]
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Imported:
    dataset: Dataset
    summary: Summary


def make_plan(place: Path, choices: Choices, source: str | None = None) -> tuple[str, Plan]:
    """The name of the source and what it would import. source: a name of SOURCES, recognised when None."""
    if source is not None and source not in SOURCES:
        raise InvalidInput(f"there is no kind of source '{source}'; expected one of {', '.join(SOURCES)}")
    name = source or find_source(place, choices)
    plan = SOURCES[name].plan(place, choices)
    give_back()
    return name, plan


def preview(place: Path, choices: Choices | None = None, source: str | None = None, rows: int = 5) -> Preview:
    """What would be imported, with the first rows. Raises InvalidInput as `import_source`."""
    with unpacked(place) as root:
        name, plan = make_plan(root, choices or Choices(), source)
        first = tuple(
            {
                "id": item.id,
                "patient": item.patient,
                "split": item.split,
                **dict(zip(plan.labels, item.labels, strict=True)),
            }
            for item in islice(plan.items(), rows)
        )
    summary = SOURCES[name].summary
    counts: Counter[str] = Counter(one.reason for one in plan.left_out)
    return Preview(name, summary, plan.labels, plan.total, plan.mapping, plan.notes, plan.left_out, counts, first)


def import_source(
    settings: Settings,
    name: str,
    place: Path,
    choices: Choices | None = None,
    recipe: Recipe | None = None,
    source: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Import what is at `place` as data set `name`. progress: called with slices done and slices in all.

    Raises InvalidInput for a source that is not as expected or too large for the memory, or when no slice can be read,
    StorageError when the disk refuses; any of these leaves nothing behind.
    """
    try:
        with unpacked(place) as root:
            return _run(settings, name, root, choices or Choices(), source, recipe or Recipe(), progress)
    except MemoryError as error:
        raise InvalidInput(
            f"{place.name}: importing it takes more memory than there is; expected smaller tables, or fewer slices"
        ) from error


def _run(
    settings: Settings,
    name: str,
    root: Path,
    choices: Choices,
    source: str | None,
    recipe: Recipe,
    progress: Callable[[int, int], None] | None,
) -> Imported:
    kind, plan = make_plan(root, choices, source)
    with DatasetBuilder(settings, name, plan.labels, recipe.image_shape, plan.total) as builder:
        taken = Taken(plan)
        with Decoders(recipe.image_shape, choices.preprocessing, plan) as decoders:
            for items, (pixels, outcomes) in decoders.stream(plan.items()):
                builder.add(pixels, taken.rows(items, outcomes))
                if progress:
                    progress(taken.tried, plan.total)
        provenance = {
            **plan.provenance,
            **{"source": kind, "left_out": len(taken.left_out), "seed": recipe.seed, "sizes": taken.size_ranges()},
        }
        del plan  # a million names, which take as much as what follows
        if not taken.slices:
            raise InvalidInput(taken.nothing())
        splits = taken.splits(recipe.fractions, recipe.seed)
        if (hashed := taken.hashed_patients()) is not None:
            builder.assign("patient", hashed)
        builder.assign("split", splits)
        dataset = builder.finish(simulated=False, provenance=provenance, preprocessing=choices.preprocessing)
    return Imported(dataset, taken.summary(kind, splits, recipe.image_shape))
