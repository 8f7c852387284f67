"""Where a run fails, as tables: the numbers behind the charts, and the label tree with its repairs in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mri_core import words
from mri_core.evaluation.comparison import Difference
from mri_core.evaluation.failures import LabelSetConfusion
from mri_core.prediction.run_consistency import Consistency, Repaired
from mri_core.prediction.run_failures import INTENSITY, LABELS_CARRIED, POSITION, JudgedSlice

if TYPE_CHECKING:
    import pandas as pd

COVARIATES = {
    POSITION: "position (mm, or a slice number)",
    LABELS_CARRIED: "labels that the slice carries",
    INTENSITY: "mean intensity (of 0–255)",
}
"""What errors are set against -> how its axis is named."""
REPAIRS_IN_WORDS = {
    "raise parents": "Raise parents to their children",
    "lower children": "Lower children to their parents",
}


def set_name(labels: Sequence[str]) -> str:
    return " + ".join(labels) or "no finding"


def set_names(confusion: LabelSetConfusion) -> list[str]:
    """Names of the rows, which are those of the columns."""
    return [*map(set_name, confusion.sets), *(["any other set"] if confusion.other else [])]


def span(low: float, high: float) -> str:
    """The values of a bin; NaN for both is unknown."""
    if math.isnan(low):
        return "unknown"
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def label_set_table(confusion: LabelSetConfusion) -> pd.DataFrame:
    """One row for each pair of sets that occurs: truth, predicted, slices, and their share of the true set's."""
    import pandas as pd

    names = set_names(confusion)
    rows = [
        (names[i], names[j], int(count), count / row.sum())
        for i, row in enumerate(confusion.counts)
        for j, count in enumerate(row)
        if count
    ]
    return pd.DataFrame(rows, columns=["truth", "predicted", "slices", "share_of_truth"])


def error_rate_table(rates: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Error rates by every covariate, one under the other, named in the column "by"."""
    import pandas as pd

    tables = [table.assign(by=name) for name, table in rates.items()]
    return pd.concat(tables, ignore_index=True)[["by", *tables[0].columns.drop("by")]]


def in_percent(table: pd.DataFrame) -> pd.DataFrame:
    """The same table with its rates times 100, for columns that write "%" behind."""
    rates = [name for name in table if str(name).startswith("rate")]
    return table.assign(**{str(name): 100 * table[name] for name in rates})


def slices_table(slices: Sequence[JudgedSlice]) -> pd.DataFrame:
    """One row a slice: id, patient, true and predicted labels, loss, and the probability of every label."""
    import pandas as pd

    rows = [
        {
            "id": one.id,
            "patient": one.patient,
            "truth": set_name(one.truth),
            "predicted": set_name(one.labels),
            "loss": one.loss,
            **{f"probability/{name}": value for name, value in one.probabilities.items()},
        }
        for one in slices
    ]
    return pd.DataFrame(rows)


def tree_in_words(found: Consistency) -> pd.DataFrame:
    """The label tree as an outline, and how often each child is predicted without its parent; labels as Markdown."""
    import pandas as pd

    tree, names = found.hierarchy, found.hierarchy.label_names
    broken = {one.child: one for one in found.broken}
    rows = {}
    for name, depth in tree.tree():
        row = names.index(name)
        indented = "\u2003" * (2 * depth - 1) + "└\u2002" * bool(depth) + words.plain(name)
        rows[indented] = {
            "Training slices": words.count(int(tree.support[row])),
            "That carry the parent too": "–",
            "Predicted here": "–",
            "Without its parent": "–",
        }
        if name in broken:
            one = broken[name]
            with_parent = float(tree.share[row, names.index(one.parent)])
            rows[indented] |= {
                "That carry the parent too": words.percent(with_parent),
                "Predicted here": words.count(one.predicted),
                "Without its parent": "undefined (predicted nowhere)"
                if one.share is None or one.low is None or one.high is None
                else f"{words.count(one.without_parent)}, {words.percent(one.share)} "
                f"({words.percent(one.low)} to {words.percent(one.high)})",
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def repairs_in_words(found: Consistency) -> pd.DataFrame:
    """F1 before and after each repair, and what it adds with its interval; rows are the repairs."""
    import pandas as pd

    before = next(iter(found.repairs.values())).differences.values()
    rows = {"As the model answers": ["–", words.count(found.inconsistent), *(words.score(score.a) for score in before)]}
    for name, one in found.repairs.items():
        after = [
            f"{words.score(difference.b)}, {change}"
            for difference, change in zip(one.differences.values(), changes_in_words(one), strict=True)
        ]
        rows[REPAIRS_IN_WORDS[name]] = [words.count(one.changed), words.count(one.inconsistent), *after]
    columns = ["Slices it changes", "Slices that break the tree", "Micro-F1", "Macro-F1"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def repairs_table(found: Consistency) -> pd.DataFrame:
    """The numbers of `repairs_in_words`, one row for each repair and score."""
    import pandas as pd

    rows = [
        {
            "repair": name,
            "score": score,
            "before": difference.a,
            "after": difference.b,
            "difference": difference.value,
            "low": difference.low,
            "high": difference.high,
            "p_value": difference.p_value,
            "adjusted_p": difference.adjusted_p,
            "changed_slices": one.changed,
            "inconsistent_before": found.inconsistent,
            "inconsistent_after": one.inconsistent,
        }
        for name, one in found.repairs.items()
        for score, difference in one.differences.items()
    ]
    return pd.DataFrame(rows)


def repairs_resampled(found: Consistency) -> str:
    """Where the changes come from, and what becomes of them."""
    resampling = found.resampling
    how = ""
    if resampling is not None:
        how = (
            f"Changes with 95 % intervals by paired bootstrap over {words.count(resampling.number)} "
            f"{resampling.unit}s, {words.count(resampling.resamples)} resamples, at the model's thresholds. "
        )
    return f"{how}Nothing of this is stored: the run's predictions and its model stay as they are."


def changes_in_words(repaired: Repaired) -> list[str]:
    """What a repair adds to each score: `+0.004 (-0.001 to +0.009)`, or why there is no interval."""
    return [_difference(one) if repaired.changed else "no change" for one in repaired.differences.values()]


def _difference(one: Difference) -> str:
    if math.isnan(one.value):
        return one.reason
    if one.reason:
        return f"{words.difference(one.value)}, interval {one.reason}"
    return f"{words.difference(one.value)} ({words.difference(one.low)} to {words.difference(one.high)})"
