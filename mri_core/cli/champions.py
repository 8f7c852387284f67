"""Commands about champions, the runs whose models are in use: promote, champion."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from mri_core import words
from mri_core.charts.champions import challenge_in_words, champions_in_words, comparing_in_words
from mri_core.cli.output import Json, console, messages, print_json, print_table
from mri_core.cli.training import RunName
from mri_core.datasets.dataset import open_dataset
from mri_core.errors import InvalidInput
from mri_core.prediction.challenge import Challenge, challenge
from mri_core.runs import champions
from mri_core.runs.champions import Promotion
from mri_core.runs.store import RunStore
from mri_core.settings import Settings


def promote(
    run: RunName,
    yes: Annotated[bool, typer.Option("--yes", help="Promote it even where it is worse beyond chance.")] = False,
    json: Json = False,
) -> None:
    """Make a run the champion of its data set, after comparing it with the present one."""
    settings = Settings()
    store = RunStore(settings)
    found = store.find(run)
    present = champions.champion_of(settings, found.dataset_name)
    if present and present.run_id == found.id:
        if json:
            print_json({"promotion": _described(present), "comparison": None})
        else:
            messages.print(f"Run {found.id[:8]} ({found.name}) is the champion already.", markup=False)
        return
    compared = challenge(found, store.champion(found.dataset_name), settings)
    if not json:
        _print(compared)
    if compared.caution:
        messages.print(f"warning: {compared.caution}", markup=False)
    if compared.verdict == "worse beyond chance" and not (yes or _wanted(json)):
        told = compared.grounds().told.rstrip(".")
        raise InvalidInput(f"not promoted: {told}; promote another run, or this one all the same with --yes")
    promotion = champions.promote(settings, found, compared.grounds())
    if json:
        print_json({"promotion": _described(promotion), "comparison": compared.to_json()})
    else:
        messages.print(
            f"Run {found.id[:8]} ({found.name}) is now the champion of '{found.dataset_name}'.", markup=False
        )


def champion(
    dataset: Annotated[str | None, typer.Option(help="Only of this data set.")] = None, json: Json = False
) -> None:
    """The champion of each data set, and those before it."""
    settings = Settings()
    found = champions.promotions(settings, dataset)
    if dataset is not None and not found:
        open_dataset(dataset, settings)  # an unknown name is said so
    if json:
        names = dict.fromkeys([dataset] if dataset is not None else [one.dataset for one in found])
        print_json([_history(name, [one for one in found if one.dataset == name]) for name in names])
    elif not found:
        messages.print("No run has been made champion yet. `mri promote RUN` does it.")
    else:
        table = champions_in_words(found).drop(columns="told")
        table["when"] = [words.moment(when) for when in table["when"]]
        columns = ("", "data set", "name", "run", "promoted", "micro-F1", "macro-F1", "it was")
        print_table(columns, list(table.itertuples(index=False)))


def _wanted(json: bool) -> bool:
    """Whether someone at a terminal wants it all the same; a script cannot answer."""
    return not json and sys.stdin.isatty() and typer.confirm("Make it the champion all the same?", err=True)


def _print(compared: Challenge) -> None:
    table = challenge_in_words(compared)
    print_table(("", *map(str.lower, table.columns)), list(table.itertuples()))
    console.print(comparing_in_words(compared), markup=False)
    console.print(compared.told, markup=False)


def _history(dataset: str, promotions: list[Promotion]) -> dict[str, Any]:
    present = next((one for one in promotions if one.present), None)
    return {
        "dataset": dataset,
        "champion": _described(present) if present else None,
        "history": [_described(one) for one in promotions],
    }


def _described(promotion: Promotion) -> dict[str, Any]:
    grounds = asdict(promotion.grounds)
    return {
        "run": promotion.run_id,
        "name": promotion.run_name,
        "dataset": {"name": promotion.dataset, "fingerprint": promotion.fingerprint},
        "version": promotion.version,
        "when": promotion.when.isoformat(),
        "present": promotion.present,
        **grounds,
    }


COMMANDS = {"promote": promote, "champion": champion}
