"""Nested labels: found in the training truth, and whether predictions respect them.

Labels are nested when slices with the child nearly always carry the parent too, as an enhancing core lies in a tumour.
Hierarchical multi-label classification: Silla & Freitas, "A survey of hierarchical classification" (2011).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mri_core.errors import InvalidInput, NotFound
from mri_core.evaluation.counts import ratio
from mri_core.evaluation.proportion import wilson

LEAST_SHARE = 0.98
"""Share of the child's slices that must carry the parent; the rest may be labelling errors."""
LEAST_SUPPORT = 30
"""Slices with the child, below which nesting may be chance."""


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """A forest of labels.

    parents: child -> its nearest parent, roots left out, parents before their children where both are children.
    share: (labels, labels), share of the slices with the row's label that carry the column's; NaN without support.
    support: (labels,) int, slices that carry each label.
    """

    label_names: tuple[str, ...]
    parents: dict[str, str]
    share: np.ndarray
    support: np.ndarray

    def tree(self) -> list[tuple[str, int]]:
        """Every label with its depth (0 for a root), each right below its parent, as an outline is drawn."""
        children: dict[str | None, list[str]] = {}
        for name in self.label_names:
            children.setdefault(self.parents.get(name), []).append(name)

        def outline(name: str, depth: int) -> list[tuple[str, int]]:
            return [(name, depth), *(line for child in children.get(name, ()) for line in outline(child, depth + 1))]

        return [line for root in children.get(None, ()) for line in outline(root, 0)]


@dataclass(frozen=True)
class Inconsistency:
    """How often a child is predicted without its parent. share: of the slices with the child predicted, in [0, 1],
    None when it is predicted nowhere; low, high: its 95 % Wilson interval.
    """

    child: str
    parent: str
    predicted: int
    without_parent: int
    share: float | None
    low: float | None
    high: float | None


def find_hierarchy(
    truth: np.ndarray, label_names: Sequence[str], least_share: float = LEAST_SHARE, least_support: int = LEAST_SUPPORT
) -> Hierarchy:
    """Find nested labels in the truth of the training split.

    truth: (slices, labels) of 0/1. A label's parent is the rarest label that at least least_share of its slices carry
    too; of two labels that imply each other, the more frequent, then the earlier, is the parent. A label with fewer
    than least_support slices has none. Raises InvalidInput when truth does not fit the names.
    """
    truth = np.asarray(truth)
    if truth.ndim != 2 or truth.shape[1] != len(label_names) or not len(truth):
        raise InvalidInput(
            f"truth is {' × '.join(map(str, truth.shape))} for {len(label_names)} labels; "
            "expected one row a training slice and one column a label"
        )
    carried = truth.astype(float)
    together = carried.T @ carried
    support = together.diagonal().astype(int)
    share = ratio(together, support[:, np.newaxis])
    order = sorted(range(len(label_names)), key=lambda label: (-support[label], label))
    parents = {}
    for place, child in enumerate(order):
        above = [label for label in order[:place] if share[child, label] >= least_share]
        if above and support[child] >= least_support:
            parents[label_names[child]] = label_names[above[-1]]
    return Hierarchy(tuple(label_names), parents, share, support)


def inconsistencies(predicted: np.ndarray, hierarchy: Hierarchy) -> tuple[Inconsistency, ...]:
    """Count, for every child, the slices on which it is predicted without its parent.

    predicted: (slices, labels) of 0/1 or bool, columns as in the hierarchy.
    """
    predicted, names = np.asarray(predicted, dtype=bool), hierarchy.label_names
    found = []
    for child, parent in _positions(hierarchy):
        on = predicted[:, child]
        slices, without = int(on.sum()), int((on & ~predicted[:, parent]).sum())
        low, high = wilson(without, slices)
        shares = (without / slices, float(low), float(high)) if slices else (None, None, None)
        found.append(Inconsistency(names[child], names[parent], slices, without, *shares))
    return tuple(found)


def inconsistent_slices(predicted: np.ndarray, hierarchy: Hierarchy) -> np.ndarray:
    """(slices,) bool: whether any child is predicted without its parent. predicted: (slices, labels) of 0/1 or bool."""
    predicted = np.asarray(predicted, dtype=bool)
    wrong = np.zeros(len(predicted), dtype=bool)
    for child, parent in _positions(hierarchy):
        wrong |= predicted[:, child] & ~predicted[:, parent]
    return wrong


def raise_parents(probabilities: np.ndarray, hierarchy: Hierarchy) -> np.ndarray:
    """Each parent gets at least its children's probability: believes the child."""
    repaired = np.array(probabilities, dtype=float)
    for child, parent in reversed(_positions(hierarchy)):
        repaired[:, parent] = np.maximum(repaired[:, parent], repaired[:, child])
    return repaired


def lower_children(probabilities: np.ndarray, hierarchy: Hierarchy) -> np.ndarray:
    """Each child gets at most its parent's probability: believes the parent."""
    repaired = np.array(probabilities, dtype=float)
    for child, parent in _positions(hierarchy):
        repaired[:, child] = np.minimum(repaired[:, child], repaired[:, parent])
    return repaired


REPAIRS: dict[str, Callable[[np.ndarray, Hierarchy], np.ndarray]] = {
    "raise parents": raise_parents,
    "lower children": lower_children,
}
"""Name -> repair. Each takes probabilities (slices, labels) in [0, 1] and returns new ones in which no child exceeds
its parent, after Obozinski et al., "Consistent probabilistic outputs for protein function prediction" (2008). Decisions
are then consistent where no parent's threshold is above its child's. Whether it helps, `evaluate` says of both."""


def repair(probabilities: np.ndarray, hierarchy: Hierarchy, how: str) -> np.ndarray:
    """Probabilities (slices, labels) repaired by a name of REPAIRS. Raises NotFound for another name."""
    if how not in REPAIRS:
        raise NotFound(f"there is no repair '{how}'; there are {', '.join(REPAIRS)}")
    return REPAIRS[how](probabilities, hierarchy)


def _positions(hierarchy: Hierarchy) -> list[tuple[int, int]]:
    """Columns of every child and its parent, from the roots downwards."""
    column = {name: position for position, name in enumerate(hierarchy.label_names)}
    return [(column[child], column[parent]) for child, parent in hierarchy.parents.items()]
