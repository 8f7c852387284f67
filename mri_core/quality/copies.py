"""From pairs of slices that show the same to findings: across splits and within one, conflicting labels marked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mri_core import words
from mri_core.datasets.dataset import SPLITS, Dataset
from mri_core.quality.finding import Finding, counted, labels_of, split_codes

CONFLICT = "labels conflict"

_ACROSS = (
    "The network has seen these slices of validation or test while it learnt, so it is judged on what it knows by "
    "heart: scores come out too high."
)
_WITHIN = (
    "A slice that is there twice counts twice, in learning and in scores, and intervals come out too narrow. Where the "
    "labels of the copies conflict, one of them is wrong."
)
_ADVICE = (
    "Leave the surplus copies out: one of each stays, in test rather than in validation, and in validation rather than "
    "in training. Where labels conflict all copies go, because nothing says which is right; correct the labels and "
    "import again to keep them."
)


def judged_last(splits: np.ndarray) -> np.ndarray:
    """(slices,) int, lowest for test, then validation, training and no split. splits: codes as `split_codes` gives."""
    return np.where(splits < 0, len(SPLITS), len(SPLITS) - 1 - splits)


def conflicting(labels: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(pairs,) bool: whether the two carry different labels. A missing label conflicts with none."""
    return (np.abs(labels[pairs[:, 0]] - labels[pairs[:, 1]]) > 0.5).any(axis=1)


def surplus(pairs: np.ndarray, conflict: np.ndarray, splits: np.ndarray) -> np.ndarray:
    """Ascending rows to leave out so that no pair is left: one of each stays, none where labels conflict.

    pairs: (n, 2) rows. conflict: (n,) bool. splits: (slices,) codes, which decide what stays.
    """
    neighbours: dict[int, list[int]] = {}
    for a, b in pairs.tolist():
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    out = set(pairs[conflict].ravel().tolist())
    order = judged_last(splits)
    for row in sorted(neighbours, key=lambda row: (order[row], row)):
        if row not in out:
            out.update(neighbours[row])
    return np.array(sorted(out), dtype=np.int64)


def copy_findings(
    dataset: Dataset, name: str, what: str, how: str, pairs: np.ndarray, notes: Sequence[str]
) -> tuple[Finding, ...]:
    """Up to two findings: pairs across splits, and within one.

    name: such as "exact". what: what the pairs are called, such as "exact duplicates". how: what makes them so, the
    end of a sentence. pairs: (n, 2) rows. notes: n, what sets the two apart.
    """
    splits, labels = split_codes(dataset), labels_of(dataset)
    across = splits[pairs[:, 0]] != splits[pairs[:, 1]]
    conflict = conflicting(labels, pairs)
    found = []
    for chosen, where, place in ((across, "across splits", "across"), (~across, "within a split", "within")):
        if not chosen.any():
            continue
        order = np.flatnonzero(chosen)[np.argsort(~conflict[chosen], kind="stable")]
        these, clash = pairs[order], conflict[order]
        clashes = f", {words.count(int(clash.sum()))} of them with conflicting labels" if clash.any() else ""
        found.append(
            Finding(
                name=f"{name}-{place}",
                title=f"{what.capitalize()} {where}",
                severity="serious" if place == "across" or clash.any() else "warning",
                count=len(these),
                of="pairs",
                summary=f"{counted(len(these), 'pairs')} of slices {where} {how}{clashes}.",
                meaning=_ACROSS if place == "across" else _WITHIN,
                advice=_ADVICE,
                rows=np.fromiter(dict.fromkeys(these.ravel().tolist()), dtype=np.int64),
                pairs=these,
                notes=tuple(
                    ", ".join(filter(None, (notes[place], CONFLICT if clashing else "")))
                    for place, clashing in zip(order, clash, strict=True)
                ),
                excluded=surplus(these, clash, splits),
            )
        )
    return tuple(found)
