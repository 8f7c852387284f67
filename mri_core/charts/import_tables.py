"""What an import would take, and what it came to, as tables in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mri_core import words
from mri_core.datasets.dataset import SPLITS

if TYPE_CHECKING:
    import pandas as pd

MANY = {
    "row without a file": "rows without a file",
    "file without a row": "files without a row",
    "duplicate": "duplicates",
    "conflicting duplicate": "conflicting duplicates",
}
"""A reason to leave something out -> what several of it are called; others are called the same."""
_NONE = "–"


def mapping_table(mapping: Mapping[str, str]) -> pd.DataFrame:
    """What was found -> where."""
    import pandas as pd

    return pd.DataFrame({"What": [name.capitalize() for name in mapping], "Where": list(mapping.values())})


def rows_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The first slices as they will stand in the index, unknown values as a dash."""
    import pandas as pd

    return pd.DataFrame([{name: _NONE if value is None else str(value) for name, value in row.items()} for row in rows])


def left_out_table(entries: Iterable[Mapping[str, str]]) -> pd.DataFrame:
    """What is left out, and why."""
    import pandas as pd

    lines = [{"What": one["what"], "Reason": one["reason"].capitalize(), "Why": one["why"]} for one in entries]
    return pd.DataFrame(lines, columns=["What", "Reason", "Why"])


def counts_in_words(counts: Mapping[str, int]) -> str:
    """`12 skipped, 1 row without a file`; empty where nothing is left out."""
    return ", ".join(
        f"{words.count(number)} {reason if number == 1 else MANY.get(reason, reason)}"
        for reason, number in counts.items()
        if number
    )


def prevalence_table(prevalence: Mapping[str, Mapping[str, float | None]]) -> pd.DataFrame:
    """The share of slices with each label: wanted (of all slices) and achieved in each split, with the largest gap.

    prevalence: as `Summary.prevalence`.
    """
    import pandas as pd

    lines = []
    for label, shares in prevalence.items():
        wanted = shares["wanted"]
        gaps = [abs(share - wanted) for split in SPLITS if (share := shares[split]) is not None and wanted is not None]
        lines.append(
            {
                "Label": label,
                "Wanted: all slices": _share(wanted),
                **{split.capitalize(): _share(shares[split]) for split in SPLITS},
                "Largest gap, points": f"{100 * max(gaps):.1f}" if gaps else _NONE,
            }
        )
    return pd.DataFrame(lines)


def _share(share: float | None) -> str:
    return _NONE if share is None else words.percent(share)
