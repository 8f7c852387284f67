"""How one answer is shown: what the models of one or several runs say of one uploaded file or volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui import errors, judgements, slice_view, volume_view
from mri_core import words
from mri_core.charts import prediction as charts
from mri_core.charts import prediction_tables as tables
from mri_core.charts.theme import label_colours
from mri_core.images.preprocessing import Axis
from mri_core.prediction.answers import FileAnswer
from mri_core.prediction.original import Origin
from mri_core.prediction.predictor import Prediction
from mri_core.prediction.volume import answer_volume, same_slices
from mri_core.runs.comparison import distinct_names
from mri_core.runs.run import Run

Answers = Mapping[str, tuple[Run, Sequence[Prediction]]]
"""By the run's name, told apart: the run, and what its model says of each slice."""


@st.fragment
def draw(runs: Sequence[Run], answers: Sequence[FileAnswer], origins: Sequence[Origin], key: str) -> None:
    """Draw what runs say of one file, or of a series that was put together to a volume.

    answers: one a run. origins: where each slice comes from, in the order of the longest answer's predictions. key:
    tells the widgets from those of other answers on the page; a volume's slice, from 1, is held by "slice KEY".
    A fragment: what is chosen in it draws nothing else anew.
    """
    with errors.in_words(), st.container(border=True):
        st.markdown(f"#### {words.plain(answers[0].file)}")
        names = distinct_names(runs)
        for error in dict.fromkeys(one.error for one in answers if one.error is not None):
            st.error(words.plain(error), icon=":material/error:")
        read = {
            name: (run, one.predictions)
            for name, run, one in zip(names, runs, answers, strict=True)
            if one.error is None
        }
        if read:
            _draw_answers(read, origins, key)


def _draw_answers(answers: Answers, origins: Sequence[Origin], key: str) -> None:
    patients = {name: answer_volume(predictions) for name, (_, predictions) in answers.items()}
    colours = label_colours(tables.known_labels(patients))
    volume = any(one.slices > 1 for one in patients.values())
    if volume and len(answers) > 1:
        st.markdown(f"**The patient, by {len(answers)} runs.** {words.plain(tables.agreement(patients))}")
        volume_view.draw_table(tables.runs_table(patients))
    leading = _choose_leading(list(answers), key)
    run, predictions = answers[leading]
    by = f", by {words.plain(leading)}" if len(answers) > 1 else ""
    place = 0
    if len(predictions) > 1:
        place = volume_view.draw(predictions, colours, key, by)
        st.markdown(f"##### Slice {words.count(place + 1)} of {words.count(len(predictions))}")
    shown = {name: several[place] for name, several in _of_the_same_slices(answers, leading).items()}
    _draw_conclusion(shown, leading)
    _draw_slice(run, shown, leading, origins[place], colours, key)
    for name, (one, _) in answers.items():
        if why := judgements.predictor(one).not_compared():
            st.caption(words.plain(f"{name}: {why}" if len(answers) > 1 else why))
    if left_out := [name for name in answers if name not in shown]:
        st.caption(words.plain(f"Without {', '.join(left_out)}: cut along another axis, the volume has other slices."))


def _choose_leading(names: Sequence[str], key: str) -> str:
    """The run whose view of the file is shown, by its name."""
    if len(names) == 1:
        return names[0]
    place = st.segmented_control(
        "Seen by",
        range(len(names)),
        default=0,
        required=True,
        format_func=lambda place: words.plain(names[place]),
        help="The run whose conclusions, view and evidence are shown. Probabilities are shown of all runs.",
        key=f"seen by {key}",
    )
    return names[place]


def _of_the_same_slices(answers: Answers, leading: str) -> dict[str, Sequence[Prediction]]:
    def axis(name: str) -> Axis:
        return judgements.predictor(answers[name][0]).description.preprocessing.axis

    first = answers[leading][1]
    return {
        name: predictions
        for name, (_, predictions) in answers.items()
        if same_slices(first, predictions, (axis(leading), axis(name)))
    }


def _draw_conclusion(predictions: Mapping[str, Prediction], leading: str) -> None:
    """What is concluded of a slice, and why to doubt it."""
    who = "Concludes"
    if len(predictions) > 1:
        st.markdown(words.plain(tables.agreement(predictions)))
        who = f"{words.plain(leading)} concludes"
    concluded = words.plain(tables.conclusion(predictions[leading]))
    st.markdown(f"**{who}: {concluded}.** {words.plain(tables.nothing_reached(predictions[leading]))}")
    # Nothing where there is no reason to doubt: that would be taken for a promise.
    if doubts := tables.doubts(predictions):
        listed = "\n".join(f"- {words.plain(sentence)}" for sentence in doubts)
        st.warning(f"**When not to believe this answer**\n\n{listed}", icon=":material/warning:")


def _draw_slice(
    run: Run, predictions: Mapping[str, Prediction], leading: str, origin: Origin, colours: Mapping[str, str], key: str
) -> None:
    """A slice as it is and as the model sees it, beside the probabilities."""
    pictures, answer = st.columns([3, 2], gap="medium")
    with pictures:
        original, seen = st.columns(2, gap="medium")
        with original:
            slice_view.draw_original(run, predictions[leading], origin, key)
        with seen:
            slice_view.draw_seen(run, predictions[leading], key)
    with answer:
        if len(predictions) > 1:
            st.plotly_chart(charts.run_bars(predictions, colours), key=f"bars of runs {key}")
        else:
            st.plotly_chart(charts.probability_bars(predictions[leading], colours), key=f"bars {key}")
    if len(predictions) > 1:
        volume_view.draw_table(tables.runs_table(predictions))
