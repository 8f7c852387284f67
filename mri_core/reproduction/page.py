"""A reproduction as a document: what the command writes and the app shows."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from mri_core import words
from mri_core.charts.curves import MEASURES
from mri_core.charts.reproduction import seed_curves
from mri_core.documents.parts import Code, Document, Facts, Figure, Grid, Note, Part, Section, Text
from mri_core.reproduction.claims import CONFIDENCE
from mri_core.reproduction.result import Reproduction
from mri_core.reproduction.study import CLAIMS, MARGIN
from mri_core.reproduction.tables import (
    TONES,
    claims_table,
    cost_table,
    data_table,
    scores_table,
    settings_table,
    summary_table,
)
from mri_core.runs.run import Run

HOW_CLAIMS_ARE_JUDGED = (
    "Each claim compares two configurations on the validation slices at threshold 0.5. Differences are paired by seed, "
    f"and the interval is Student's, at {100 * CONFIDENCE:g} %, of their mean over the seeds. A claim that something "
    "is better is reproduced when the whole interval lies above zero, not reproduced when none of it does, and "
    "undecided otherwise. A claim that something does not help is reproduced when the interval ends at "
    f"{MARGIN} or below, not reproduced when it begins above zero and ends higher, and undecided otherwise. Each "
    f"interval stands for itself: that all {len(CLAIMS)} hold the truth is less sure than {100 * CONFIDENCE:g} %."
)
SIMULATED = (
    "This data set is simulated. The study's own slices are not available, so its figures are shown for orientation: a "
    "difference from them may come from the data as well as from the training. The claims compare configurations with "
    "each other on the same data."
)
HOW_SCORES_ARE_READ = (
    "On the validation slices at threshold 0.5: here, in the study, and the difference. In the samples average a slice "
    "without any label counts as zero, as in the study; the row beneath it leaves those slices out."
)
_DRAWN = ("loss", "micro_f1")


def reproduction_document(found: Reproduction) -> Document:
    """All there is to say so far, in sections."""
    return Document(
        title=f"The study, run again on {found.dataset['name']}",
        lead=lead(found),
        sections=tuple(Section(title, make(found)) for title, make in SECTIONS.items()),
        footer="Written by mri reproduce.",
    )


def verdicts_in_words(found: Reproduction) -> str:
    """`Of 9 claims: 7 reproduced, 2 undecided.`"""
    met = [verdict.finding for verdict in found.verdicts]
    counts = ", ".join(f"{met.count(finding)} {finding}" for finding in TONES if finding in met)
    return f"Of {len(met)} claims: {counts}."


def lead(found: Reproduction) -> str:
    """How far it is and what came of the claims, in a few sentences."""
    done, all_ = sum(len(each.runs) for each in found.configurations), found.seeds * len(found.configurations)
    return (
        f"Does what the published study reports hold here? {len(found.configurations)} configurations, "
        f"{found.seeds} {'seed' if found.seeds == 1 else 'seeds'} each: {done} of {all_} runs have finished. "
        f"{verdicts_in_words(found)}"
    )


def _claims(found: Reproduction) -> tuple[Part, ...]:
    note = (Note(SIMULATED),) if found.dataset["simulated"] else ()
    return (*note, claims_table(found), Text(HOW_CLAIMS_ARE_JUDGED))


def _scores(found: Reproduction) -> tuple[Part, ...]:
    parts: list[Part] = [
        Text(HOW_SCORES_ARE_READ),
        summary_table(found),
    ]
    for each in found.configurations:
        if each.reported:
            parts.append(scores_table(each) if each.rows else Text(f"{each.name}: no run has finished yet."))
            parts.append(Text(f"The study says of {each.name}: {each.reported.words}."))
    return tuple(parts)


def _curves(found: Reproduction) -> tuple[Part, ...]:
    families: dict[str, dict[str, Sequence[Run]]] = {}
    for each in found.configurations:
        families.setdefault(each.spec.architecture, {})[each.name] = each.runs
    grids = [
        Grid(
            f"{MEASURES[measure]}, {words.choice(family)}",
            tuple(Figure(figure) for figure in seed_curves(members, measure).values()),
        )
        for family, members in families.items()
        for measure in _DRAWN
        if any(members.values())
    ]
    if not grids:
        return (Text("No run has finished yet."),)
    return (Text("Solid: validation. Dashed: training. A star marks the best epoch, whose weights are kept."), *grids)


def _settings(found: Reproduction) -> tuple[Part, ...]:
    table, shared = settings_table(found.configurations)
    return (
        table,
        Text(f"The same in all: {shared}."),
        cost_table(found),
        Text(
            "Duration, images a second and peak memory are means over the finished runs, each as it was measured then."
        ),
    )


def _data(found: Reproduction) -> tuple[Part, ...]:
    dataset = found.dataset
    facts = (
        ("Data set", dataset["name"]),
        ("Fingerprint", dataset["fingerprint"]),
        ("Simulated", words.choice(dataset["simulated"])),
        ("Patients", words.count(dataset["patients"]) if dataset["patients"] else "unknown"),
        ("Slice size", words.size(tuple(dataset["image_shape"]))),
        *found.versions.items(),
    )
    return (data_table(found), Facts(facts), Text("To repeat all of this:"), Code("\n".join(_commands(found))))


def _commands(found: Reproduction) -> list[str]:
    dataset = found.dataset
    name, seed = shlex.quote(dataset["name"]), dataset["provenance"].get("seed")
    made = dataset["simulated"] and seed is not None
    make = f"mri demo --name {name} --slices {dataset['slices']} --seed {seed}"
    return [make] * made + [f"mri reproduce --dataset {name} --seeds {found.seeds} --out reproduction.html"]


SECTIONS: Mapping[str, Callable[[Reproduction], tuple[Part, ...]]] = {
    "Claims": _claims,
    "Scores": _scores,
    "Curves": _curves,
    "Settings and time": _settings,
    "Data": _data,
}
"""Title -> what makes the section's parts, so that the app can make one without the others."""
