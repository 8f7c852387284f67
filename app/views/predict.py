"""Predict: drop files, see the probability of each label."""

from collections.abc import Sequence

import streamlit as st

from app.ui import cache, empty, images, judgements, state
from mri_core import words
from mri_core.charts import prediction as charts
from mri_core.charts.champions import MARK
from mri_core.charts.evidence import overlay
from mri_core.charts.theme import label_colours
from mri_core.prediction.answers import FileAnswer, answers_table
from mri_core.prediction.predictor import Prediction
from mri_core.runs.comparison import has_results
from mri_core.runs.run import Run

MOST_FILES = 50


def main() -> None:
    st.title("Predict")
    st.write("Which labels does a trained run see in new slices, and how sure is it?")
    dataset = state.dataset()
    if dataset is None:
        empty.no_dataset()
        return
    runs = [run for run in cache.runs(dataset.name) if run.ended and has_results(run)]
    if not runs:
        st.info("There is no trained run on this data set yet.", icon=":material/model_training:")
        st.page_link("views/train.py", label="Train one", icon=":material/arrow_forward:")
        return
    run = choose_run(runs, cache.champion(dataset.name))
    files = st.file_uploader(
        "Slices or volumes: PNG, JPEG, TIFF, DICOM or NIfTI, up to 64 MB each",
        accept_multiple_files=True,
        help="A file may lack its suffix: its contents decide. Files stay in memory and are never stored.",
    )
    if not files:
        st.caption("A volume or a multi-frame file is shown slice by slice, with its profile along the slices.")
        return
    if len(files) > MOST_FILES:
        st.error(
            f"{len(files)} files were dropped, expected at most {MOST_FILES} at once; `mri predict` takes any number."
        )
        return
    answers = [judgements.answer(run, file.name, file.getvalue()) for file in files]
    table = answers_table(answers)
    if len(table):
        st.download_button(
            "Download as CSV", table.to_csv(index=False), "predictions.csv", "text/csv", icon=":material/download:",
            on_click="ignore",
        )  # fmt: skip
    colours = label_colours(run.label_names)
    for number, answer in enumerate(answers):
        show_answer(run, number, answer, colours)


def choose_run(runs: Sequence[Run], champion: Run | None) -> Run:
    """The run whose model predicts: the one in the address, else the champion, else the newest."""
    by_id = {run.id: run for run in runs}
    title = champion.id if champion else None
    wanted = next((run_id for run_id in (state.from_address("run"), title) if run_id in by_id), runs[0].id)
    chosen = st.sidebar.selectbox(
        "Run",
        list(by_id),
        index=list(by_id).index(wanted),
        format_func=lambda run_id: described(by_id[run_id], run_id == title),
        help="The trained run whose model predicts, with its micro-F1 on the validation slices. A star marks the "
        "champion of the data set.",
    )
    state.to_address(run=chosen)
    return by_id[chosen]


def described(run: Run, champion: bool) -> str:
    score = run.summary.get("best", {}).get("val_micro_f1")
    return f"{f'{MARK} ' if champion else ''}{run.name} · micro-F1 {words.score(score)}"


def show_answer(run: Run, number: int, answer: FileAnswer, colours: dict[str, str]) -> None:
    with st.container(border=True):
        if answer.error is not None:
            st.error(words.plain(answer.error), icon=":material/error:")
            return
        st.markdown(f"#### {words.plain(answer.file)}")
        shown = 0
        if len(answer.predictions) > 1:
            shown = choose_slice(number, answer.predictions, colours)
        show_prediction(run, number, answer.predictions[shown], colours)


def choose_slice(number: int, predictions: Sequence[Prediction], colours: dict[str, str]) -> int:
    last = len(predictions)
    shown = st.slider("Slice", 1, last, (last + 1) // 2, key=f"slice {number}") - 1
    st.plotly_chart(charts.volume_profile(predictions, colours, shown), key=f"profile {number}")
    return shown


def show_prediction(run: Run, number: int, prediction: Prediction, colours: dict[str, str]) -> None:
    picture, answer = st.columns([1, 2])
    with picture:
        show_seen(run, number, prediction)
    with answer:
        if prediction.labels:
            st.markdown(f"**Concludes: {words.plain(', '.join(prediction.labels))}**")
        else:
            st.markdown("**Concludes: no finding.** No label reaches its threshold.")
        for warning in prediction.warnings:
            st.warning(words.plain(warning), icon=":material/warning:")
        st.plotly_chart(charts.probability_bars(prediction, colours), key=f"bars {number}")


def show_seen(run: Run, number: int, prediction: Prediction) -> None:
    """The slice as the model sees it, and where it finds evidence for a label that is asked for."""
    place = st.container()
    labels = list(prediction.probabilities)
    asked = st.pills(
        "Evidence for",
        range(len(labels)),
        format_func=lambda place: words.plain(labels[place]),
        help="Hides hundreds of random halves of the slice: orange where the label is surer when the place is left to "
        "see, blue where it is less sure. It shows what the model looks at, and not whether it is right.",
        key=f"evidence {number}",
    )
    with place:
        if asked is None:
            images.show(prediction.seen, alt=f"{prediction.source} as the model sees it", width=240)
            st.caption(f"As the model sees it: {words.size(prediction.seen.shape)} pixels, intensities 0 to 255.")
            return
        found = judgements.evidence(run, prediction.seen)[labels[asked]]
    opacity = st.slider("Opacity", 0, 100, 60, format="%d %%", key=f"opacity {number}")
    with place:
        images.show(
            overlay(prediction.seen, found, opacity / 100),
            alt=f"{prediction.source} with evidence for {labels[asked]}",
            width=240,
        )
        st.caption("Orange speaks for the label, blue against it; the strongest evidence is the most opaque.")


main()
