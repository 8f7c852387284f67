"""Whether labels are as frequent in every split, by a test that knows that slices of one patient go together.

A plain chi-squared test takes slices as independent and finds shifts that are not there. Rao & Scott, "A simple method
for the analysis of clustered binary data" (1992), divides the counts of every split by its design effect: how many
times larger the variance of its prevalence is than it were with independent slices.
"""

from __future__ import annotations

import math

import numpy as np

from mri_core.datasets.dataset import SPLITS, Dataset
from mri_core.evaluation.clusters import Clusters, find_clusters
from mri_core.evaluation.mcnemar import holm
from mri_core.quality.finding import Finding, labels_of, split_codes

LEVEL = 0.05
"""Chance that any label is called shifted where none is."""
FEWEST_CLUSTERS = 10
"""Patients of a split below which its variance cannot be told."""


def prevalence_shift(dataset: Dataset) -> tuple[Finding, ...]:
    """At most one finding, about all labels (and *no finding*) whose prevalence differs between splits."""
    labels, splits = labels_of(dataset), split_codes(dataset)
    known = ~np.isnan(labels).any(axis=1) & (splits >= 0)
    truth, splits = labels[known] > 0, splits[known]
    patients = dataset.columns("patient")["patient"].to_numpy(dtype=object)[known]
    clusters = find_clusters(patients, len(truth))
    # By place, because a label may itself be called "no finding".
    carried = dict(enumerate([*truth.T, ~truth.any(axis=1)]))
    p_values = holm({place: homogeneity(values, splits, clusters) for place, values in carried.items()})
    shifted = [place for place, p_value in p_values.items() if p_value < LEVEL]
    if not shifted:
        return ()
    names = [*dataset.label_names, "no finding"]
    table = tuple(
        {"label": names[place], **_shares(carried[place], splits), "p_value": p_values[place]} for place in shifted
    )
    widest = max(_range(carried[place], splits) for place in shifted)
    unit = "patients" if clusters.unit == "patient" else "slices, because not every patient is known"
    return (
        Finding(
            name="prevalence-shift",
            title="Prevalence shift between splits",
            severity="serious" if widest > 0.1 else "warning",
            count=len(shifted),
            of="labels",
            summary=f"{', '.join(names[place] for place in shifted)}: not equally frequent in every split, by up to "
            f"{widest * 100:.1f} points, which chance does not explain (Rao–Scott chi-squared test over {unit}, "
            f"Holm-adjusted, p < {LEVEL:g}).",
            meaning="Precision, F1 and calibration depend on prevalence: scores on validation say little about test, "
            "and thresholds chosen on one split are off on the other.",
            advice="Split again, by patient and stratified by label sets: import the same files without their split "
            "column. If the splits differ on purpose (another hospital, another year), keep them and compare ROC AUC, "
            "which does not depend on prevalence.",
            table=table,
        ),
    )


def homogeneity(values: np.ndarray, splits: np.ndarray, clusters: Clusters) -> float:
    """p-value of the Rao–Scott test that all splits have one prevalence; NaN where it cannot be told.

    values: (slices,) bool. splits: (slices,) int. clusters: patients of the slices; a split with fewer than
    FEWEST_CLUSTERS of them is left out.
    """
    from scipy.special import chdtrc

    positives, slices = [], []
    for split in np.unique(splits):
        inside = splits == split
        of = clusters.of(inside)
        if of.number < FEWEST_CLUSTERS:
            continue
        effect = design_effect(values[inside], of)
        positives.append(values[inside].sum() / effect)
        slices.append(inside.sum() / effect)
    on, of_all = np.array(positives), np.array(slices)
    pooled = on.sum() / of_all.sum() if len(on) > 1 else math.nan
    if not 0 < pooled < 1:
        return math.nan
    statistic = ((on - of_all * pooled) ** 2 / (of_all * pooled * (1 - pooled))).sum()
    return float(chdtrc(len(on) - 1, statistic))


def design_effect(values: np.ndarray, clusters: Clusters) -> float:
    """Variance of a prevalence over clusters as a multiple of that over independent slices; 1 where there is none."""
    sums = clusters.sums(np.column_stack([values, np.ones(len(values))]))
    share = values.mean()
    independent = share * (1 - share) / len(values)
    if independent == 0:
        return 1.0
    residuals = sums[:, 0] - share * sums[:, 1]
    number = clusters.number
    clustered = number / (number - 1) * (residuals**2).sum() / len(values) ** 2
    return float(clustered / independent) or 1.0


def _shares(values: np.ndarray, splits: np.ndarray) -> dict[str, float | None]:
    return {
        split: float(values[splits == code].mean()) if (splits == code).any() else None
        for code, split in enumerate(SPLITS)
    }


def _range(values: np.ndarray, splits: np.ndarray) -> float:
    shares = [share for share in _shares(values, splits).values() if share is not None]
    return max(shares) - min(shares)
