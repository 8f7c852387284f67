"""Whether a run's answers respect the label tree, and what a repair would be worth. Nothing of it is stored."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from mri_core.evaluation.comparison import Difference, compare
from mri_core.evaluation.contenders import Contender
from mri_core.evaluation.counts import predicted_labels
from mri_core.evaluation.hierarchy import (
    REPAIRS,
    Hierarchy,
    Inconsistency,
    find_hierarchy,
    inconsistencies,
    inconsistent_slices,
    repair,
)
from mri_core.evaluation.intervals import Resampling
from mri_core.evaluation.paths import Path
from mri_core.prediction.judged_run import JudgedRun

REPAIR_SCORES: dict[str, Path] = {
    "micro_f1": ("averages", "micro", "f1"),
    "macro_f1": ("averages", "macro", "f1"),
}
"""What repairs are measured by -> its place in the document of an evaluation."""


@dataclass(frozen=True, eq=False)
class Repaired:
    """Answers after a repair.

    changed: slices that are given other labels. inconsistent: slices that still break the tree. differences: name of
    REPAIR_SCORES -> what the repair adds, the same patients resampled before and after it.
    """

    changed: int
    inconsistent: int
    differences: dict[str, Difference]


@dataclass(frozen=True, eq=False)
class Consistency:
    """A run's answers on one split and the label tree of its training slices.

    broken: each child predicted without its parent. slices, inconsistent: of the split, and those that break the tree.
    repairs: name of REPAIRS -> what it does, and resampling: how that was measured; empty and None where no label is
    nested.
    """

    hierarchy: Hierarchy
    broken: tuple[Inconsistency, ...]
    slices: int
    inconsistent: int
    repairs: dict[str, Repaired]
    resampling: Resampling | None

    def to_json(self) -> dict[str, Any]:
        """The part "consistency" of `mri failures --json`."""
        tree, names = self.hierarchy, self.hierarchy.label_names
        support = dict(zip(names, tree.support.tolist(), strict=True))
        return {
            "tree": [
                {"label": name, "depth": depth, "parent": tree.parents.get(name), "training_slices": support[name]}
                for name, depth in tree.tree()
            ],
            "broken": [asdict(one) for one in self.broken],
            "inconsistent_slices": self.inconsistent,
            "repairs": {
                name: {
                    "changed_slices": one.changed,
                    "inconsistent_slices": one.inconsistent,
                    **{score: asdict(difference) for score, difference in one.differences.items()},
                }
                for name, one in self.repairs.items()
            },
            "resampling": asdict(self.resampling) if self.resampling else None,
        }


def consistency_of(judged: JudgedRun) -> Consistency | None:
    """Find the label tree in the training truth and measure what breaks it and what a repair would change.

    None where the data set is gone, and the training truth with it. Raises InvalidInput as `compare` does.
    """
    if judged.dataset is None:
        return None
    names, probabilities = judged.predictions.label_names, judged.predictions.probabilities
    hierarchy = find_hierarchy(judged.dataset.truth[judged.dataset.rows("train")], names)
    predicted = predicted_labels(probabilities, judged.thresholds)
    repairs, resampling = _measured(judged, hierarchy) if hierarchy.parents else ({}, None)
    return Consistency(
        hierarchy=hierarchy,
        broken=inconsistencies(predicted, hierarchy),
        slices=len(predicted),
        inconsistent=int(inconsistent_slices(predicted, hierarchy).sum()),
        repairs=repairs,
        resampling=resampling,
    )


def _measured(judged: JudgedRun, hierarchy: Hierarchy) -> tuple[dict[str, Repaired], Resampling]:
    repaired = {name: repair(judged.predictions.probabilities, hierarchy, name) for name in REPAIRS}
    compared = compare(
        _contender(judged, "as it is", judged.predictions.probabilities),
        [_contender(judged, name, probabilities) for name, probabilities in repaired.items()],
        judged.patients,
    )
    as_it_is = predicted_labels(judged.predictions.probabilities, judged.thresholds)
    found = {}
    for one in compared:
        predicted = predicted_labels(repaired[one.b], judged.thresholds)
        found[one.b] = Repaired(
            changed=int((predicted != as_it_is).any(axis=1).sum()),
            inconsistent=int(inconsistent_slices(predicted, hierarchy).sum()),
            differences={score: one.differences[path] for score, path in REPAIR_SCORES.items()},
        )
    return found, compared[0].resampling


def _contender(judged: JudgedRun, name: str, probabilities: np.ndarray) -> Contender:
    return Contender(
        name=name,
        fingerprint=judged.run.dataset_fingerprint,
        predictions=replace(judged.predictions, probabilities=probabilities),
        thresholds=judged.thresholds.tolist(),
    )
