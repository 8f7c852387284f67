"""Patients whose slices are in more than one split."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mri_core import words
from mri_core.datasets.dataset import SPLITS, Dataset
from mri_core.quality.finding import Finding, split_codes


def leaked_patients(dataset: Dataset) -> tuple[Finding, ...]:
    """At most one finding. Leaving a leaked patient's slices out of all splits but one mends it."""
    patients, found = pd.factorize(dataset.columns("patient")["patient"])
    names = found.tolist()
    splits = split_codes(dataset)
    known = (patients >= 0) & (splits >= 0)
    slices = np.zeros((len(names), len(SPLITS)), dtype=np.int64)
    np.add.at(slices, (patients[known], splits[known]), 1)
    leaked = (slices > 0).sum(axis=1) > 1
    if not leaked.any():
        return ()
    # A patient stays where most of its slices are, in the split judged last where two have as many.
    home = len(SPLITS) - 1 - slices[:, ::-1].argmax(axis=1)
    theirs = np.flatnonzero(known & leaked[np.where(known, patients, 0)])
    away = splits[theirs] != home[patients[theirs]]
    order = theirs[np.lexsort((theirs, ~away, patients[theirs]))]
    count = int(leaked.sum())
    return (
        Finding(
            name="leaked-patients",
            title="Patients in more than one split",
            severity="serious",
            count=count,
            of="patients",
            summary=f"{words.count(count)} of {words.count(len(names))} patients have slices in more than one split, "
            f"{words.count(len(theirs))} slices in all.",
            meaning="Slices of one patient resemble each other, so the network recognises the patient rather than the "
            "finding: scores come out higher than they will be on new patients, and intervals and tests that take "
            "patients as independent no longer hold.",
            advice="Split again by patient: import the same files without their split column. Or leave each such "
            "patient out of all splits but the one that holds most of its slices.",
            rows=order,
            notes=tuple(f"{words.count(int(slices[patients[row]].sum()))} slices of the patient" for row in order),
            excluded=theirs[away],
            table=tuple(
                {"patient": str(names[patient]), **dict(zip(SPLITS, slices[patient].tolist(), strict=True))}
                for patient in np.flatnonzero(leaked)
            ),
        ),
    )
