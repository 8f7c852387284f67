"""A model card as a document: what the command writes and the Report page offers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mri_core import words
from mri_core.card.card import Card
from mri_core.card.data import PROVENANCE
from mri_core.card.failure_parts import consistency_parts, failure_parts, gallery_parts
from mri_core.card.limits import USE, limits
from mri_core.card.quality_parts import quality_parts
from mri_core.card.repeat import commands, nearest_preset
from mri_core.card.score_parts import belief_parts, score_in_words, score_parts
from mri_core.card.tables import data_table, settings_table, thresholds_table
from mri_core.charts.curves import AVERAGES, accuracy_figure, f1_figure, loss_figure
from mri_core.documents.parts import Code, Document, Facts, Figure, Grid, Note, Part, Section, Text
from mri_core.evaluation.baseline import predict_nothing
from mri_core.models import ARCHITECTURES
from mri_core.runs.run import Run


def card_document(card: Card) -> Document:
    """All there is to say of a run, in sections."""
    sections = {
        "What it is": _what_it_is(card),
        "Intended use and limits": (Note(USE), Facts(limits(card))),
        **{f"Scores on {split} slices": score_parts(card, split) for split in card.reports},
        "Thresholds": _thresholds(card),
        "Calibration": belief_parts(card),
        f"Where it fails, on {card.split} slices": failure_parts(card),
        f"The worst {card.split} slices": gallery_parts(card),
        "Nested labels": consistency_parts(card),
        "Data": _data(card),
        "Quality of the data": quality_parts(card),
        "Training": _training(card),
        "How to repeat it": _repeat(card),
    }
    return Document(
        title=f"Model card: {card.run.name}",
        lead=score_in_words(card),
        sections=tuple(Section(title, parts) for title, parts in sections.items()),
        footer=f"Written by mri report, {words.moment(card.written, UTC)} UTC.",
    )


def _what_it_is(card: Card) -> tuple[Part, ...]:
    run, shape = card.run, card.description.image_shape
    summary = (ARCHITECTURES[run.spec.architecture].__doc__ or "").splitlines()[0]
    ended = {"stopped": "stopped early; "}.get(run.status, "")
    facts = {
        "Run": f"{run.name}, {run.id}",
        "Architecture": f"{words.choice(run.spec.architecture)}. {summary}",
        "Parameters": "unknown" if run.parameters is None else words.count(run.parameters),
        "Labels": ", ".join(run.label_names),
        "Takes": f"one {'colour' if len(shape) > 2 else 'grey'} slice of {words.size(shape[:2])} pixels, 8 bit; others "
        "are scaled to fit, their aspect kept",
        "Answers": "a probability for each label; a slice may carry several labels or none",
        "Data set": f"{run.dataset_name}, fingerprint {run.dataset_fingerprint}",
        "Trained": f"{words.moment(run.created, UTC)} UTC, {ended}best epoch {run.best_epoch} of {len(run.history)}",
        "Trained on": run.device or "unknown",
    }
    if run.timing:
        facts["Took"] = (
            f"{words.duration(run.timing.seconds)}, {run.timing.images_per_second:,.0f} slices per second, "
            f"{run.timing.peak_memory_mb:,.0f} MB at most"
        )
    facts["ONNX beside Keras"] = f"probabilities differ by at most {card.description.onnx_difference:.1e}"
    return (Facts(tuple(facts.items())),)


def _thresholds(card: Card) -> tuple[Part, ...]:
    calibrated = " Where a label is calibrated, the calibrated one." if card.description.calibration else ""
    return (
        Text(f"A label is on when its probability reaches its threshold.{calibrated}"),
        thresholds_table(card),
    )


def _data(card: Card) -> tuple[Part, ...]:
    if card.data is None:
        told = "The data set is not here any more; these counts are those of the stored predictions."
        return (Text(told), data_table(card))
    header = card.data.header
    facts = {
        "Data set": header.name,
        "Fingerprint": header.fingerprint,
        "Simulated": words.choice(header.simulated),
        "Slices": words.count(header.slices),
        "Patients": "unknown" if header.patients is None else words.count(header.patients),
        "Made": f"{words.moment(datetime.fromisoformat(header.created), UTC)} UTC",
        **{PROVENANCE[name]: _in_words(value) for name, value in card.data.provenance.items()},
    }
    return (data_table(card), Facts(tuple(facts.items())))


def _training(card: Card) -> tuple[Part, ...]:
    run = card.run
    preset, changes = nearest_preset(run.spec)
    told = "unchanged" if not changes else f"but for {len(changes)}, which are marked"
    parts: list[Part] = [Text(f"The settings of the preset {preset}, {told}."), settings_table(run.spec)]
    if run.history:
        validation = card.data.statistics["splits"]["validation"] if card.data else {"slices": 0}
        figures = (
            loss_figure(run.history, run.best_epoch),
            f1_figure(run.history, run.best_epoch, run.label_names, (*AVERAGES, *run.label_names)),
            accuracy_figure(run.history, run.best_epoch, predict_nothing(validation)),
        )
        parts.append(Grid("Curves: validation solid, training dashed", tuple(map(Figure, figures))))
    return tuple(parts)


def _repeat(card: Card) -> tuple[Part, ...]:
    imported = card.data is not None and not card.data.header.simulated
    told = "SOURCE is what was imported, with the options that say where its labels are; neither is recorded."
    return (
        Code("\n".join(commands(card))),
        *((Text(told),) if imported else ()),
        *_trained_with(card.run),
    )


def _trained_with(run: Run) -> tuple[Part, ...]:
    if not run.versions:
        return (Text("The versions of the packages that it was trained with were not recorded."),)
    return (Text("Trained with:"), Facts(tuple(run.versions.items())))


def _in_words(value: Any) -> str:
    """A value of the provenance, which is any JSON."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_in_words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_in_words, value))
    return str(value)
