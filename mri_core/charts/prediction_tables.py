"""Predictions in words and tables: what is concluded, why to doubt it, and where runs disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mri_core import words
from mri_core.charts.prediction import Concluded
from mri_core.prediction.predictor import Prediction
from mri_core.prediction.volume import VolumeAnswer

if TYPE_CHECKING:
    import pandas as pd

_NAMED = 12  # slices that are listed


def conclusion(answer: Concluded) -> str:
    """The labels that are concluded, or "no finding"."""
    return ", ".join(answer.labels) or "no finding"


def nothing_reached(answer: Concluded) -> str:
    """How far the label that comes nearest is below its threshold; "" where a label reaches its own."""
    if answer.labels or not answer.probabilities:
        return ""
    short = {label: answer.thresholds[label] - value for label, value in answer.probabilities.items()}
    nearest = min(short, key=lambda label: short[label])
    return (
        f"No label reaches its threshold. The nearest is {nearest}: its probability of "
        f"{words.score(answer.probabilities[nearest])} is {words.score(short[nearest])} below the threshold of "
        f"{words.score(answer.thresholds[nearest])}."
    )


def doubts(predictions: Mapping[str, Prediction]) -> list[str]:
    """Why not to believe the answers to one slice, each sentence once, with the run's name unless all runs say it.

    predictions: by the run's name.
    """
    sentences = list(dict.fromkeys(sentence for one in predictions.values() for sentence in one.warnings))
    told = []
    for sentence in sentences:
        runs = [name for name, one in predictions.items() if sentence in one.warnings]
        told.append(sentence if len(runs) == len(predictions) else f"{', '.join(runs)}: {sentence}")
    return told


def doubted_slices(predictions: Sequence[Prediction]) -> str:
    """About which slices of a volume there is a reason to doubt; "" where about none."""
    doubted = [str(number) for number, one in enumerate(predictions, start=1) if one.warnings]
    if not doubted:
        return ""
    if len(doubted) == len(predictions):
        return f"There are doubts about all {words.count(len(doubted))} slices, told with each slice."
    which = ", ".join(doubted[:_NAMED]) + (", …" if doubted[_NAMED:] else "")
    return (
        f"There are doubts about {words.count(len(doubted))} of {words.count(len(predictions))} slices, told with each "
        f"slice: {which}."
    )


def known_labels(answers: Mapping[str, Concluded]) -> list[str]:
    """All labels that runs know, each once, in the order of the runs."""
    return list(dict.fromkeys(label for answer in answers.values() for label in answer.probabilities))


def agreement(answers: Mapping[str, Concluded]) -> str:
    """Whether runs conclude the same, or on which labels they do not, and who does. answers: by the run's name.

    Labels are matched by name; those that a single run knows are not compared.
    """
    shared, disputed = {}, []
    for label in known_labels(answers):
        knowing = {run: answer for run, answer in answers.items() if label in answer.probabilities}
        if len(knowing) < 2:
            continue
        values = [answer.probabilities[label] for answer in knowing.values()]
        shared[label] = max(values) - min(values)
        on = [run for run, answer in knowing.items() if label in answer.labels]
        off = [run for run in knowing if run not in on]
        if on and off:
            does, not_ = ("concludes" if len(on) == 1 else "conclude"), ("does" if len(off) == 1 else "do")
            disputed.append(f"on {label} ({_listed(on)} {does} it, {_listed(off)} {not_} not)")
    if not shared:
        return "The runs have no label in common, so there is nothing to compare."
    if disputed:
        return f"The runs disagree {_listed(disputed)}."
    which = "" if len(shared) == len(known_labels(answers)) else " of the labels they share"
    widest = max(shared, key=lambda label: shared[label])
    return (
        f"All {len(answers)} runs conclude the same{which}. Their probabilities differ most on {widest}, by "
        f"{words.score(shared[widest])}."
    )


def runs_table(answers: Mapping[str, Concluded]) -> pd.DataFrame:
    """One row a label, one column a run: probability, threshold and conclusion in one cell.

    answers: by the run's name, told apart.
    """
    import pandas as pd

    rows = [
        {"label": label} | {run: _cell(answer, label) for run, answer in answers.items()}
        for label in known_labels(answers)
    ]
    return pd.DataFrame(rows)


def patient_table(answer: VolumeAnswer) -> pd.DataFrame:
    """One row a label: what is concluded of the patient, and what of the slices behind it."""
    import pandas as pd

    rows = [
        {
            "label": label,
            "patient": _cell(answer, label),
            "highest slice": f"{words.score(answer.highest[label])} in slice {words.count(answer.peaks[label] + 1)}",
            "slices at or above": f"{words.count(answer.reached[label])} of {words.count(answer.slices)}",
        }
        for label in answer.probabilities
    ]
    return pd.DataFrame(rows)


def patient_rule(answer: VolumeAnswer) -> str:
    """How the answer for a patient follows from those for the slices."""
    which = f"the {answer.top} slices of {words.count(answer.slices)} in which it is most probable"
    if answer.top == answer.slices:
        which = f"all {words.count(answer.slices)} slices"
    return (
        f"For the patient a label has its mean probability over {which}, held against its threshold for slices: the "
        "rule by which reports score patients. The highest slice alone would conclude too much: of many slices, one is "
        "high by chance."
    )


def _cell(answer: Concluded, label: str) -> str:
    if label not in answer.probabilities:
        return "no such label"
    sign, state = ("≥", "on") if label in answer.labels else ("<", "off")
    return f"{words.score(answer.probabilities[label])} {sign} {words.score(answer.thresholds[label])} {state}"


def _listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([*([", ".join(parts[:-1])] if parts[1:] else []), parts[-1]])
