"""What is known of the data set that a run was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mri_core.datasets.dataset import SPLITS, Dataset, Header
from mri_core.datasets.statistics import label_statistics

PROVENANCE = {
    "origin": "Origin",
    "anatomy": "Anatomy",
    "labels": "Labels mean",
    "least_pixels": "Fewest pixels of a label",
    "pixel_mm": "Edge of a pixel, mm",
    "size": "Scaled to, pixels",
    "skipped": "Files left out",
    "left_out": "Slices left out",
    "seed": "Seed",
}
"""What a card tells of where a data set comes from -> its title. Only this: a set may also keep what must stay with it,
such as what its patients' names were scrambled with."""


@dataclass(frozen=True, eq=False)
class DataFacts:
    """statistics: those of `label_statistics`. patients: split -> how many it has, None where some are unknown.

    shared_patients: how many of the known ones have slices in more than one split.
    """

    header: Header
    statistics: Mapping[str, Any]
    patients: Mapping[str, int | None]
    shared_patients: int

    @property
    def provenance(self) -> dict[str, Any]:
        """What may be told of it: those of PROVENANCE that are known, in that order."""
        known = self.header.provenance
        return {name: known[name] for name in PROVENANCE if name in known}


def data_facts(dataset: Dataset) -> DataFacts:
    patients = dataset.columns("patient")["patient"]
    names = {split: patients.iloc[dataset.rows(split)] for split in SPLITS}
    known = {split: set(found.dropna()) for split, found in names.items()}
    everyone = set().union(*known.values())
    return DataFacts(
        header=dataset.header,
        statistics=label_statistics(dataset),
        patients={split: None if found.isna().any() else len(known[split]) for split, found in names.items()},
        shared_patients=sum(sum(patient in found for found in known.values()) > 1 for patient in everyone),
    )
