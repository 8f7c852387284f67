"""Thresholds: from which probability each label counts as found, and why from there."""

import streamlit as st

from app.ui import errors, judgements, judging, state
from mri_core import words
from mri_core.charts import threshold_tables as tables
from mri_core.charts import thresholds as charts
from mri_core.charts.score_tables import resampling_in_words
from mri_core.charts.theme import label_colours
from mri_core.csv_text import csv_text
from mri_core.errors import NotFound
from mri_core.evaluation.calibration import SPLIT
from mri_core.evaluation.threshold_rules import THRESHOLD_RULES, Parameter
from mri_core.evaluation.thresholds import MANUAL, ChosenThreshold, OutOfReach, choose_threshold, choose_thresholds
from mri_core.prediction.judged_run import JudgedRun
from mri_core.prediction.model_file import forget_thresholds, save_thresholds
from mri_core.runs.run import Run

BY_HAND = "By hand"
LEAST = 0.01  # the least that a rule can be told here
RULE_HELP = (
    "*Best F1* balances precision and sensitivity. *Youden's J* is sensitivity + specificity − 1. *At least this "
    "sensitivity* takes the highest threshold that finds that share of the positives, *at least this precision* the "
    "one that finds most with so few false alarms. *Least cost* weighs a miss against false alarms."
)
TEST_HELP = (
    "Test slices had no say in the thresholds, so this is what to expect of new patients. They are judged at the saved "
    "thresholds only: trying candidates on them would be choosing on them."
)


def main() -> None:
    st.title("Thresholds")
    st.write("From which probability does each label count as found, and why from there?")
    run = judging.pick_run()
    if run is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = judging.pick_label(run)
        saved = judgements.judged(run, SPLIT).description.threshold_choices.get(label)
        rule = pick_rule(saved)
        parameter = pick_parameter(rule, saved)
        for_all = st.button(
            "Use this rule for all labels",
            disabled=rule == MANUAL,
            help="Chooses a threshold for each label, and saves it.",
        )
    if for_all:
        save_for_all(run, rule, parameter)
    workbench(run, label, rule, parameter)
    csv = csv_text(tables.every_threshold(judgements.workbench(run, label)))
    st.download_button(
        "Every threshold as CSV", csv, f"{run.name} {label} thresholds on {SPLIT}.csv", "text/csv", on_click="ignore"
    )
    draw_saved(run)
    draw_test(run)


def pick_rule(saved: ChosenThreshold | None) -> str:
    """A name of THRESHOLD_RULES or MANUAL: from the address, else the one by which the label's threshold was chosen."""
    rules = [*THRESHOLD_RULES, MANUAL]
    wanted = state.list_from_address("rule", rules) or [saved.rule if saved else rules[0]]
    rule = st.selectbox(
        "Rule",
        rules,
        index=rules.index(wanted[0]),
        format_func=lambda name: BY_HAND if name == MANUAL else THRESHOLD_RULES[name].title,
        help=RULE_HELP,
        width=250,
        key="rule",
    )
    state.to_address(rule=rule)
    return rule


def pick_parameter(rule: str, saved: ChosenThreshold | None) -> float | None:
    """What the rule must be told, None for a rule that takes nothing."""
    expected = None if rule == MANUAL else THRESHOLD_RULES[rule].parameter
    if expected is None:
        state.to_address(parameter=None)
        return None
    value = st.number_input(
        expected.name.capitalize(),
        min_value=LEAST,
        max_value=expected.highest,
        value=told(expected, saved.parameter if saved and saved.rule == rule else None),
        step=LEAST if expected.highest else 0.5,
        width=250,
        key=f"parameter of {rule}",
    )
    state.to_address(parameter=f"{value:g}")
    return value


def told(expected: Parameter, before: float | None) -> float:
    """The number in the address, else the one told before; the usual one where the rule takes neither."""
    try:
        addressed = float(state.from_address("parameter", ""))
    except ValueError:
        addressed = None
    fitting = (one for one in (addressed, before) if one is not None and one >= LEAST and expected.allows(one))
    return next(fitting, expected.default)


def save_for_all(run: Run, rule: str, parameter: float | None) -> None:
    judged = judgements.judged(run, SPLIT)
    chosen, refused = choose_thresholds(
        judged.stored, run.label_names, rule, parameter, calibration=judged.description.calibration
    )
    save_thresholds(run.folder, chosen)
    for reason in refused.values():
        st.warning(f"Not saved: {words.plain(reason)}", icon=":material/block:")


@st.fragment
def workbench(run: Run, label: str, rule: str, parameter: float | None) -> None:
    """The slider and what follows it; apart from the rest of the page, so that it follows at once."""
    with errors.in_words():
        judged, bench = judgements.judged(run, SPLIT), judgements.workbench(run, label)
        present = judged.description.thresholds[label]
        left, middle, right = st.columns(3, gap="medium")
        with left:
            choice = pick_choice(judged, label, rule, parameter)
            draw_saving(judged, choice)
            st.table(tables.compared_in_words(bench, present, choice.value))
        colour = label_colours(run.label_names)[label]
        curves = charts.precision_recall_figure(bench, colour, present, choice.value)
        middle.plotly_chart(curves, key="precision and recall")
        right.plotly_chart(charts.roc_figure(bench, colour, present, choice.value), key="ROC")
        if bench.roc is None:
            middle.caption("A curve is undefined where no slice carries the label, or every slice does.")


def pick_choice(judged: JudgedRun, label: str, rule: str, parameter: float | None) -> ChosenThreshold:
    """What the rule chooses, until the slider is moved: then what it was moved to."""
    proposed = None if rule == MANUAL else propose(judged, label, rule, parameter)
    start = proposed.value if proposed else judged.description.thresholds[label]
    value = st.slider(
        f"Threshold of {words.plain(label)}",
        0.0,
        1.0,
        value=round(start, 3),
        step=0.001,
        format="%.3f",
        help="Starts where the rule puts it. Move it and the counts and the mark on the curves follow.",
        key=f"threshold {judged.run.id} {label} {rule} {parameter} {start}",
    )
    moved = words.score(value) != words.score(start)
    if proposed and not moved:
        return proposed
    by_hand = round(value, 3) if moved else start
    return choose_threshold(judged.stored, label, MANUAL, by_hand, calibration=judged.description.calibration)


def propose(judged: JudgedRun, label: str, rule: str, parameter: float | None) -> ChosenThreshold | None:
    try:
        return choose_threshold(judged.stored, label, rule, parameter, calibration=judged.description.calibration)
    except OutOfReach as error:
        st.warning(words.plain(str(error)), icon=":material/block:")
        return None


def draw_saving(judged: JudgedRun, choice: ChosenThreshold) -> None:
    saved = judged.description.threshold_choices.get(choice.label)
    done = saved is not None and (saved.rule, saved.parameter, saved.value) == (
        choice.rule,
        choice.parameter,
        choice.value,
    )
    with st.container(horizontal=True):
        if st.button("Save this threshold", type="primary", icon=":material/save:", disabled=done):
            save_thresholds(judged.run.folder, [choice])
            st.rerun()
        if st.button(
            "Back to 0.5",
            disabled=saved is None,
            help="The threshold of a new model. Where the label is calibrated, what the calibration makes of 0.5.",
        ):
            forget_thresholds(judged.run.folder, [choice.label])
            st.rerun()
    st.caption("This is the model's threshold." if done else f"Candidate: {choice.rule_in_words}. Not saved.")


def draw_saved(run: Run) -> None:
    st.subheader("The model's thresholds", help="What Predict, the Report and the commands use.")
    description = judgements.judged(run, SPLIT).description
    st.table(tables.choices_in_words(description, state.moment))
    st.caption("Sensitivity and precision as they were on the slices the threshold was chosen on, which flatters.")
    csv = csv_text(tables.choices_table(description), "label")
    st.download_button("Download as CSV", csv, f"{run.name} thresholds.csv", "text/csv", on_click="ignore")


def draw_test(run: Run) -> None:
    st.subheader("On test slices", help=TEST_HELP)
    try:
        judged = judgements.report(run, "test").judgement.slices
    except NotFound as error:
        st.info(words.plain(str(error)), icon=":material/lab_profile:")
        return
    st.table(tables.reached_in_words(judged))
    st.caption(f"{resampling_in_words(judged)} Averages and more on the Report.")


main()
