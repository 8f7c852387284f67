"""Commands about where a model decides and how far to believe it: thresholds, calibrate."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from mri_core.charts.calibration_tables import KINDS
from mri_core.charts.threshold_tables import NOT_CHOSEN
from mri_core.cli.output import Json, cell, console, messages, print_json, print_table
from mri_core.cli.training import RunName
from mri_core.errors import InvalidInput, NotFound
from mri_core.evaluation.calibration import SPLIT
from mri_core.evaluation.calibration_effect import calibration_effects
from mri_core.evaluation.calibrators import CALIBRATORS
from mri_core.evaluation.threshold_rules import THRESHOLD_RULES
from mri_core.evaluation.thresholds import MANUAL, ChosenThreshold, choose_thresholds
from mri_core.evaluation.workbench import make_workbench, operating_json
from mri_core.prediction.judged_run import JudgedRun, open_judged_run
from mri_core.prediction.model_file import ModelDescription, save_calibration, save_thresholds
from mri_core.prediction.run_calibration import RunCalibration, calibration_of
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

_SCORES = ("sensitivity", "specificity", "precision", "f1")
_BELIEF = ("expected_calibration_error", "brier")


def thresholds(
    run: RunName,
    rule: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(THRESHOLD_RULES)} or {MANUAL}; without one, shows what the model has."),
    ] = None,
    parameter: Annotated[
        float | None,
        typer.Option(
            help="What the rule must be told: the least sensitivity or precision, the cost of a miss in false alarms; "
            f"with {MANUAL} the threshold itself."
        ),
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="Only this label; can be given several times.")] = None,
    save: Annotated[bool, typer.Option("--save", help="Make what is chosen the model's thresholds.")] = False,
    json: Json = False,
) -> None:
    """Show a model's thresholds, or choose them on validation by a rule."""
    if rule is None and (parameter is not None or save):
        raise InvalidInput("--parameter and --save go with a rule; expected --rule NAME as well: max-f1, for one")
    found = RunStore(Settings()).find(run)
    judged = open_judged_run(found, SPLIT, Settings())
    shown = _shown(judged.description, label)
    chosen: list[ChosenThreshold] = []
    refused: dict[str, str] = {}
    if rule is not None:
        calibration = judged.description.calibration
        chosen, refused = choose_thresholds(judged.stored, shown, rule, parameter, calibration=calibration)
    description = save_thresholds(found.folder, chosen) if save and chosen else judged.description
    test = _on_test(found, shown)
    if json:
        print_json(_thresholds_json(found, description, shown, chosen, refused, save, test))
    else:
        _print_choices(found, description, shown, chosen if rule is not None and not save else None)
        if rule is None or save:
            _print_test(test)
        elif chosen:
            messages.print("Not saved; --save makes these the model's thresholds.")
    for reason in refused.values():
        messages.print(f"error: {reason}", markup=False)
    if refused:
        raise typer.Exit(1)


def calibrate(
    run: RunName,
    save: Annotated[bool, typer.Option("--save", help="Store the calibration with the model.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Go back to the model's own probabilities.")] = False,
    json: Json = False,
) -> None:
    """Calibrate a model's probabilities on validation; its thresholds move along, so it decides as before."""
    if save and remove:
        raise InvalidInput("--save and --remove were given together; expected one of them")
    found = RunStore(Settings()).find(run)
    fitted = calibration_of(open_judged_run(found, SPLIT, Settings()))
    if save and not fitted.fitted:
        raise InvalidInput(f"no label can be calibrated: {next(iter(fitted.refused.values()))}")
    if save or remove:
        save_calibration(found.folder, fitted.fitted if save else {})
    judged = open_judged_run(found, SPLIT, Settings())
    document = _calibration_json(judged, fitted)
    if json:
        print_json(document)
        return
    _print_kinds(found, fitted)
    _print_effects(document["effects"])
    state = "Calibrated" if judged.description.calibration else "Not calibrated"
    limits = ", ".join(f"{name} from {cell(value)}" for name, value in judged.description.thresholds.items())
    console.print(f"\n{state}; thresholds: {limits}", markup=False)
    for reason in fitted.refused.values():
        messages.print(f"left as it is: {reason}", markup=False)


def _shown(description: ModelDescription, wanted: list[str] | None) -> list[str]:
    """The labels asked for, in the model's order; all when none is."""
    if unknown := [name for name in wanted or () if name not in description.labels]:
        raise NotFound(f"the model has no label '{unknown[0]}'; it has {', '.join(description.labels)}")
    return [name for name in description.labels if not wanted or name in wanted]


def _test_slices(run: Run) -> JudgedRun | None:
    """The run on test slices, None where it has none."""
    try:
        return open_judged_run(run, "test", Settings())
    except NotFound:
        return None


def _on_test(run: Run, labels: list[str]) -> dict[str, dict[str, Any]] | None:
    """Label -> counts and scores of test slices at the model's own thresholds."""
    judged = _test_slices(run)
    if judged is None:
        return None
    limits = judged.description.thresholds
    benches = {name: make_workbench(judged.predictions, name) for name in labels}
    return {name: operating_json(bench.confusion_at(limits[name])) for name, bench in benches.items()}


def _thresholds_json(
    run: Run,
    description: ModelDescription,
    labels: list[str],
    chosen: list[ChosenThreshold],
    refused: dict[str, str],
    saved: bool,
    test: dict[str, dict[str, Any]] | None,
) -> dict[str, Any]:
    choices = description.threshold_choices
    return {
        "run": run.id,
        "thresholds": {name: description.thresholds[name] for name in labels},
        "choices": {name: asdict(choices[name]) if name in choices else None for name in labels},
        "proposed": {choice.label: asdict(choice) for choice in chosen},
        "refused": refused,
        "saved": saved,
        "test": test,
    }


def _print_choices(
    run: Run, description: ModelDescription, labels: list[str], proposed: list[ChosenThreshold] | None
) -> None:
    """The model's thresholds and where they came from, or what a rule proposes instead."""
    choices = description.threshold_choices if proposed is None else {choice.label: choice for choice in proposed}
    rows: list[tuple[Any, ...]] = []
    for name in labels if proposed is None else choices:
        choice = choices.get(name)
        if choice is None:
            rows.append((name, description.thresholds[name], NOT_CHOSEN, "", "", "", ""))
            continue
        point = choice.operating_point
        chosen_on = f"{choice.split}, {choice.support:,} positives"
        rows.append(
            (name, choice.value, choice.rule_in_words, chosen_on, choice.date, point.sensitivity, point.precision)
        )
    columns = ("label", "threshold", "rule", "chosen on", "date", "sensitivity there", "precision there")
    print_table(
        columns, rows, title=f"{run.name}: " + ("its thresholds" if proposed is None else "what the rule chooses")
    )


def _print_test(test: dict[str, dict[str, Any]] | None) -> None:
    if test is None:
        console.print("\nThe run has no predictions for test slices.")
        return
    rows = [
        (name, *(cell(numbers[score]) for score in _SCORES), numbers["true_positives"] + numbers["false_negatives"])
        for name, numbers in test.items()
    ]
    console.print()
    print_table(("label", *_SCORES, "positives"), rows, title="on test slices, at these thresholds")


def _calibration_json(judged: JudgedRun, fitted: RunCalibration) -> dict[str, Any]:
    """The fit, what the model has by now, and what that (or else the fit) does on both splits."""
    description = judged.description
    shown = description.calibration or fitted.fitted
    test = _test_slices(judged.run)
    return {
        "run": judged.run.id,
        "fitted": {name: asdict(one) for name, one in fitted.fitted.items()},
        "refused": fitted.refused,
        "calibration": {name: asdict(one) for name, one in description.calibration.items()},
        "thresholds": description.thresholds,
        "effects": {
            SPLIT: calibration_effects(judged.stored, shown).to_json(),
            "test": calibration_effects(test.stored, shown).to_json() if test else None,
        },
    }


def _print_kinds(run: Run, fitted: RunCalibration) -> None:
    """Held-out log loss of every kind, label by label."""
    rows = [
        (name, *(f"{one.compared[kind]:.4f}" for kind in CALIBRATORS), KINDS[one.kind], one.support)
        for name, one in fitted.fitted.items()
    ]
    columns = ("label", *(KINDS[kind].lower() for kind in CALIBRATORS), "chosen", "positives")
    if rows:
        print_table(columns, rows, title=f"{run.name}: log loss on held-out {SPLIT} slices")


def _print_effects(effects: dict[str, dict[str, Any] | None]) -> None:
    """Calibration error and Brier score of every label on both splits, before and after."""
    rows = [
        (name, split, *(_loss(effect[when], number) for number in _BELIEF for when in ("before", "after")))
        for split, document in effects.items()
        if document
        for name, effect in document["labels"].items()
    ]
    columns = ("label", "split", "ECE before", "ECE after", "Brier before", "Brier after")
    console.print()
    print_table(columns, rows, title="How far probabilities can be believed")


def _loss(believed: dict[str, Any] | None, number: str) -> str:
    return "as before" if believed is None else f"{believed[number]:.4f}"


COMMANDS = {"thresholds": thresholds, "calibrate": calibrate}
