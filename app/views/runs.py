"""Runs: what has been trained, with which settings, and what came of it."""

from collections.abc import Sequence

import streamlit as st

from app.ui import promotion, recorded, state
from app.ui.deletion import confirm_deletion
from app.ui.gallery import save_as
from mri_core import words
from mri_core.charts import curves
from mri_core.charts.champions import MARK
from mri_core.charts.comparison_tables import SETTINGS, settings_in_words
from mri_core.runs.comparison import has_results, run_table
from mri_core.runs.run import STATUSES, Run

ALL = "All data sets"
SCORE = st.column_config.NumberColumn(format="%.3f")
COLUMNS = {
    "name": st.column_config.TextColumn("Name", pinned=True),
    "champion": st.column_config.TextColumn("Champion", help="The run that Predict starts with, one a data set"),
    "status": st.column_config.TextColumn("Status"),
    "dataset": st.column_config.TextColumn("Data set"),
    "left_out": st.column_config.NumberColumn(
        SETTINGS["left_out"], help="Of the training patients, not learnt from to judge their labels; 0: none"
    ),
    "val_micro_f1": st.column_config.NumberColumn("Micro-F1", format="%.3f", help="Validation, at the best epoch"),
    "val_macro_f1": st.column_config.NumberColumn("Macro-F1", format="%.3f", help="Validation, at the best epoch"),
    "val_loss": st.column_config.NumberColumn("Validation loss", format="%.4f", help="At the best epoch, the lowest"),
    "best_epoch": st.column_config.NumberColumn("Best epoch", help="The one with the lowest validation loss"),
    "epochs_done": st.column_config.NumberColumn("Epochs done"),
    "duration": st.column_config.NumberColumn("Duration", format="localized"),
    "images_per_second": st.column_config.NumberColumn("Images/s", format="%,.0f", help="Slices trained on per second"),
    "peak_memory_mb": st.column_config.NumberColumn("Peak memory, MB", format="%,.0f"),
    "created": st.column_config.DatetimeColumn("Created", format="D MMM YYYY, HH:mm"),
    "parameters": st.column_config.NumberColumn("Parameters", format="localized"),
}


def main() -> None:
    st.title("Runs")
    st.write("Which settings did best so far: every training with its scores, its cost and its curves.")
    if not recorded.runs(limit=1):
        st.info("Nothing has been trained yet.", icon=":material/play_arrow:")
        st.page_link("views/train.py", label="Train a network", icon=":material/arrow_forward:")
        return
    asked = state.from_address("most") or ""
    most = max(recorded.MOST_LISTED, int(asked)) if asked.isdecimal() and len(asked) < 7 else recorded.MOST_LISTED
    found = filtered(most + 1)  # one more, to know whether there are more
    if not found:
        st.info("No run fits the filters at the side.", icon=":material/filter_alt:")
        st.page_link("views/train.py", label="Train a network", icon=":material/arrow_forward:")
        return
    shown = found[:most]
    chosen = table(shown)
    if len(found) > most:
        offer_older(most)
    actions(chosen, shown)
    if chosen:
        compare([recorded.run(run.id) for run in chosen])
    else:
        st.caption("Tick runs at the left of the table to lay their curves over each other, open or delete them.")
    promotion.history()


def filtered(limit: int) -> list[Run]:
    """The newest runs that the sidebar lets through; what it says is in the address too."""
    picked = state.dataset()
    names = [picked.name, ALL] if picked else [ALL]
    with st.sidebar:
        st.subheader("Filter")
        scope = st.selectbox(
            "Runs on",
            names,
            index=len(names) - 1 if state.from_address("all") else 0,
            help="The data set they saw.",
            key=f"scope {names[0]}",
        )
        statuses = st.pills(
            "Status",
            STATUSES,
            selection_mode="multi",
            default=state.list_from_address("status", STATUSES),
            format_func=str.capitalize,
            help="None chosen shows all.",
            key="status filter",
        )
        text = st.text_input(
            "Text", value=state.from_address("text") or "", placeholder="name, id or setting", key="text filter"
        )
    state.to_address(all="yes" if scope == ALL and picked else None, status=statuses, text=text)
    with st.spinner("Looking through the runs", show_time=True):
        return recorded.runs(None if scope == ALL else scope, statuses or STATUSES, text, limit)


def offer_older(most: int) -> None:
    """What stands under a table that does not hold all runs."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"The newest {words.count(most)} runs. A filter at the side looks through all of them.", width="content"
        )
        st.button(
            "Show older ones",
            icon=":material/expand_more:",
            on_click=state.to_address,
            kwargs={"most": str(most + recorded.MOST_LISTED)},
        )


def table(runs: Sequence[Run]) -> list[Run]:
    """Draw the table; returns the runs that are ticked."""
    ids = [run.id for run in runs]
    wanted = state.list_from_address("selected", ids)
    crowned = {one.run_id for one in recorded.champions().values()}.intersection(ids)
    shown = {
        "dataset": len({run.dataset_name for run in runs}) > 1,
        "champion": bool(crowned),
        "left_out": any(run.spec.left_out for run in runs),
    }
    frame = run_table(runs).replace(dict.fromkeys(SETTINGS, words.CHOICES))
    frame["champion"] = [MARK if run_id in crowned else "" for run_id in ids]
    answer = st.dataframe(
        frame,
        column_config=SETTINGS | COLUMNS,
        column_order=[name for name in COLUMNS | SETTINGS if shown.get(name, True)],
        hide_index=True,
        selection_mode="multi-row",
        on_select="rerun",
        # Ticks belong to rows by their number: other rows make another table, which is ticked anew.
        key=f"runs {hash(tuple(ids))}",
        selection_default={"selection": {"rows": [ids.index(run_id) for run_id in wanted]}},
        placeholder="",
    )
    chosen = [runs[row] for row in answer.selection.rows]
    state.to_address(selected=[run.id for run in chosen])
    return chosen


def actions(chosen: Sequence[Run], shown: Sequence[Run]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        running = any(run.status == "running" for run in chosen)
        if st.button(
            "Delete" if len(chosen) < 2 else f"Delete {len(chosen)} runs",
            icon=":material/delete:",
            disabled=not chosen or running,
            help="Stop a run before you delete it." if running else None,
        ):
            confirm_deletion(chosen)
        if len(chosen) == 1:
            promotion.offer(chosen[0])
            open_run(chosen[0])
        # What was there before is what the others are compared with.
        comparable = sorted((run for run in chosen if has_results(run)), key=lambda run: run.created)
        if len(comparable) > 1:
            st.page_link(
                "views/compare.py",
                label="Compare them",
                icon=":material/compare_arrows:",
                query_params={"selected": [run.id for run in comparable]},
            )
        save_as("These runs as CSV", lambda: run_table(shown).reset_index(names="id"), "runs.csv")


def open_run(run: Run) -> None:
    query = {"run": run.id}
    if has_results(run):
        st.page_link("views/report.py", label="Read its report", icon=":material/lab_profile:", query_params=query)
        st.page_link("views/predict.py", label="Predict with it", icon=":material/search_insights:", query_params=query)
    label = "See why it failed" if run.status == "failed" else "See its training" if run.ended else "Follow it live"
    st.page_link("views/train.py", label=label, icon=":material/show_chart:", query_params=query)


def compare(chosen: Sequence[Run]) -> None:
    measure = st.segmented_control(
        "Curves of",
        list(curves.MEASURES),
        default="loss",
        required=True,
        format_func=lambda name: curves.MEASURES[name],
        key="measure",
    )
    drawn = [run for run in chosen if run.history]
    if drawn:
        st.plotly_chart(curves.overlay_figure(drawn, measure or "loss"), key="overlay")
        st.caption("A star marks the best epoch, the one with the lowest validation loss.")
    else:
        st.caption("None of these runs has come to the end of an epoch, so there are no curves.")
    if len(chosen) > 1:
        st.subheader("Settings that differ")
        table = settings_in_words(chosen)
        if table.empty:
            st.caption("None: these runs have the same settings.")
        else:
            st.dataframe(table)


main()
