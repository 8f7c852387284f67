"""A new version of a data set without some of its slices. The old one stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import SPLITS, Dataset, list_datasets
from mri_core.errors import InvalidInput
from mri_core.settings import Settings

_CHUNK = 500
LONGEST_NAME = 64
_VERSION = re.compile(r" v(\d+)$")


def next_name(name: str, settings: Settings) -> str:
    """A name for the next version of a data set: "demo v2" for "demo", "demo v3" for that, whichever is not taken."""
    taken = {header.name for header in list_datasets(settings)}
    ending = _VERSION.search(name)
    base, version = (name[: ending.start()], int(ending[1])) if ending else (name, 1)
    while True:
        version += 1
        suffix = f" v{version}"
        candidate = base[: LONGEST_NAME - len(suffix)].rstrip(" .") + suffix
        if candidate not in taken:
            return candidate


def exclude(
    dataset: Dataset,
    rows: np.ndarray,
    settings: Settings,
    name: str,
    reasons: Mapping[str, int],
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Create data set `name` with all slices of `dataset` but those at `rows`, in their order.

    reasons: what was found -> slices left out for it, kept in the provenance beside the parent's name and fingerprint.
    progress: called with slices written and slices in all.
    Raises InvalidInput when no row is given, nothing or no training slice would remain, or the name is taken.
    """
    kept = np.setdiff1d(np.arange(dataset.header.slices), rows)
    _check(dataset, len(rows), kept)
    origin = {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "excluded": dataset.header.slices - len(kept),
        "because": dict(reasons),
    }
    shape = dataset.image_shape
    with DatasetBuilder(settings, name, dataset.label_names, shape, len(kept)) as builder:
        for start in range(0, len(kept), _CHUNK):
            chosen = kept[start : start + _CHUNK]
            facts = dataset.index.iloc[chosen].drop(columns="checksum")
            facts = facts.astype(object).where(facts.notna(), None)
            builder.add(
                dataset.pixels[chosen], [dict(zip(facts.columns, row, strict=True)) for row in facts.to_numpy()]
            )
            if progress:
                progress(start + len(chosen), len(kept))
        header = dataset.header
        provenance = {**header.provenance, "version_of": origin}
        return builder.finish(header.simulated, provenance, header.preprocessing)


def _check(dataset: Dataset, excluded: int, kept: np.ndarray) -> None:
    if not excluded:
        raise InvalidInput("no slice is to be left out; a new version would be the same as the old one")
    splits = dataset.columns("split")["split"]
    for split in SPLITS:
        if (splits == split).any() and not (splits.iloc[kept] == split).any():
            raise InvalidInput(
                f"without these {excluded:,} slices nothing would remain in {split}; leave out fewer, or import the "
                f"data again with another split"
            )
