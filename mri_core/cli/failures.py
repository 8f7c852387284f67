"""The command about where a run fails: failures."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, Any, Literal

import typer

from mri_core import words
from mri_core.charts.failure_tables import REPAIRS_IN_WORDS, changes_in_words, label_set_table, set_name, span
from mri_core.cli.output import Json, console, print_json, print_table
from mri_core.cli.training import RunName
from mri_core.errors import InvalidInput
from mri_core.prediction.finding_errors import errors_by_finding
from mri_core.prediction.judged_run import open_judged_run
from mri_core.prediction.run_consistency import Consistency, consistency_of
from mri_core.prediction.run_failures import ErrorRate, RunFailures, find_failures
from mri_core.quality.checks import check_dataset
from mri_core.runs.store import RunStore
from mri_core.settings import Settings


def failures(
    run: RunName,
    split: Annotated[Literal["validation", "test"], typer.Option(help="The slices to judge on.")] = "validation",
    label: Annotated[str | None, typer.Option(help="Errors on this label only.", show_default="any label")] = None,
    most: Annotated[int, typer.Option(min=1, help="Slices and patients to list, the worst first.")] = 20,
    findings: Annotated[
        bool, typer.Option("--findings", help="Check the data set too, and say whether errors gather on its faults.")
    ] = False,
    json: Json = False,
) -> None:
    """Where a run errs: confused label sets, its worst slices, error rates, and nested labels without their parent."""
    settings = Settings()
    judged = open_judged_run(RunStore(settings).find(run), split, settings)
    found = find_failures(judged)
    document = found.to_json(label, most)
    consistency = consistency_of(judged)
    document["consistency"] = consistency.to_json() if consistency else None
    if findings:
        document["errors_by_finding"] = _by_finding(found, label)
    if json:
        print_json(document)
        return
    total = found.error_rate(label)
    console.print(f"{judged.run.name} on {split}, errors on {label or 'any label'}: {_share(total)}", markup=False)
    console.print(f"{words.count(found.confusion.exact)} slices are right in all labels")
    _print_label_sets(found)
    _print_worst(document["worst"])
    _print_error_rates(document["error_rates"])
    if findings:
        rows = [(row["finding"], *_wrong(row)) for row in document["errors_by_finding"]]
        print_table(("slices with", *_WRONG), rows, title="\nErrors where the data has faults")
    _print_patients(document["patients"])
    _print_consistency(consistency)


def _by_finding(found: RunFailures, label: str | None) -> list[dict[Hashable, Any]]:
    dataset = found.judged.dataset
    if dataset is None:
        raise InvalidInput(
            f"the data set of run '{found.judged.run.name}' is gone or has changed, so it cannot be checked; "
            "leave out --findings"
        )
    return errors_by_finding(found, check_dataset(dataset).findings, label).to_dict("records")


def _share(found: ErrorRate) -> str:
    share = f"{words.percent(found.rate)} ({words.percent(found.low)} to {words.percent(found.high)})"
    return f"{words.count(found.wrong)} of {words.count(found.slices)} slices, {share}"


def _print_label_sets(found: RunFailures) -> None:
    rows = [
        (row["truth"], row["predicted"], row["slices"], words.percent(row["share_of_truth"]))
        for row in label_set_table(found.confusion).to_dict("records")
    ]
    print_table(("truth", "predicted", "slices", "of that truth"), rows, title="\nLabel sets")


def _print_worst(slices: list[dict[str, Any]]) -> None:
    labels = list(slices[0]["probabilities"])
    rows = [
        (
            one["id"],
            one["patient"] or "unknown",
            set_name(one["truth"]),
            set_name(one["predicted"]),
            *one["probabilities"].values(),
            one["loss"],
        )
        for one in slices
    ]
    print_table(("slice", "patient", "truth", "predicted", *labels, "loss"), rows, title="\nWorst slices")


def _print_error_rates(rates: dict[str, list[dict[str, Any]]]) -> None:
    for name, bins in rates.items():
        rows = [(span(row["low"], row["high"]), *_wrong(row)) for row in bins]
        print_table((name, *_WRONG), rows, title="\nError rate")


def _print_patients(patients: list[dict[str, Any]] | None) -> None:
    if patients is None:
        console.print("\nPatients are unknown.")
        return
    print_table(("patient", *_WRONG), [(row["patient"], *_wrong(row)) for row in patients], title="\nMost errors")


_WRONG = ("slices", "wrong", "error rate", "95 % interval")


def _wrong(row: dict[str, Any]) -> tuple[int, int, str, str]:
    limits = f"{words.percent(row['rate_low'])} to {words.percent(row['rate_high'])}"
    return row["slices"], row["wrong"], words.percent(row["rate"]), limits


def _print_consistency(found: Consistency | None) -> None:
    if found is None:
        console.print("\nThe data set is gone, and with it the training labels in which a label tree is found.")
        return
    if not found.repairs:
        console.print("\nNo label is nested in another.")
        return
    rows = [
        (one.child, one.parent, one.predicted, one.without_parent, words.percent(one.share)) for one in found.broken
    ]
    print_table(("child", "parent", "predicted", "without parent", "share"), rows, title="\nChildren without parents")
    measured = [
        (REPAIRS_IN_WORDS[name], one.changed, one.inconsistent, *changes_in_words(one))
        for name, one in found.repairs.items()
    ]
    columns = ("repair", "slices it changes", "that break the tree", "adds to micro-F1", "adds to macro-F1")
    print_table(columns, measured, title="\nWhat a repair would change; nothing is stored")
    console.print(f"as the model answers, {words.count(found.inconsistent)} slices break the tree")


COMMANDS = {"failures": failures}
