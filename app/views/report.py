"""Report: what a run is worth on slices it has not learnt from."""

import streamlit as st

from app.ui import judgements, judging, promotion, state
from mri_core import words
from mri_core.card.forms import as_html, as_json
from mri_core.charts import score_tables as tables
from mri_core.charts.scores import ReportFigures
from mri_core.csv_text import csv_text
from mri_core.evaluation.report import Report
from mri_core.evaluation.table import score_table
from mri_core.prediction.model_file import read_description
from mri_core.runs.run import Run
from mri_core.training.spec import TrainingSpec

SAMPLES = (
    "The samples average takes each slice by itself. A slice without any label counts as zero there, even when nothing "
    "was rightly predicted, so the row stays low where many slices carry no finding, as in the published study. "
    "The row beneath it is the same average over the slices that carry a label."
)


def main() -> None:
    st.title("Report")
    st.write("How far can a run be trusted: its scores on slices it has not learnt from, beside predicting nothing.")
    run = judging.pick_run()
    if run is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        split = judging.pick_split()
        promotion.offer(run)
        offer_card(run)
    report = judgements.report(run, split)
    draw_scores(run, split, report)
    draw_beside(report)
    figures = judgements.report_figures(run, split)
    draw_strata(report)
    draw_confusion(figures)
    draw_curves(report, figures)
    draw_facts(run)


def offer_card(run: Run) -> None:
    with st.popover("Model card", icon=":material/description:"):
        st.write(
            "All that is known of this run as one document: scores on all slices with intervals, thresholds, "
            "calibration, failures, data, settings, limits, how to repeat it. Making it takes some seconds."
        )
        for form, written, kind in (("HTML", as_html, "text/html"), ("JSON", as_json, "application/json")):
            st.download_button(
                f"Download as one {form} file",
                lambda written=written: written(judgements.card(run)),
                f"{run.name} model card.{form.lower()}",
                kind,
                icon=":material/download:",
                on_click="ignore",
                width="stretch",
            )


def draw_scores(run: Run, split: str, report: Report) -> None:
    evaluation, judged = report.evaluation, report.judgement.slices
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader(f"Scores on {words.count(evaluation.counts.slices)} {split} slices", help=SAMPLES)
        st.table(tables.scores_in_words(judged).style.format(thousands=",", subset=["Support"]))
        st.caption(tables.resampling_in_words(judged))
        st.caption("In the samples average a slice without any label counts as zero; the row beneath leaves those out.")
        st.download_button(
            "Download as CSV",
            csv_text(score_table(evaluation), "row"),
            f"{run.name} {split} scores.csv",
            "text/csv",
            on_click="ignore",
        )
    with right:
        st.subheader("Whole slices", help="A slice is right when every label on it is. With 95 % intervals.")
        st.table(tables.whole_slices_in_words(judged))
        nothing = words.count(evaluation.overall.no_finding.slices)
        st.caption(
            f"{nothing} of these slices carry no finding. A false alarm is any label predicted on one of them, or on "
            "any slice of a patient who has none."
        )
        limits = zip(evaluation.label_names, evaluation.thresholds, strict=True)
        written_limits = ", ".join(f"{words.plain(name)} from {limit:.3g}" for name, limit in limits)
        st.caption(f"Thresholds stored with the model: {written_limits}.")


def draw_beside(report: Report) -> None:
    st.subheader("Whatever the threshold", help="Scores of the probabilities themselves, with 95 % intervals.")
    st.table(tables.ranking_in_words(report.judgement.slices))
    st.subheader("Beside answers that never look", help="A model is worth what it scores above these.")
    st.table(tables.beside_baselines(report.judgement))
    st.caption(
        "Predict nothing calls every slice *no finding*. Prevalence answers with each label's share of the training "
        "slices: labels drawn with that chance for decisions, the share itself for probabilities."
    )


def draw_strata(report: Report) -> None:
    st.subheader("On whom", help="The same thresholds on some of the slices, and on patients in place of slices.")
    st.table(tables.strata_in_words(report.judgement))
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
