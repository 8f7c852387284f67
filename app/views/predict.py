"""Predict: drop files, see the probability of each label."""

from collections.abc import Sequence

import streamlit as st

from app.ui import answer_view, batch_view, empty, judgements, recorded, state, submission_view, uploading
from mri_core import words
from mri_core.charts.champions import MARK
from mri_core.prediction.original import Origin
from mri_core.prediction.uploads import Upload
from mri_core.runs.comparison import has_results
from mri_core.runs.run import ENDED, Run

MOST_RUNS = 4


def main() -> None:
    st.title("Predict")
    st.write("Which labels does a trained run see in new slices, and how sure is it?")
    dataset = state.dataset()
    if dataset is None:
        empty.no_dataset()
        return
    champion = recorded.champion(dataset.name)
    named = [*state.list_from_address("run"), *([champion.id] if champion else [])]
    offered = recorded.runs(dataset.name, ENDED, also=named)
    runs = [run for run in offered if run.dataset_name == dataset.name and run.ended and has_results(run)]
    if not runs:
        st.info("There is no trained run on this data set yet.", icon=":material/model_training:")
        st.page_link("views/train.py", label="Train one", icon=":material/arrow_forward:")
        return
    chosen = choose_runs(runs, champion)
    if not chosen:
        st.info("Choose a run at the side: its model answers.", icon=":material/model_training:")
        return
    upload = uploading.choose_upload()
    if upload is None:
        st.caption(
            "One file is shown with its evidence; many become a gallery and a table to sort, filter and save. A volume "
            "or a DICOM series is shown slice by slice, with its profile along the slices."
        )
    elif upload.single:
        draw_file(chosen, upload)
    else:
        batch_view.draw(chosen, upload)
    submission_view.draw(chosen)


def choose_runs(runs: Sequence[Run], champion: Run | None) -> list[Run]:
    """The runs whose models predict: those in the address, else the champion, else the newest."""
    title = champion.id if champion else None
    by_id = {run.id: run for run in sorted(runs, key=lambda run: run.id != title)}
    wanted = state.list_from_address("run", list(by_id)) or list(by_id)[:1]
    chosen = st.sidebar.multiselect(
        "Runs",
        list(by_id),
        default=wanted[:MOST_RUNS],
        max_selections=MOST_RUNS,
        format_func=lambda run_id: described(by_id[run_id], run_id == title),
        placeholder="Choose a run",
        help="The trained runs whose models predict, side by side where there are several, each with its micro-F1 on "
        "the validation slices. A star marks the champion of the data set.",
        key="runs that predict",
    )
    state.to_address(run=chosen)
    return [by_id[run_id] for run_id in chosen]


def described(run: Run, champion: bool) -> str:
    score = run.summary.get("best", {}).get("val_micro_f1")
    return f"{f'{MARK} ' if champion else ''}{run.name} · {words.score(score)}"


def draw_file(runs: Sequence[Run], upload: Upload) -> None:
    """What the runs say of a single file."""
    [(name, data)] = upload.files
    answers = [judgements.answer(run, name, data) for run in runs]
    slices = max(len(answer.predictions) for answer in answers)
    answer_view.draw(runs, answers, [Origin(name, data, number) for number in range(slices)], upload.id)


main()
