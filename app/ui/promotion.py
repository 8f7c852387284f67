"""The champion of a data set: its badge, the button that makes a run one, and the question asked first."""

from __future__ import annotations

import streamlit as st

from app.ui import cache, errors, judgements, recorded, state
from mri_core import words
from mri_core.charts.champions import challenge_in_words, champions_in_words, comparing_in_words
from mri_core.prediction.challenge import Challenge
from mri_core.runs.champions import promote
from mri_core.runs.comparison import has_results
from mri_core.runs.run import Run

ICON = ":material/trophy:"
HISTORY = {
    "champion": st.column_config.TextColumn("Now", help="A star marks the present champion"),
    "name": st.column_config.TextColumn("Run"),
    "when": st.column_config.DatetimeColumn("Promoted", format="D MMM YYYY, HH:mm"),
    "micro_f1": st.column_config.NumberColumn("Micro-F1", format="%.3f", help="Validation, when it was promoted"),
    "macro_f1": st.column_config.NumberColumn("Macro-F1", format="%.3f", help="Validation, when it was promoted"),
    "verdict": st.column_config.TextColumn("Verdict", help="Beside the champion before it"),
    "told": st.column_config.TextColumn("Comparison", help="Differences with their 95 % intervals"),
}


def badge(run: Run) -> None:
    """Where a run is the champion of its data set, say so."""
    if _is_champion(run):
        st.badge("Champion", icon=ICON, color="violet", help="Predict starts with this run.")


def offer(run: Run) -> None:
    """The button that makes a run the champion, where that can be."""
    if not has_results(run) or _is_champion(run):
        return
    if st.button(
        "Make champion",
        icon=ICON,
        help="The run that Predict starts with. You see how it compares with the present champion first.",
    ):
        confirm_promotion(run)


@st.dialog("Make this run the champion?", icon=ICON, width="medium")
def confirm_promotion(run: Run) -> None:
    """Draw the comparison with the present champion and the question; on yes, promote and draw the page again."""
    with errors.in_words():
        champion = recorded.champion(run.dataset_name)
        found = judgements.challenge(run, champion)
        st.write(f"Predict then starts with {words.plain(run.name)} on data set {words.plain(run.dataset_name)}.")
        _draw(found)
        worse = found.verdict == "worse beyond chance"
        # Whoever clicks has seen this comparison: with another champion meanwhile, the button is another one.
        key = f"promote {run.id} after {champion.id if champion else None}"
        label = "Make it the champion all the same" if worse else "Make it the champion"
        if st.button(label, type="secondary" if worse else "primary", icon=ICON, key=key):
            promote(cache.settings(), run, found.grounds())
            st.rerun()


def history() -> None:
    """The champions that the picked data set has had, folded up; nothing where it never had one."""
    dataset = state.dataset()
    if dataset and (found := recorded.promotions(dataset.name)):
        with st.expander(f"Champions of {words.plain(dataset.name)}", icon=ICON):
            table = champions_in_words(found)
            st.dataframe(table, column_config=HISTORY, column_order=list(HISTORY), hide_index=True)


def _draw(found: Challenge) -> None:
    told = words.plain(found.told)
    if found.verdict == "better beyond chance":
        st.success(told, icon=":material/trending_up:")
    elif found.verdict in ("worse beyond chance", "not comparable"):
        st.warning(told, icon=":material/warning:")
    else:
        st.info(told, icon=":material/info:")
    if found.caution:
        st.warning(words.plain(found.caution), icon=":material/content_cut:")
    st.table(challenge_in_words(found).rename(columns=words.plain))
    st.caption(comparing_in_words(found))


def _is_champion(run: Run) -> bool:
    return any(one.run_id == run.id for one in recorded.champions().values())
