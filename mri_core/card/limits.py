"""What a run is not worth, each a fact of this run: its data, its labels, its training, its evaluation."""

from __future__ import annotations

from collections.abc import Iterator

from mri_core import words
from mri_core.augmentation.sides import labels_naming_a_side
from mri_core.card.card import Card
from mri_core.training.spec import PARTS

USE = "For research and teaching. Not for clinical use."
FEW = 30
"""Positives below which a label's scores say little, and patients below which a bootstrap of clusters gives intervals
that are too narrow: Cameron, Gelbach & Miller, "Bootstrap-based improvements for inference with clustered errors"
(2008), find 5 to 30 too few."""

Limit = tuple[str, str]
"""What it is about, and what follows."""


def limits(card: Card) -> tuple[Limit, ...]:
    return (*_of_data(card), *_of_labels(card), *_of_training(card), *_of_evaluation(card), *_of_answers(card))


def _of_data(card: Card) -> Iterator[Limit]:
    if card.data is None:
        yield (
            "Data",
            f"The data set {card.run.dataset_name} with fingerprint {card.run.dataset_fingerprint} is not here any "
            "more. What is said comes from the run's record and its predictions.",
        )
        return
    header = card.data.header
    if header.simulated:
        yield "Data", "The slices are simulated. No score here was measured on a patient."
    origin = f" ({header.provenance['origin']})" if "origin" in header.provenance else ""
    yield (
        "Source",
        f"All slices come from one data set{origin}. It records neither scanner nor site, age or sex, so nothing here "
        "says how the scores differ between them, or on slices from elsewhere.",
    )
    for left_out, thing in (("skipped", "file"), ("left_out", "slice")):
        if number := header.provenance.get(left_out):
            yield "Exclusions", f"{_some(number, thing)} of the source {'is' if number == 1 else 'are'} left out."
    if header.patients is None:
        yield (
            "Patients",
            "The patient of some slices is unknown, so slices of one patient may be both in training and among those "
            "it is judged on, which makes scores too high.",
        )
    if card.data.shared_patients:
        yield (
            "Patients",
            f"{_some(card.data.shared_patients, 'patient')} have slices in more than one split, which makes scores "
            "too high.",
        )
    for finding in card.quality.findings if card.quality else ():
        if finding.severity == "serious":
            yield finding.title, f"{finding.summary} {finding.meaning}"
    for one in card.data.statistics["differences"]:
        yield (
            "Prevalence",
            f"{one['label']} is {words.points(one['difference'])} frequent in {one['split']} than in training.",
        )


def _of_labels(card: Card) -> Iterator[Limit]:
    evaluation = card.reports[card.split].evaluation
    slices = evaluation.counts.slices
    for name, support in zip(evaluation.label_names, evaluation.counts.support.tolist(), strict=True):
        for kind, number in (("with", support), ("without", slices - support)):
            if not number:
                yield name, f"There is no {card.split} slice {kind} it, so it cannot be judged."
            elif number < FEW:
                yield name, f"Its scores rest on {_some(number, f'{card.split} slice')} {kind} it, which is few."
    yield (
        "Precision",
        f"It holds where labels are as frequent as among the {card.split} slices, of which "
        f"{words.percent(evaluation.overall.no_finding.slices / slices)} carry none. Where findings are rarer, more of "
        "those predicted are false.",
    )


def _of_training(card: Card) -> Iterator[Limit]:
    run, spec = card.run, card.run.spec
    yield (
        "Chance",
        f"This is one training, with seed {spec.seed}. Another seed gives other weights; the intervals contain the "
        "chance in the slices and not this one.",
    )
    if spec.left_out:
        yield (
            "Training",
            f"It left out part {spec.left_out} of {PARTS} of the training patients, to judge their labels. One of the "
            "same settings that learns from all of them may do better.",
        )
    if run.status == "stopped":
        yield "Training", f"It was stopped after {_some(len(run.history), 'epoch')} of at most {spec.epochs}."
    elif run.history and run.best_epoch == len(run.history):
        yield "Training", "The last epoch was the best, so a longer training may give more."
    if spec.flips in ("horizontal", "both") or spec.test_time_flips:
        sides = labels_naming_a_side(run.label_names)
        yield (
            "Sides",
            f"It was shown mirrored slices under the same labels, so what it says of {', '.join(sides)}, which name a "
            "side, cannot be relied on."
            if sides
            else "It was shown mirrored slices under the same labels, so it cannot tell the sides apart.",
        )
    yield (
        "Resolution",
        f"It sees slices of {words.size(card.description.image_shape[:2])} pixels, one at a time. Larger ones are "
        "averaged down to that, and what is smaller than a pixel then is lost; neighbouring slices are not looked at.",
    )


def _of_evaluation(card: Card) -> Iterator[Limit]:
    if "test" not in card.reports:
        yield (
            "Test",
            "No test slices were predicted. All scores are on validation slices, which decided when the training "
            "stopped, and flatter.",
        )
    elif "validation" in card.reports:
        yield (
            "Validation",
            "Validation slices decided when the training stopped, and thresholds and calibration where they were "
            "chosen, so scores on them flatter. Test slices had no say in anything.",
        )
    resampling = card.reports[card.split].judgement.slices.intervals.resampling
    if resampling.unit == "slice":
        yield (
            "Intervals",
            "They were drawn slice by slice, because patients are not known. Slices of one patient resemble each "
            "other, so the intervals are too narrow where patients have several.",
        )
    elif resampling.number < 2:
        yield "Intervals", f"The {card.split} slices come from one patient, so there are none."
    elif resampling.number < FEW:
        yield "Intervals", f"They rest on {resampling.number} patients, with whom they tend to be too narrow."


def _of_answers(card: Card) -> Iterator[Limit]:
    calibrated, chosen = card.description.calibration, card.description.threshold_choices
    if raw := [name for name in card.description.labels if name not in calibrated]:
        weighted = card.run.spec.class_weights != "none"
        why = " Class weights made them too high by design." if weighted else ""
        yield (
            "Probabilities",
            f"Not calibrated: {', '.join(raw)}.{why} How far they can be taken as chances is measured under "
            "Calibration.",
        )
    if new := [name for name in card.description.labels if name not in chosen]:
        yield "Thresholds", f"Not chosen: {', '.join(new)}. Theirs are those of a new model."
    if card.run.error:
        yield "Warning", f"{' '.join(card.run.error.split())}."


def _some(number: int, thing: str) -> str:
    return f"{words.count(number)} {thing}{'s' if number != 1 else ''}"
