"""Compare: is one run really better than another, and by how much."""

from collections.abc import Sequence

import streamlit as st

from app.ui import comparing, disputed, errors, judgements, judging, state
from mri_core import words
from mri_core.charts import comparison as charts
from mri_core.charts import comparison_tables as tables
from mri_core.charts import curves
from mri_core.csv_text import csv_text
from mri_core.prediction.run_comparison import RunComparison, other_version
from mri_core.runs.comparison import differing_settings, distinct_names, run_table
from mri_core.runs.run import Run

TITLES = st.column_config.TextColumn(width=160)
MCNEMAR = (
    "McNemar's test asks whether slices that only one run gets right lie on one side more often than chance would put "
    "them. Slices of one patient are taken together; p is adjusted by Holm over the labels."
)
SEEDS = (
    "Runs with the same settings but for the seed, folded into mean ± standard deviation. The difference is paired "
    "seed by seed, with its 95 % interval and p by Student's t-test: what the settings are worth, whatever the luck of "
    "a training."
)


def main() -> None:
    st.title("Compare")
    st.write("Is one run really better than another, and by how much? All are judged on the same slices.")
    offered = comparing.offered_runs()
    if not offered:
        st.info(
            "No training on this data set has ended yet, so there is nothing to compare.",
            icon=":material/compare_arrows:",
        )
        st.page_link("views/train.py", label="Train a network", icon=":material/arrow_forward:")
        return
    chosen = comparing.pick_runs(offered)
    if len(chosen) > 1:
        draw_comparison(chosen)
    else:
        one = "There is one run so far; train another" if len(offered) == 1 else "Choose two or more runs"
        st.info(f"{one} to compare.", icon=":material/compare_arrows:")
        if len(offered) == 1:
            st.page_link("views/train.py", label="Train a network", icon=":material/arrow_forward:")
    draw_all(offered, chosen)


def draw_comparison(chosen: Sequence[Run]) -> None:
    split = judging.pick_split()
    paired = keep_version(chosen)
    if len(paired) > 1:
        with errors.in_words():
            draw_paired(judgements.comparison(tuple(paired), split), chosen)
    else:
        draw_settings(chosen)
    draw_curves(chosen)


def keep_version(chosen: Sequence[Run]) -> list[Run]:
    """The runs on the reference's version of the data; says why the others cannot be paired."""
    names, reference, paired = distinct_names(chosen), chosen[0], []
    for run, name in zip(chosen, names, strict=True):
        if run.dataset_fingerprint == reference.dataset_fingerprint:
            paired.append(run)
        else:
            reason = other_version(reference, run, names[0], name)
            st.warning(f"Not compared: {words.plain(reason)}.", icon=":material/link_off:")
    return paired


def draw_paired(compared: RunComparison, chosen: Sequence[Run]) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Is it better?")
        for comparison in compared.comparisons:
            st.markdown(f"- {words.plain(tables.answer_in_words(comparison))}")
    with right:
        draw_settings(chosen)
    resampled = tables.resampling_in_words(compared.comparisons[0].resampling, len(compared.comparisons))
    st.subheader("Scores side by side", help=resampled)
    st.plotly_chart(charts.difference_figure(compared.comparisons), key="differences")
    st.caption("A filled diamond is a difference beyond chance. Losses are in the table only: of them, less is better.")
    place = comparing.pick_other(compared.names[1:], compared.runs[1:])
    draw_scores(compared, place)
    st.caption(resampled)
    draw_slices(compared, place)
    if compared.configurations:
        draw_seeds(compared)


def draw_settings(runs: Sequence[Run]) -> None:
    st.subheader("Settings that differ")
    table = tables.settings_in_words(runs)
    if table.empty:
        st.caption("None: these runs have the same settings.")
    else:
        st.dataframe(table)


def draw_scores(compared: RunComparison, place: int) -> None:
    table = tables.differences_in_words(compared.comparisons[place])
    columns = dict.fromkeys(table.columns[:4], st.column_config.TextColumn(alignment="right"))
    st.dataframe(table, column_config={"_index": TITLES, **columns}, height="content")
    st.download_button(
        "Download as CSV",
        csv_text(tables.differences_table(compared.comparisons)),
        f"comparison with {compared.names[0]} {compared.split}.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def draw_slices(compared: RunComparison, place: int) -> None:
    st.subheader("Slice by slice", help=MCNEMAR)
    comparison = compared.comparisons[place]
    table = tables.reclassified_in_words(comparison)
    columns = dict.fromkeys(table.columns[2:4], st.column_config.TextColumn(alignment="right"))
    st.dataframe(table, column_config={"_index": TITLES, **columns})
    a, b = (judgements.judged(run, compared.split) for run in (compared.runs[0], compared.runs[1 + place]))
    disputed.draw_gallery(comparison, a, b)


def draw_seeds(compared: RunComparison) -> None:
    st.subheader("Over seeds", help=SEEDS)
    st.dataframe(tables.seeds_in_words(compared), column_config={"_index": TITLES}, height="content")
    for configuration in compared.configurations:
        if configuration.reason:
            name = tables.configuration_name(compared, configuration)
            st.caption(words.plain(f"No difference for {name}: {configuration.reason}."))


def draw_curves(chosen: Sequence[Run]) -> None:
    st.subheader("Curves")
    drawn = [run for run in chosen if run.history]
    if not drawn:
        st.caption("None of these runs has kept its epochs, so there are no curves.")
        return
    measure = comparing.pick_measure("Curves of", curves.MEASURES, "curves")
    st.plotly_chart(curves.overlay_figure(drawn, measure), key="overlay")
    st.caption("A star marks the best epoch, the one with the lowest validation loss.")


def draw_all(offered: Sequence[Run], chosen: Sequence[Run]) -> None:
    """Every run on the reference's version of the data, by its settings."""
    version = (chosen or offered)[0].dataset_fingerprint
    runs = [run for run in offered if run.dataset_fingerprint == version]
    st.subheader(
        f"All {words.count(len(runs))} runs on this data", help="At each run's best epoch, on validation slices."
    )
    settings = list(differing_settings(runs))
    if not settings:
        st.caption("They all have the same settings, so there is nothing to set their scores against.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        score = comparing.pick_measure("Score", charts.SCORES, "score")
        setting = pick_setting(settings)
    table = run_table(runs)
    st.plotly_chart(charts.setting_scatter(table, setting, score, [run.id for run in chosen]), key="scatter")
    st.plotly_chart(charts.parallel_settings(table, settings, score), key="parallel")
    st.caption(
        "Diamonds are the runs chosen above. In the chart of all settings, draw along an axis to keep only the runs in "
        "that range; the bluer a line, the better its score."
    )
    st.download_button(
        "Download all runs as CSV", csv_text(table, "id"), "runs.csv", "text/csv", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def pick_setting(settings: Sequence[str]) -> str:
    wanted = state.list_from_address("setting", settings)
    setting = st.selectbox(
        "Setting",
        settings,
        index=settings.index(wanted[0]) if wanted else 0,
        format_func=tables.SETTINGS.__getitem__,
        width=240,
        key="setting",
    )
    state.to_address(setting=setting)
    return setting


main()
