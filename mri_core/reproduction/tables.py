"""The facts of a reproduction as tables: the page, the app, the command line and Markdown all show these."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mri_core import words
from mri_core.documents.parts import Badge, Cell, Column, Table, Tone, Value
from mri_core.evaluation.table import AVERAGE_ROWS
from mri_core.reproduction.claims import Finding, Verdict
from mri_core.reproduction.measured import Measured
from mri_core.reproduction.progress import Standing, is_complete
from mri_core.reproduction.result import Configuration, Reproduction
from mri_core.reproduction.study import LABELS, NO_FINDING, POSITIVES, SLICES
from mri_core.runs.run import Run
from mri_core.training.spec import TrainingSpec

TONES: dict[Finding, Tone] = {
    "reproduced": "good",
    "not reproduced": "bad",
    "undecided": "open",
    "does not apply": "open",
}
NONE = "—"
_PARTS = ("Precision", "Recall", "F1")


def standing_table(standing: Standing) -> Table:
    """The state of every run: one row a configuration, one column a seed."""
    columns = (Column("Configuration"), *(Column(f"Seed {seed}") for seed in range(standing.seeds)))
    rows = ((name, *map(_state, runs)) for name, runs in standing.runs.items())
    return Table(columns, tuple(rows))


def _state(run: Run | None) -> str:
    if run is None:
        return "not started"
    if run.status == "running" and run.progress:
        return f"running, epoch {run.progress.epoch} of at most {run.progress.epochs}"
    if run.status == "finished" and not is_complete(run):
        return "finished, predictions missing"
    return run.status


def claims_table(found: Reproduction) -> Table:
    """One row a claim: the verdict, by how much the two configurations differ, in what, and over how many seeds."""
    columns = (
        Column("Claim"),
        Column("Verdict"),
        Column("Difference", numeric=True),
        Column("Compared"),
        Column("Seeds", numeric=True),
    )
    return Table(columns, tuple(_claim_row(verdict, found) for verdict in found.verdicts))


def _claim_row(verdict: Verdict, found: Reproduction) -> tuple[Cell, ...]:
    claim, labels = verdict.claim, found.dataset["labels"]
    if claim.label is None:
        score = "micro-F1"
    else:
        score = f"F1 of {labels[claim.label]}" if claim.label < len(labels) else f"F1 of label {claim.label + 1}"
    interval = verdict.interval
    difference = (
        Value(
            words.difference(interval.mean), f"({words.difference(interval.low)} to {words.difference(interval.high)})"
        )
        if interval
        else NONE
    )
    return (
        claim.text,
        Badge(verdict.finding, TONES[verdict.finding], verdict.reason),
        difference,
        Value(f"{claim.first} − {claim.second}", f"in {score}"),
        f"{len(verdict.differences)} of {found.seeds}",
    )


def scores_table(configuration: Configuration) -> Table:
    """A configuration's labels and averages, beside the study's figures where it has any."""
    compared = any(score.study is not None for row in configuration.rows for score in row.scores)
    columns = [Column("")]
    for part in _PARTS:
        columns += _compared_columns(part) if compared else [Column(part, numeric=True)]
    rows = []
    for row in configuration.rows:
        cells: list[Cell] = [row.name if row.is_label else AVERAGE_ROWS.get(row.name, row.name)]
        for score in row.scores:
            cells += _compared(score) if compared else [_mean(score)]
        rows.append(tuple(cells))
    return Table(tuple(columns), tuple(rows), f"{configuration.name}, {seeds_in_words(configuration)}")


def summary_table(found: Reproduction) -> Table:
    """Every configuration that has scores: micro- and macro-F1."""
    shown = {"micro": "Micro-F1", "macro": "Macro-F1"}
    columns = [Column("Configuration"), Column("Seeds", numeric=True)]
    for part in shown.values():
        columns += _compared_columns(part)
    rows = []
    for each in found.configurations:
        f1 = {row.name: row.scores[2] for row in each.rows if not row.is_label}
        cells = [_compared(f1[name]) if name in f1 else [NONE] * 3 for name in shown]
        rows.append((each.name, f"{len(each.runs)} of {each.seeds}", *(cell for three in cells for cell in three)))
    return Table(tuple(columns), tuple(rows))


def settings_table(configurations: Sequence[Configuration]) -> tuple[Table, str]:
    """The settings in which configurations differ, one row a configuration; and what they share, in words."""
    fields = {name: field.title or name for name, field in TrainingSpec.model_fields.items() if name != "seed"}
    values = {name: [words.choice(getattr(each.spec, name)) for each in configurations] for name in fields}
    differing = [name for name in fields if len(set(values[name])) > 1]
    rows = [(each.name, *(values[name][i] for name in differing)) for i, each in enumerate(configurations)]
    shared = "; ".join(f"{fields[name].lower()}: {values[name][0]}" for name in fields if name not in differing)
    return Table((Column("Configuration"), *(Column(fields[name]) for name in differing)), tuple(rows)), shared


def cost_table(found: Reproduction) -> Table:
    """What the runs of each configuration took: means over seeds."""
    columns = (
        Column("Configuration"),
        Column("Seeds", numeric=True),
        Column("Best epochs", numeric=True),
        Column("Duration", numeric=True),
        Column("Images/s", numeric=True),
        Column("Peak memory, MB", numeric=True),
    )
    return Table(columns, tuple(_cost_row(each) for each in found.configurations))


def _cost_row(each: Configuration) -> tuple[Cell, ...]:
    cost = each.cost
    return (
        each.name,
        f"{len(each.runs)} of {each.seeds}",
        ", ".join(map(str, cost.best_epochs)) or NONE,
        NONE if cost.seconds is None else words.duration(cost.seconds),
        *(NONE if value is None else f"{value:,.0f}" for value in (cost.images_per_second, cost.peak_memory_mb)),
    )


def data_table(found: Reproduction) -> Table:
    """Counts of the data set beside the study's."""
    splits, labels = found.dataset["splits"], found.dataset["labels"]
    train, validation = splits["train"], splits["validation"]
    rows: list[tuple[str, str, str]] = [
        (f"Slices, {split}", words.count(splits[split]["slices"]), words.count(study))
        for split, study in SLICES.items()
    ]
    rows.append(
        ("No finding, train", _share(train["no_finding"], train), _share(NO_FINDING, {"slices": SLICES["train"]}))
    )
    for i, name in enumerate(labels):
        study = _share(POSITIVES[i], {"slices": SLICES["validation"]}) if len(labels) == LABELS else NONE
        rows.append((f"{name}, validation", _share(validation["positives"][name], validation), study))
    return Table((Column(""), Column("Here", numeric=True), Column("Study", numeric=True)), tuple(rows))


def seeds_in_words(configuration: Configuration) -> str:
    """`mean ± standard deviation over 2 of 3 seeds`."""
    done, wanted = len(configuration.runs), configuration.seeds
    if done == 1:
        return f"seed {configuration.runs[0].spec.seed} alone, of {wanted}" if wanted > 1 else "one seed"
    return f"mean ± standard deviation over {f'{done} of ' if done < wanted else ''}{wanted} seeds"


def _compared_columns(group: str) -> list[Column]:
    return [Column(title, numeric=True, group=group) for title in ("here", "study", "difference")]


def _compared(score: Measured) -> list[Cell]:
    difference = score.difference
    return [
        _mean(score),
        NONE if score.study is None else f"{score.study:.2f}",
        NONE if difference is None else words.difference(difference),
    ]


def _mean(score: Measured) -> Value:
    return Value(words.score(score.mean), "" if math.isnan(score.spread) else f"± {score.spread:.3f}")


def _share(number: int, split: dict) -> str:
    slices = split["slices"]
    return f"{words.count(number)} ({words.percent(number / slices)})" if slices else words.count(number)
