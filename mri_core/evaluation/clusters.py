"""What is drawn anew in a bootstrap: patients where they are known, because slices of one patient resemble each other.

Resampling slices as if they were independent makes intervals too narrow: Field & Welsh, "Bootstrapping clustered
data" (2007); for images of patients, Obuchowski, "Nonparametric analysis of clustered ROC curve data" (1997).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mri_core.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Clusters:
    """unit: what a cluster is. of_slice: (slices,) int, the cluster of every slice, 0 to number - 1."""

    unit: Literal["patient", "slice"]
    of_slice: np.ndarray
    number: int

    @property
    def slices(self) -> int:
        return len(self.of_slice)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """values (slices, columns) summed over the slices of every cluster, (clusters, columns) float64."""
        totals = np.zeros((self.number, values.shape[1]))
        np.add.at(totals, self.of_slice, values)
        return totals

    def of(self, kept: np.ndarray) -> Clusters:
        """The clusters of some slices only; those left without a slice are left out. kept: (slices,) bool."""
        found, of_slice = np.unique(self.of_slice[kept], return_inverse=True)
        return Clusters(self.unit, of_slice, len(found))


def find_clusters(patients: Sequence[object] | np.ndarray | None, slices: int) -> Clusters:
    """Patients as clusters; every slice its own when patients is None or any of them is missing.

    patients: (slices,). Raises InvalidInput when their number differs.
    """
    import pandas as pd

    if patients is not None and len(patients) != slices:
        raise InvalidInput(f"there are {len(patients)} patients for {slices} slices; expected one a slice")
    if patients is None or pd.isna(np.asarray(patients, dtype=object)).any():
        return Clusters("slice", np.arange(slices), slices)
    of_slice, names = pd.factorize(np.asarray(patients, dtype=object))
    return Clusters("patient", of_slice, len(names))
