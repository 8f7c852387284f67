"""Failures: on which slices a run errs, and whether there is a pattern."""

import streamlit as st

from app.ui import cache, gallery, judgements, judging, state, tiles
from app.ui.gallery import named, save_as
from mri_core import words
from mri_core.charts import failure_tables as tables
from mri_core.charts.failures import FailureFigures
from mri_core.evaluation.hierarchy import LEAST_SHARE, LEAST_SUPPORT
from mri_core.prediction.finding_errors import errors_by_finding
from mri_core.prediction.run_failures import RunFailures
from mri_core.runs.run import Run

PATIENT_COLUMNS = {
    "patient": st.column_config.TextColumn("Patient", pinned=True),
    "slices": st.column_config.NumberColumn("Slices", format="localized"),
    "wrong": st.column_config.NumberColumn("Errors", format="localized", help="Slices with an error."),
    "rate": st.column_config.NumberColumn("Error rate", format="%.1f %%", help="Share of the patient's slices."),
}
RATE_COLUMNS = {
    "by": st.column_config.TextColumn("Slices by", pinned=True),
    "finding": st.column_config.TextColumn("Slices with", pinned=True),
    "low": st.column_config.NumberColumn("From", format="%.4g"),
    "high": st.column_config.NumberColumn("To", format="%.4g"),
    "slices": st.column_config.NumberColumn("Slices", format="localized"),
    "wrong": st.column_config.NumberColumn("Errors", format="localized", help="Slices with an error."),
    "rate": st.column_config.NumberColumn("Error rate", format="%.1f %%"),
    "rate_low": st.column_config.NumberColumn("Interval from", format="%.1f %%", help="95 %, Wilson."),
    "rate_high": st.column_config.NumberColumn("Interval to", format="%.1f %%", help="95 %, Wilson."),
}
AREA = (
    "The number of labels that a slice carries stands in for the area of the lesion, which is not known: where labels "
    "are nested, a larger lesion tends to carry more of them. It is no area, and where labels are not nested it says "
    "nothing of one."
)
ANY_LABEL = "Which errors count on this page. On any label: a slice is right when every label on it is."
WILSON = (
    "Bins hold about as many slices each. Whiskers are 95 % Wilson intervals. They take slices as independent, which "
    "slices of one patient are not, so they are rather too narrow."
)
TREE = (
    "A label is nested in another when nearly all training slices that carry it carry the other too. A model that says "
    "the child but not its parent contradicts what it was shown."
)


def main() -> None:
    st.title("Failures")
    st.write("On which slices does a run err, and is there a pattern?")
    run = judging.pick_run()
    if run is None:
        return
    with st.container(horizontal=True, gap="large"):
        split = judging.pick_split()
        label = tiles.choose_label("Errors on", run.label_names, f"errors of {run.id} on", ANY_LABEL)
    found = judgements.failures(run, split)
    figures = judgements.failure_figures(run, split, label)
    draw_sum(found, split, label)
    left, right = st.columns([3, 2], gap="large")
    with left:
        draw_label_sets(run, split, found, figures)
    with right:
        patient = choose_patient(run, split, found, label)
    gallery.draw(found, label, patient)
    draw_error_rates(run, split, found, figures, label)
    draw_errors_by_finding(run, split, found, label)
    draw_consistency(run, split)


def draw_sum(found: RunFailures, split: str, label: str | None) -> None:
    errors_found = found.error_rate(label)
    st.markdown(
        f"**{words.count(errors_found.wrong)}** of {words.count(errors_found.slices)} {split} slices have an error on "
        f"{named(label)}: {words.percent(errors_found.rate)} "
        f"({words.percent(errors_found.low)} to {words.percent(errors_found.high)})."
    )
    if found.judged.dataset is None:
        st.warning(
            f"The data set that this run was trained on, {words.plain(found.judged.run.dataset_name)}, is gone or has "
            "changed, and with it the pictures, patients, positions and training labels. What follows is from the "
            "stored predictions alone.",
            icon=":material/database_off:",
        )


def draw_label_sets(run: Run, split: str, found: RunFailures, figures: FailureFigures) -> None:
    st.subheader("Which findings are taken for which")
    st.plotly_chart(figures.label_sets, key="label sets")
    exact = words.count(found.confusion.exact)
    st.caption(
        f"Slices, and their share of all slices with that truth. Blue is right, {exact} slices in all; orange is wrong."
    )
    save_as(
        "Label sets as CSV",
        lambda: tables.label_set_table(found.confusion),
        f"{run.name} {split} label sets.csv",
    )


def choose_patient(run: Run, split: str, found: RunFailures, label: str | None) -> str | None:
    """The patient whose slices are shown, None for all; the row ticked in the table."""
    st.subheader("Patients with most errors", help=f"Errors on {named(label)}. Tick one to see its slices below.")
    table = found.by_patient(label)
    if table is None:
        st.info("Patients are unknown, so slices cannot be told apart by them.", icon=":material/person_off:")
        return None
    patients = table["patient"].tolist()
    wanted = state.list_from_address("patient", patients)
    chosen = st.dataframe(
        tables.in_percent(table),
        column_config=PATIENT_COLUMNS,
        column_order=list(PATIENT_COLUMNS),
        hide_index=True,
        height=380,
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [patients.index(name) for name in wanted]}},
        # Ticks belong to rows by their number: another order makes another table, which is ticked anew.
        key=f"patients of {run.id} {split} {label} {state.turn(gallery.PATIENTS)}",
    )
    ticked = [patients[row] for row in chosen.selection.rows]
    if ticked != wanted:
        gallery.first_page()
    state.to_address(patient=ticked)
    st.caption(f"{words.count(len(patients))} patients. Tick one to see its slices alone.")
    return ticked[0] if ticked else None


def draw_error_rates(run: Run, split: str, found: RunFailures, figures: FailureFigures, label: str | None) -> None:
    st.subheader("Where errors are frequent", help=WILSON)
    for (name, figure), column in zip(figures.error_rates.items(), st.columns(len(figures.error_rates)), strict=True):
        column.plotly_chart(figure, key=f"error rate by {name}")
    st.caption(f"Share of slices with an error on {named(label)}. {AREA}")
    with st.expander("Error rates as a table"):
        table = tables.error_rate_table(found.error_rates(label))
        st.dataframe(tables.in_percent(table), hide_index=True, column_config=RATE_COLUMNS)
        save_as("Error rates as CSV", lambda: table, f"{run.name} {split} {label or 'any label'} error rates.csv")


def draw_errors_by_finding(run: Run, split: str, found: RunFailures, label: str | None) -> None:
    dataset = found.judged.dataset
    if dataset is None:
        return
    st.subheader("Errors where the data has faults", help=WILSON)
    quality = cache.quality(dataset.header)
    if quality is None:
        st.info(
            "The data set has not been checked yet. Once it is, this says whether errors gather on its faulty slices.",
            icon=":material/fact_check:",
        )
        st.page_link("views/quality.py", label="Check the data set", icon=":material/fact_check:")
        return
    table = errors_by_finding(found, quality.findings, label)
    if table.empty:
        st.info(f"The checks found nothing on {split} slices.", icon=":material/check_circle:")
        return
    shown = tables.in_percent(table.drop(columns="name"))
    st.dataframe(shown, hide_index=True, column_config=RATE_COLUMNS)
    st.caption(f"Errors on {named(label)}. A slice that several findings concern counts in each.")
    save_as("Errors by finding as CSV", lambda: table, f"{run.name} {split} errors by finding.csv")


def draw_consistency(run: Run, split: str) -> None:
    st.subheader("Consistency with the label tree", help=TREE)
    found = judgements.consistency(run, split)
    if found is None:
        st.info(
            "The tree is found in the training labels, which are gone with the data set.",
            icon=":material/account_tree:",
        )
        return
    if not found.repairs:
        st.info(
            "No label is nested in another: none that at least "
            f"{LEAST_SUPPORT} training slices carry has another beside it on {words.percent(LEAST_SHARE)} of them.",
            icon=":material/account_tree:",
        )
        return
    st.table(tables.tree_in_words(found))
    st.caption(
        f"{words.count(found.inconsistent)} of {words.count(found.slices)} {split} slices are given a child without "
        "its parent. Shares are of the slices given the child, with 95 % Wilson intervals."
    )
    st.markdown("**What a repair would change**")
    st.table(tables.repairs_in_words(found))
    st.caption(tables.repairs_resampled(found))
    save_as("Repairs as CSV", lambda: tables.repairs_table(found), f"{run.name} {split} repairs.csv")


main()
