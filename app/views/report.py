"""Report: what a run is worth on slices it has not learnt from."""

import streamlit as st

from app.ui import cache, progress, state
from mri_core import words
from mri_core.charts import scores
from mri_core.charts.scores import ReportFigures
from mri_core.datasets.dataset import SPLITS
from mri_core.evaluation.report import Report
from mri_core.evaluation.table import score_table
from mri_core.prediction.model_file import read_description
from mri_core.runs.comparison import has_results
from mri_core.runs.run import Run
from mri_core.training.spec import TrainingSpec

JUDGED = SPLITS[1:]
SAMPLES = (
    "The samples average takes each slice by itself. A slice without any label counts as zero there, even when nothing "
    "was rightly predicted, so the row stays low where many slices carry no finding, as in the published study. "
    "The row beneath it is the same average over the slices that carry a label."
)


def main() -> None:
    st.title("Report")
    st.write("How far can a run be trusted: its scores on slices it has not learnt from, beside predicting nothing.")
    run = pick_run()
    if run is None:
        st.info(
            "No training on this data set has ended yet, so there is nothing to judge.", icon=":material/lab_profile:"
        )
        st.page_link("views/train.py", label="Train a network", icon=":material/arrow_forward:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(words.plain(run.name), width="content", anchor=False)
        progress.status_badge(run)
        st.caption(f"{words.choice(run.spec.architecture)} on {words.plain(run.dataset_name)}", width="content")
    if not has_results(run):
        without_results(run)
        return
    split = pick_split()
    report = cache.report(run.folder, split)
    draw_scores(run, split, report)
    figures = cache.report_figures(run.folder, split)
    draw_strata(report)
    draw_confusion(figures)
    draw_curves(report, figures)
    draw_facts(run)


def pick_run() -> Run | None:
    """The run in the address, else the newest with results; the sidebar offers the others of the data set."""
    dataset = state.dataset()
    offered = {run.id: run for run in cache.runs(dataset.name) if has_results(run)} if dataset else {}
    wanted = state.from_address("run")
    if wanted and wanted not in offered:
        offered = {wanted: cache.run(wanted), **offered}
    if not offered:
        return None
    ids = list(offered)
    chosen = st.sidebar.selectbox(
        "Run",
        ids,
        index=ids.index(wanted) if wanted else 0,
        format_func=lambda run_id: f"{offered[run_id].name}, {state.moment(offered[run_id].created)}",
        help="Runs on this data set that have ended with a model.",
        key=f"run on {dataset.name if dataset else None}",
    )
    state.to_address(run=chosen)
    return cache.run(chosen)


def pick_split() -> str:
    wanted = state.list_from_address("split", JUDGED)
    split = st.segmented_control(
        "Slices",
        JUDGED,
        default=wanted[0] if wanted else JUDGED[0],
        required=True,
        format_func=str.capitalize,
        help="Validation slices decided when training stopped, so scores on them flatter a little. Test slices had no "
        "say in anything.",
        key="split",
    )
    state.to_address(split=split)
    return split


def without_results(run: Run) -> None:
    query = {"run": run.id}
    if not run.ended:
        st.info(f"This run is {run.status}; its report follows when it has ended.", icon=":material/hourglass:")
        st.page_link("views/train.py", label="Follow it live", icon=":material/show_chart:", query_params=query)
    elif run.status == "failed":
        st.error("This run failed, so there is nothing to judge.", icon=":material/error:")
        st.page_link("views/train.py", label="See why", icon=":material/arrow_forward:", query_params=query)
    else:
        st.info("This run was stopped before its first epoch was over: it has no results.", icon=":material/stop:")
        st.page_link("views/train.py", label="Train again", icon=":material/arrow_forward:")


def draw_scores(run: Run, split: str, report: Report) -> None:
    evaluation = report.evaluation
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader(f"Scores on {words.count(evaluation.counts.slices)} {split} slices", help=SAMPLES)
        written = scores.scores_in_words(report.judgement.slices)
        st.table(written.style.format(thousands=",", subset=["Support"]))
        st.caption(scores.resampling_in_words(report.judgement.slices))
        st.caption("In the samples average a slice without any label counts as zero; the row beneath leaves those out.")
        st.download_button(
            "Download as CSV",
            score_table(evaluation).to_csv(index_label="row"),
            f"{run.name} {split} scores.csv",
            "text/csv",
            on_click="ignore",
        )
    with right:
        st.subheader("Beside predicting nothing", help="What always answering *no finding* reaches on the same slices.")
        st.table(scores.beside_baseline(evaluation))
        nothing = words.count(evaluation.overall.no_finding.slices)
        st.caption(
            f"{nothing} of these slices carry no finding. Binary accuracy: answers that are right, label by label. "
            "Subset accuracy: slices with every label right."
        )
        limits = zip(evaluation.label_names, evaluation.thresholds, strict=True)
        written_limits = ", ".join(f"{words.plain(name)} from {limit:g}" for name, limit in limits)
        st.caption(f"Thresholds stored with the model: {written_limits}.")


def draw_strata(report: Report) -> None:
    st.subheader("On whom", help="The same thresholds on some of the slices, and on patients in place of slices.")
    st.table(scores.strata_in_words(report.judgement))
    st.caption(
        "A patient carries a label when any slice does. The probability is that of the most probable slice, or the "
        "mean of the three most probable, which one wrong slice sways less."
    )


def draw_confusion(figures: ReportFigures) -> None:
    st.subheader("Confusion of each label", help="Slices, and their share of all slices of the split.")
    names = list(figures.confusion)
    for start in range(0, len(names), 3):
        for name, column in zip(names[start : start + 3], st.columns(3), strict=False):
            column.plotly_chart(figures.confusion[name], key=f"confusion of {name}")


def draw_curves(report: Report, figures: ReportFigures) -> None:
    st.subheader("Every threshold", help="A diamond marks the model's own threshold.")
    left, right = st.columns(2)
    left.plotly_chart(figures.precision_recall, key="precision and recall")
    right.plotly_chart(figures.roc, key="ROC")
    missing = [name for name, curve in report.roc.items() if curve is None]
    if missing:
        names = ", ".join(words.plain(name) for name in missing)
        st.caption(f"No curve for {names}: undefined, this split lacks slices with it or slices without it.")


def draw_facts(run: Run) -> None:
    with st.expander("Settings, time and model"):
        left, right = st.columns(2)
        fields = TrainingSpec.model_fields.items()
        settings = {field.title: words.choice(getattr(run.spec, name)) for name, field in fields}
        left.dataframe({"Setting": list(settings), "Value": list(settings.values())}, hide_index=True)
        facts = {
            "Run": run.id,
            "Created": state.moment(run.created),
            "Best epoch": str(run.best_epoch),
            "Parameters": words.count(run.parameters) if run.parameters else "unknown",
            "Trained on": run.device or "unknown",
            "Largest difference of ONNX to Keras": f"{read_description(run.folder).onnx_difference:.1e}",
        }
        if run.timing:
            facts["Duration"] = words.duration(run.timing.seconds)
            facts["Images per second"] = f"{run.timing.images_per_second:,.0f}"
            facts["Peak memory"] = f"{run.timing.peak_memory_mb:,.0f} MB"
        right.dataframe({"Fact": list(facts), "Value": list(facts.values())}, hide_index=True)


main()
