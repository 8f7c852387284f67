"""The parts of a card that say how good a run is, and how far its probabilities can be believed."""

from __future__ import annotations

from mri_core import words
from mri_core.card.card import Card
from mri_core.card.score_tables import (
    baselines_table,
    classification_table,
    ranking_table,
    score_cell,
    strata_table,
)
from mri_core.card.tables import calibration_table
from mri_core.charts.calibration import reliability_figure
from mri_core.charts.score_tables import resampling_in_words
from mri_core.charts.scores import draw_report
from mri_core.charts.theme import label_colours
from mri_core.documents.parts import Figure, Grid, Part, Text, plain

SAMPLES = (
    "In the samples average a slice without any label counts as zero, as in the published study; the row beneath it "
    "leaves those slices out."
)
PATIENTS = (
    "A patient carries a label when any slice does. Its probability is that of the most probable slice, or the mean of "
    "the three most probable."
)
BASELINES = (
    "Predict nothing and predict everything answer alike on every slice. Prevalence answers with how frequent each "
    "label is in training, and draws labels with that chance."
)
_MICRO_F1 = ("averages", "micro", "f1")


def score_in_words(card: Card) -> str:
    """What the run is worth, in a sentence or two."""
    judgement = card.reports[card.split].judgement
    slices = judgement.slices.evaluation.counts.slices
    everything = judgement.baselines["predict everything"][_MICRO_F1]
    resampling = judgement.slices.intervals.resampling
    whom = f" of {words.count(resampling.number)} patients" if resampling.unit == "patient" else ""
    return (
        f"{words.choice(card.run.spec.architecture)} trained on {card.run.dataset_name}: micro-F1 "
        f"{plain(score_cell(judgement.slices, _MICRO_F1))} on {words.count(slices)} {card.split} slices{whom}. "
        f"Predicting every label on every slice reaches {words.score(everything)}."
    )


def score_parts(card: Card, split: str) -> tuple[Part, ...]:
    report = card.reports[split]
    judgement, figures = report.judgement, draw_report(report)
    curves = [Figure(figures.precision_recall), Figure(figures.roc)]
    missing = [name for name, curve in report.roc.items() if curve is None]
    return (
        classification_table(judgement.slices),
        Text(f"{resampling_in_words(judgement.slices)} {SAMPLES}"),
        ranking_table(judgement.slices),
        baselines_table(judgement),
        Text(BASELINES),
        strata_table(judgement),
        *((Text(PATIENTS),) if judgement.patients else ()),
        Grid("Every threshold", tuple(curves)),
        *((Text(f"No curve for {', '.join(missing)}: all {split} slices have it or none."),) if missing else ()),
        Grid("Confusion of each label", tuple(map(Figure, figures.confusion.values()))),
    )


def belief_parts(card: Card) -> tuple[Part, ...]:
    colours = label_colours(card.run.label_names)
    figures = (
        Figure(reliability_figure(name, effect.before, colours[name], effect.after))
        for name, effect in card.effects.labels.items()
    )
    told = (
        "Before is what the model itself gives, after is calibrated. The calibration error is the mean gap between "
        f"probability and share of {card.split} slices that carry the label, in bins of equally many slices; 0 is best."
    )
    none = "No label is calibrated: the probabilities are those of the model itself."
    return (
        *(() if card.description.calibration else (Text(none),)),
        calibration_table(card),
        Text(told),
        Grid(f"Reliability on {card.split} slices", tuple(figures)),
    )
