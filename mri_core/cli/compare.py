"""The command `mri compare`: is one run really better than another, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mri_core.charts import comparison_tables as tables
from mri_core.cli.output import Json, console, print_json, print_table
from mri_core.prediction.judged_run import open_judged_run
from mri_core.prediction.run_comparison import RunComparison, check_comparable, compare_runs
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


def compare(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN RUN...", help="The reference, then what is compared with it.")
    ],
    split: Annotated[Literal["validation", "test"], typer.Option(help="The slices to judge on.")] = "validation",
    json: Json = False,
) -> None:
    """Whether runs are better than the first one, beyond chance, on the same slices."""
    settings = Settings()
    store = RunStore(settings)
    found = [store.find(run) for run in runs]
    check_comparable(found)
    compared = compare_runs([open_judged_run(run, split, settings) for run in found])
    if json:
        print_json(compared.to_json())
    else:
        _print(compared)


def _print(compared: RunComparison) -> None:
    settings = tables.settings_in_words(compared.runs)
    if settings.empty:
        console.print("These runs have the same settings.\n")
    else:
        _print_frame(settings, "settings that differ")
    for comparison in compared.comparisons:
        title = f"{comparison.b} against {comparison.a} on {comparison.slices:,} {compared.split} slices"
        _print_frame(tables.differences_in_words(comparison), title)
        _print_frame(
            tables.reclassified_in_words(comparison), "slices that only one of them gets right, McNemar's test"
        )
        console.print(tables.answer_in_words(comparison) + "\n", markup=False)
    if compared.configurations:
        _print_frame(tables.seeds_in_words(compared), "mean ± standard deviation over seeds")
        for configuration in compared.configurations:
            if configuration.reason:
                console.print(
                    f"no difference for {tables.configuration_name(compared, configuration)}: {configuration.reason}",
                    markup=False,
                )
    console.print(
        tables.resampling_in_words(compared.comparisons[0].resampling, len(compared.comparisons)), markup=False
    )


def _print_frame(frame: pd.DataFrame, title: str) -> None:
    print_table((str(frame.index.name).lower(), *frame.columns), list(frame.itertuples(name=None)), title=title)
    console.print()


COMMANDS = {"compare": compare}
