"""Labels that cannot be learnt, cannot be judged, are missing, or say what another label says already."""

from __future__ import annotations

import numpy as np

from mri_core import words
from mri_core.datasets.dataset import SPLITS, Dataset
from mri_core.evaluation.hierarchy import LEAST_SHARE, Hierarchy, find_hierarchy, inconsistent_slices
from mri_core.quality.finding import Finding, labels_of, split_codes

LEAST_SUPPORT = 30
"""Slices with a label, and without it, that a split needs: with fewer, an interval of recall can be 36 points wide."""


def label_findings(dataset: Dataset) -> tuple[Finding, ...]:
    """Missing labels, labels that never or always occur, supports too small, and labels implied by others."""
    labels = labels_of(dataset)
    found = (
        _missing(dataset, labels),
        _constant(dataset, labels),
        _small(dataset, labels),
        _implied(dataset, labels),
    )
    return tuple(one for one in found if one is not None)


def _missing(dataset: Dataset, labels: np.ndarray) -> Finding | None:
    missing = np.isnan(labels)
    rows = np.flatnonzero(missing.any(axis=1))
    if not len(rows):
        return None
    names = np.array(dataset.label_names, dtype=object)
    return Finding(
        name="missing-labels",
        title="Missing labels",
        severity="serious",
        count=len(rows),
        of="slices",
        summary=f"{words.count(len(rows))} of {words.count(len(labels))} slices lack a value of one label or more.",
        meaning="Nothing can be learnt from an unknown label or judged against it, and taking it for 0 would call "
        "right answers false positives.",
        advice="Fill the gaps in the table and import again, or leave these slices out.",
        rows=rows,
        notes=tuple(f"lacks {', '.join(names[missing[row]])}" for row in rows),
        excluded=rows,
        table=tuple(
            {"label": name, "missing": int(count)}
            for name, count in zip(names, missing.sum(axis=0), strict=True)
            if count
        ),
    )


def _constant(dataset: Dataset, labels: np.ndarray) -> Finding | None:
    on, known = (labels == 1).sum(axis=0), (~np.isnan(labels)).sum(axis=0)
    never, always = (known > 0) & (on == 0), (known > 0) & (on == known)
    if not (never | always).any():
        return None
    table = tuple(
        {"label": name, "occurs": "always" if always[i] else "never", "slices": int(known[i])}
        for i, name in enumerate(dataset.label_names)
        if never[i] or always[i]
    )
    told = ", ".join(f"{row['label']} {row['occurs']} occurs" for row in table)
    return Finding(
        name="constant-labels",
        title="Labels that never or always occur",
        severity="warning",
        count=len(table),
        of="labels",
        summary=f"Among the slices {told}.",
        meaning="There is nothing to tell apart: recall, ROC AUC and average precision of such a label are undefined, "
        "and it makes shares of right answers look better than they are.",
        advice="Import again without the label, or add slices of the other kind.",
        table=table,
    )


def _small(dataset: Dataset, labels: np.ndarray) -> Finding | None:
    splits = split_codes(dataset)
    table = []
    for code, split in enumerate(SPLITS):
        inside = labels[splits == code]
        for name, values in zip(dataset.label_names, inside.T, strict=True):
            on, off = int((values == 1).sum()), int((values == 0).sum())
            if min(on, off) < LEAST_SUPPORT:
                table.append({"split": split, "label": name, "with": on, "without": off})
    if not table:
        return None
    affected = len({row["label"] for row in table})
    return Finding(
        name="small-support",
        title="Supports too small to evaluate",
        severity="warning",
        count=affected,
        of="labels",
        summary=f"{words.count(affected)} of {words.count(len(dataset.label_names))} labels have fewer than "
        f"{LEAST_SUPPORT} slices with them, or without them, in at least one split.",
        meaning="Scores of such a label on that split are mostly chance: intervals are wide, and the macro average, "
        "which weighs every label equally, sways with them.",
        advice="Read the intervals, not the scores; give the split a larger share, collect more slices, or leave the "
        "label out of macro averages.",
        table=tuple(table),
    )


def _implied(dataset: Dataset, labels: np.ndarray) -> Finding | None:
    known = ~np.isnan(labels).any(axis=1)
    training = known & (split_codes(dataset) == SPLITS.index("train"))
    if not training.any():
        return None
    tree = find_hierarchy(labels[training] == 1, dataset.label_names)
    if not tree.parents:
        return None
    rows = np.flatnonzero(known & inconsistent_slices(labels == 1, tree))
    exceptions = f" {words.count(len(rows))} slices break this rule." if len(rows) else " No slice breaks this rule."
    names = ", ".join(f"{child} in {parent}" for child, parent in tree.parents.items())
    return Finding(
        name="implied-labels",
        title="Labels implied by others",
        severity="note",
        count=len(tree.parents),
        of="labels",
        summary=f"Nested: {names}. At least {words.percent(LEAST_SHARE)} of the training slices that carry the one "
        f"carry the other too.{exceptions}",
        meaning="Nested labels are no fault, but their scores are not independent: an error on the outer one tends to "
        "be one on the inner one. A slice that breaks the rule may be labelled wrongly.",
        advice="Look at the slices that break the rule and correct their labels; the Failures page of a run says "
        "whether its answers respect the tree."
        if len(rows)
        else "Nothing has to be done; the Failures page of a run says whether its answers respect the tree.",
        rows=rows,
        notes=tuple(_broken(labels[row], tree) for row in rows),
        excluded=rows,
        table=tuple(_outline(tree)),
    )


def _broken(values: np.ndarray, tree: Hierarchy) -> str:
    on = dict(zip(tree.label_names, values == 1, strict=True))
    return ", ".join(
        f"{child} without {parent}" for child, parent in tree.parents.items() if on[child] and not on[parent]
    )


def _outline(tree: Hierarchy) -> list[dict[str, object]]:
    """Every label beneath its parent, with its support and the share of it that carries the parent."""
    names = tree.label_names
    lines = []
    for name, depth in tree.tree():
        row, parent = names.index(name), tree.parents.get(name)
        share = float(tree.share[row, names.index(parent)]) if parent is not None else None
        lines.append({"label": name, "depth": depth, "training_slices": int(tree.support[row]), "with_parent": share})
    return lines
