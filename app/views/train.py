"""Train: choose the settings, start a run, and follow it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.ui import cache, empty, errors, forms, progress, recorded, state
from mri_core import words
from mri_core.charts import curves
from mri_core.csv_text import csv_text
from mri_core.errors import InvalidInput
from mri_core.evaluation.baseline import predict_nothing
from mri_core.runs.comparison import has_results
from mri_core.runs.liveness import stop
from mri_core.runs.run import RESUMABLE, Run
from mri_core.settings import Settings
from mri_core.training.start import resume_run, start_run

NAMES = {name: curves.MEASURES[name] for name in curves.AVERAGES}


def main() -> None:
    st.title("Train")
    st.write("Which settings make a network find the labels: choose them at the side, start, and watch it learn.")
    dataset = state.dataset()
    if dataset is None:
        empty.no_dataset()
        return
    problems = st.container()
    with st.sidebar:
        st.subheader("Settings")
        spec = forms.spec_form(problems)
        settings = resources_form(problems)
    key = f"start {state.turn('start')}"
    ready = spec and settings
    if st.button("Start training", type="primary", icon=":material/play_arrow:", disabled=not ready, key=key) and ready:
        state.next_turn("start")  # a second click of a double click finds another button
        with st.spinner("Handing the run to the queue"):
            run = start_run(spec, dataset, settings)
        state.to_address(run=run.id)
        st.rerun()
    run_id = state.from_address("run")
    if run_id:
        follow(run_id)
    elif active := recorded.active_run(dataset.name):
        st.info(f"{words.plain(active.name)} is {active.status} on this data set.", icon=":material/show_chart:")
        st.page_link(
            "views/train.py", label="Follow it live", icon=":material/arrow_forward:", query_params={"run": active.id}
        )
    else:
        st.caption("A training goes on when this page is closed. Earlier ones are under Runs.")
        st.page_link("views/runs.py", label="All runs", icon=":material/table_rows:")


def resources_form(problems: DeltaGenerator) -> Settings | None:
    """The settings to queue with; on a cluster, what the run takes can be changed. None while that is no amount."""
    settings = cache.settings()
    if not settings.scheduler:
        return settings
    told = "What the run takes of a cluster's worker, by the names it was started with, such as GPU=1,MEMORY=8e9."
    try:
        return settings.taking(st.text_input("Resources", settings.resources, key="resources", help=told))
    except InvalidInput as error:
        problems.error(words.plain(str(error)), icon=":material/error:")
        return None


def follow(run_id: str) -> None:
    """The live view. Read again every second, until the run has ended."""
    run = recorded.run(run_id)
    header = next((each for each in cache.headers() if each.fingerprint == run.dataset_fingerprint), None)
    baseline = predict_nothing(cache.statistics(header)["splits"]["validation"]) if header else {}
    st.fragment(draw, run_every=None if run.ended else 1.0)(run_id, baseline, alive=not run.ended)


def draw(run_id: str, baseline: dict[str, float], alive: bool) -> None:
    with errors.in_words():
        run = recorded.run(run_id)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(words.plain(run.name), width="content", anchor=False)
            progress.status_badge(run)
            progress.draw_subject(run)
            if not run.ended:
                run = stop_button(run)
        if run.ended and alive:
            st.rerun()  # the whole page, which then stops asking
        if run.ended:
            draw_end(run)
        else:
            progress.draw_progress(run)
        draw_curves(run, baseline)


def stop_button(run: Run) -> Run:
    """Returns the run as it is after a click."""
    waiting = run.status == "queued" and run.process is None
    label = "Take out of the queue" if waiting else "Stop and keep the best weights so far"
    if st.button(label, icon=":material/stop:", disabled=run.stop_requested, key="stop"):
        return stop(recorded.store(), run.id)
    return run


def resume_button(run: Run) -> None:
    """For a run that ended before its time."""
    if run.status in RESUMABLE and st.button(
        "Resume training",
        icon=":material/resume:",
        help="Goes on from the last checkpoint under the same name, as if it had never been interrupted.",
        key="resume",
    ):
        with st.spinner("Handing the run to the queue"):
            resume_run(run, cache.settings())
        st.rerun()


def draw_end(run: Run) -> None:
    reason, _, log = (run.error or "").partition("\n")
    resume_button(run)
    if run.status == "failed":
        st.error(words.plain(reason), icon=":material/error:")
        if log:
            st.caption("The last lines of its log:")
            st.code(log, language=None)
        return
    if reason:
        st.warning(words.plain(reason), icon=":material/warning:")
    if not has_results(run):
        st.write("Stopped before its first epoch was over, so there is nothing to keep.")
        return
    took = f" in {words.duration(run.timing.seconds)}" if run.timing else ""
    st.write(
        f"{run.status.capitalize()} after {len(run.history)} of at most {run.spec.epochs} epochs{took}. "
        f"The weights of epoch {run.best_epoch}, with the lowest validation loss, are kept."
    )
    with st.container(horizontal=True):
        query = {"run": run.id}
        st.page_link("views/report.py", label="Read its report", icon=":material/lab_profile:", query_params=query)
        st.page_link("views/predict.py", label="Predict with it", icon=":material/search_insights:", query_params=query)


def draw_curves(run: Run, baseline: dict[str, float]) -> None:
    if not run.history:
        if not run.ended:
            st.caption("The curves begin with the end of the first epoch.")
        return
    shown = st.pills(
        "F1 of",
        [*curves.AVERAGES, *run.label_names],
        selection_mode="multi",
        default=list(curves.AVERAGES),
        format_func=lambda name: NAMES.get(name) or words.plain(name),
        key=f"F1 of {run.dataset_fingerprint}",
    )
    figures = (
        curves.loss_figure(run.history, run.best_epoch),
        curves.f1_figure(run.history, run.best_epoch, run.label_names, shown),
        curves.accuracy_figure(run.history, run.best_epoch, baseline),
    )
    for name, column, figure in zip(("loss", "F1", "accuracy"), st.columns(3), figures, strict=True):
        column.plotly_chart(figure, key=f"{name} curve")
    st.caption("Solid: validation slices. Dashed: training slices, scored while the weights were changing.")
    with st.expander("The same numbers as a table"):
        table = curves.history_table(run.history, run.label_names)
        st.dataframe(
            table, hide_index=True, column_config=dict.fromkeys(table.columns[1:], SCORE), placeholder="undefined"
        )
        st.download_button("Download as CSV", csv_text(table), f"{run.name} curves.csv", "text/csv", on_click="ignore")


SCORE = st.column_config.NumberColumn(format="%.4f")

main()
