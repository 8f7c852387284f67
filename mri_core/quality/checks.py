"""All checks of a data set, by name, and what they found together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mri_core.datasets.dataset import Dataset
from mri_core.errors import InvalidInput, NotFound
from mri_core.quality.exact import exact_duplicates
from mri_core.quality.finding import SEVERITIES, Finding
from mri_core.quality.intensities import intensity_findings
from mri_core.quality.labelling import label_findings
from mri_core.quality.leakage import leaked_patients
from mri_core.quality.near import near_duplicates
from mri_core.quality.prevalence import prevalence_shift
from mri_core.quality.unlike import unlike_the_rest

Check = Callable[[Dataset], tuple[Finding, ...]]

CHECKS: dict[str, Check] = {
    "exact-duplicates": exact_duplicates,
    "near-duplicates": near_duplicates,
    "patients": leaked_patients,
    "prevalence": prevalence_shift,
    "intensities": intensity_findings,
    "unlike": unlike_the_rest,
    "labels": label_findings,
}
"""Name -> check. A data set without what it looks for gives no finding."""


@dataclass(frozen=True, eq=False)
class Quality:
    """What was looked for, and found: the worst first, in the order of CHECKS where equal.

    found: check -> its findings, for every check that ran.
    """

    dataset: Dataset
    found: dict[str, tuple[Finding, ...]]

    @property
    def findings(self) -> list[Finding]:
        every = [finding for findings in self.found.values() for finding in findings]
        return sorted(every, key=lambda finding: SEVERITIES.index(finding.severity))

    def named(self, name: str) -> list[Finding]:
        """The finding of this name, or all of the check of this name; none where nothing was found.

        Raises NotFound for a name that is neither.
        """
        if name in self.found:
            return list(self.found[name])
        if found := [finding for finding in self.findings if finding.name == name]:
            return found
        known = [*self.found, *(finding.name for finding in self.findings)]
        raise NotFound(f"there is no check or finding '{name}'; expected one of {', '.join(known)}")


def check_dataset(
    dataset: Dataset,
    only: Sequence[str] = (),
    progress: Callable[[str, int, int], None] | None = None,
    checks: Mapping[str, Check] = CHECKS,
) -> Quality:
    """Run the checks. only: names of them, all when empty. checks: what there is, where that is more than CHECKS.

    progress: called before every check with its name, the checks done and the checks in all.
    Raises NotFound for a check that does not exist.
    """
    for name in only:
        if name not in checks:
            raise NotFound(f"there is no check '{name}'; expected one of {', '.join(checks)}")
    chosen = [name for name in checks if not only or name in only]
    found = {}
    for done, name in enumerate(chosen):
        if progress:
            progress(name, done, len(chosen))
        found[name] = checks[name](dataset)
    return Quality(dataset, found)


def to_exclude(findings: Sequence[Finding]) -> np.ndarray:
    """Ascending rows that a version without any of these findings lacks. Raises InvalidInput when there is none."""
    rows = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(finding.excluded for finding in findings)]))
    if not len(rows):
        names = ", ".join(finding.title for finding in findings) or "nothing was found"
        raise InvalidInput(f"there is no slice to leave out ({names}); choose findings that are about slices")
    return rows
