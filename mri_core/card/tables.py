"""What a card says of data, settings, thresholds, calibration and failures, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mri_core import words
from mri_core.card.card import Card
from mri_core.card.repeat import nearest_preset
from mri_core.card.score_tables import NONE
from mri_core.charts.calibration_tables import KINDS
from mri_core.charts.failure_tables import REPAIRS_IN_WORDS, set_names
from mri_core.charts.threshold_tables import NOT_CHOSEN
from mri_core.documents.parts import Badge, Cell, Column, Table, Value
from mri_core.evaluation.calibration import Calibration
from mri_core.evaluation.comparison import Difference
from mri_core.evaluation.failures import LabelSetConfusion
from mri_core.evaluation.thresholds import ChosenThreshold
from mri_core.prediction.run_consistency import Consistency
from mri_core.training.presets import PRESETS
from mri_core.training.spec import TrainingSpec

MOST_CONFUSED = 8


def data_table(card: Card) -> Table:
    """How many slices and patients each split has, and how many slices carry each label."""
    splits = _counts(card)
    rows: list[tuple[Cell, ...]] = [("Slices", *(words.count(found["slices"]) for found in splits.values()))]
    if card.data:
        known = (card.data.patients[split] for split in splits)
        rows.append(("Patients", *("unknown" if number is None else words.count(number) for number in known)))
    for name in card.run.label_names:
        rows.append((name, *(_share(found["positives"][name], found) for found in splits.values())))
    rows.append(("no finding", *(_share(found["no_finding"], found) for found in splits.values())))
    return Table((Column(""), *(Column(split.capitalize(), True) for split in splits)), tuple(rows))


def settings_table(spec: TrainingSpec) -> Table:
    """Every training setting, and which differ from the nearest preset."""
    preset, changes = nearest_preset(spec)
    rows: list[tuple[Cell, ...]] = []
    for name, field in TrainingSpec.model_fields.items():
        theirs = words.choice(getattr(PRESETS[preset], name))
        changed: Cell = Badge("changed", "open", f"{theirs} in the preset") if name in changes else ""
        rows.append((field.title or name, words.choice(getattr(spec, name)), changed))
    return Table((Column("Setting"), Column("Value"), Column(f"Beside the preset {preset}")), tuple(rows))


def thresholds_table(card: Card) -> Table:
    """Each label's threshold, where it came from, and its scores there when it was chosen."""
    columns = (
        Column("Label"),
        Column("Threshold", numeric=True),
        Column("Why"),
        *(Column(f"{title} then", numeric=True) for title in ("Sensitivity", "Precision", "F1")),
    )
    return Table(columns, tuple(_threshold_row(card, name) for name in card.description.labels))


def calibration_table(card: Card) -> Table:
    """How each label's probabilities are calibrated, and how far they can be believed before and after.

    The error is the expected calibration error on the split that the card is about.
    """
    titles = ("Held-out log loss before", "and after", f"Error on {card.split} before", "and after")
    columns = (Column("Label"), Column("Calibration"), *(Column(title, numeric=True) for title in titles))
    return Table(columns, tuple(_calibration_row(card, name) for name in card.description.labels))


def confusion_table(confusion: LabelSetConfusion) -> Table:
    """The label sets that are most often taken for another."""
    names = set_names(confusion)
    wrong = [
        (names[truth], names[answer], int(slices), slices / of_truth.sum())
        for truth, of_truth in enumerate(confusion.counts)
        for answer, slices in enumerate(of_truth)
        if slices and truth != answer
    ]
    wrong.sort(key=lambda row: -row[2])
    rows = ((*pair, words.count(slices), words.percent(share)) for *pair, slices, share in wrong[:MOST_CONFUSED])
    columns = Column("True label set"), Column("Taken for"), Column("Slices", True), Column("Of that set", True)
    return Table(columns, tuple(rows), "The most frequent confusions")


def broken_table(consistency: Consistency) -> Table:
    """How often each child is predicted without its parent."""
    titles = ("Predicted", "Without it", "Share")
    rows = (
        (
            one.child,
            one.parent,
            words.count(one.predicted),
            words.count(one.without_parent),
            Value("undefined", "(never predicted)")
            if one.share is None
            else Value(words.percent(one.share), f"({words.percent(one.low)}–{words.percent(one.high)})"),
        )
        for one in consistency.broken
    )
    return Table((Column("Label"), Column("Lies in"), *(Column(title, True) for title in titles)), tuple(rows))


def repairs_table(consistency: Consistency) -> Table:
    """What making the answers consistent would change."""
    titles = {"micro_f1": "Micro-F1 changes by", "macro_f1": "Macro-F1 changes by"}
    rows: list[tuple[Cell, ...]] = []
    for how, repaired in consistency.repairs.items():
        slices = f"{words.count(consistency.inconsistent)} → {words.count(repaired.inconsistent)}"
        rows.append((REPAIRS_IN_WORDS[how], slices, *(_difference(repaired.differences[score]) for score in titles)))
    columns = (Column("Repair"), Column("Inconsistent slices", True), *(Column(each, True) for each in titles.values()))
    return Table(columns, tuple(rows))


def _counts(card: Card) -> Mapping[str, Mapping[str, Any]]:
    """Slices, no finding and positives of each split; of the predicted ones only, where the data set is gone."""
    if card.data:
        return card.data.statistics["splits"]
    evaluations = {split: report.evaluation for split, report in card.reports.items()}
    return {
        split: {
            "slices": found.counts.slices,
            "no_finding": found.overall.no_finding.slices,
            "positives": dict(zip(found.label_names, found.counts.support.tolist(), strict=True)),
        }
        for split, found in evaluations.items()
    }


def _share(number: int, split: Mapping[str, Any]) -> Value:
    slices = split["slices"]
    return Value(words.count(number), f"({words.percent(number / slices)})" if slices else "")


def _threshold_row(card: Card, name: str) -> tuple[Cell, ...]:
    threshold, choice = f"{card.description.thresholds[name]:.3f}", card.description.threshold_choices.get(name)
    if choice is None:
        moved = ", moved along with the calibration" if name in card.description.calibration else ""
        return name, threshold, NOT_CHOSEN + moved, NONE, NONE, NONE
    point = choice.operating_point
    scores = (words.score(score) for score in (point.sensitivity, point.precision, point.f1))
    return name, threshold, Value(choice.rule_in_words, _chosen(choice)), *scores


def _calibration_row(card: Card, name: str) -> tuple[Cell, ...]:
    effect, calibration = card.effects.labels[name], card.description.calibration.get(name)
    errors = (
        NONE if one is None else words.score(one.curve.expected_calibration_error)
        for one in (effect.before, effect.after)
    )
    if calibration is None:
        return name, "none", NONE, NONE, *errors
    losses = words.score(calibration.log_loss_before), words.score(calibration.log_loss_after)
    return name, Value(KINDS[calibration.kind], _chosen(calibration)), *losses, *errors


def _chosen(what: ChosenThreshold | Calibration) -> str:
    """On which slices, and when."""
    date = words.moment(datetime.fromisoformat(what.date), UTC)
    return f"on {what.split} with {words.count(what.support)} positives, {date} UTC"


def _difference(found: Difference) -> Value:
    interval = (
        f"interval {found.reason}"
        if found.reason
        else f"({words.difference(found.low)} to {words.difference(found.high)})"
    )
    return Value(words.difference(found.value), interval)
