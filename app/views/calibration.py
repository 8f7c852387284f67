"""Calibration: how far a probability can be believed, and what would make it more so."""

from datetime import datetime

import streamlit as st

from app.ui import judgements, judging, state
from mri_core import words
from mri_core.charts import calibration_tables as tables
from mri_core.charts.calibration import reliability_figure
from mri_core.charts.theme import label_colours
from mri_core.csv_text import csv_text
from mri_core.errors import NotFound
from mri_core.evaluation.calibration import SPLIT
from mri_core.evaluation.calibration_effect import Effects
from mri_core.prediction.model_file import save_calibration
from mri_core.prediction.run_calibration import RunCalibration
from mri_core.runs.run import Run

SPLITS = {SPLIT: "fitted on these, so after flatters", "test": "had no say in it, so this is honest"}
MOVES = (
    "Storing changes every probability that Predict and the Report show. The thresholds move along, so the model "
    "decides as before; only slices that an isotonic step makes equal to the threshold may become positive."
)
ERROR_HELP = (
    "ECE, expected calibration error: the mean gap between what was said and what was found, over up to 15 bins of "
    "equally many slices. Brier score: mean squared distance of probability and truth; about reliability (lower is "
    "better) − resolution (higher is better) + uncertainty (what is in the data)."
)
KINDS_HELP = (
    "Mean log loss on slices held out in turn, patient by patient where patients are known; the lowest is chosen. "
    "*Temperature* divides the logits by one number, *Platt* fits a line to them, *isotonic* a rising curve of steps."
)


def main() -> None:
    st.title("Calibration")
    st.write("Does a probability of 0.8 mean eight in ten?")
    run = judging.pick_run()
    if run is None:
        return
    found = judgements.calibration(run)
    draw_storing(run, found)
    label = judging.pick_label(run)
    effects = draw_curves(run, found, label)
    draw_errors(run, label, effects)
    draw_kinds(found)


def draw_storing(run: Run, found: RunCalibration) -> None:
    """What the model has, and the buttons that change it."""
    if found.stored:
        latest = max(one.date for one in found.stored.values())
        st.write(
            f"**Calibrated**: {tables.kinds_in_words(found.stored)}. "
            f"Fitted {state.moment(datetime.fromisoformat(latest))}."
        )
    elif found.fitted:
        st.write(f"**Not calibrated.** Fitted here and not stored: {tables.kinds_in_words(found.fitted)}.")
    else:
        st.info(
            "No label has enough slices to calibrate, so the model keeps its own probabilities.",
            icon=":material/block:",
        )
    with st.container(horizontal=True):
        if st.button(
            "Store with the model",
            type="primary",
            icon=":material/save:",
            disabled=found.is_stored or not found.fitted,
        ):
            save_calibration(run.folder, found.fitted)
            st.rerun()
        if st.button("Remove", icon=":material/undo:", disabled=not found.stored, help="Back to the model's own."):
            save_calibration(run.folder, {})
            st.rerun()
    st.caption(MOVES)


def draw_curves(run: Run, found: RunCalibration, label: str) -> dict[str, Effects]:
    """One curve a split; returns what was drawn."""
    colour = label_colours(run.label_names)[label]
    effects: dict[str, Effects] = {}
    for (split, worth), column in zip(SPLITS.items(), st.columns(2, gap="medium"), strict=True):
        with column:
            st.subheader(f"{split.capitalize()} slices")
            try:
                effects[split] = judgements.calibration_effect(run, split)
            except NotFound as error:
                st.info(words.plain(str(error)), icon=":material/lab_profile:")
                continue
            st.caption(f"{words.count(effects[split].slices)} slices; {worth}.")
            effect = effects[split].labels[label]
            st.plotly_chart(reliability_figure(label, effect.before, colour, effect.after), key=f"curve on {split}")
    state_of = "stored with the model" if found.stored else "not stored yet"
    st.caption(
        f"After: the calibration that is {state_of}. Bars are 95 % Wilson intervals over slices; slices of one patient "
        "resemble each other, so the doubt is rather larger."
    )
    return effects


def draw_errors(run: Run, label: str, effects: dict[str, Effects]) -> None:
    st.subheader(f"Calibration error of {words.plain(label)}", help=ERROR_HELP)
    st.table(tables.effect_in_words({split.capitalize(): each.labels[label] for split, each in effects.items()}))
    st.caption("Lower is better, but for resolution.")
    st.download_button(
        "Every label as CSV",
        csv_text(tables.effects_table(effects)),
        f"{run.name} calibration.csv",
        "text/csv",
        on_click="ignore",
    )


def draw_kinds(found: RunCalibration) -> None:
    st.subheader("What each kind reached", help=KINDS_HELP)
    if found.fitted:
        st.table(tables.compared_in_words(found.fitted))
        st.caption(
            f"Held-out log loss on {SPLIT} slices, lower is better; the best of those compared flatters slightly."
        )
    for reason in found.refused.values():
        st.warning(f"Not calibrated: {words.plain(reason)}", icon=":material/block:")


main()
