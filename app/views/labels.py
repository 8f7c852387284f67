"""Labels: how often each label occurs, alone and with others, and whether the splits are alike."""

import streamlit as st

from app.ui import cache, empty, state
from mri_core import words
from mri_core.charts.labels import MOST_SETS, co_occurrence_chart, label_sets_chart, prevalence_chart
from mri_core.datasets.dataset import Dataset
from mri_core.datasets.statistics import FLAGGED_DIFFERENCE, split_table_csv

CARDINALITY = "The mean number of labels a slice carries."
DENSITY = "Cardinality as a share of all labels: 1 would be every label on every slice."
NO_FINDING = "Slices without any label, and their share of the split."
PREVALENCE = "Slices with this label (positives), and their share of the split (prevalence)."


def show_differences(statistics: dict) -> None:
    limit = f"{FLAGGED_DIFFERENCE * 100:g} points"
    told = [
        f"- {words.plain(found['label'])} is {words.points(found['difference'])} frequent in {found['split']}"
        for found in statistics["differences"]
    ]
    if told:
        begin = f"Splits differ from train by more than {limit}, so scores on them say less about each other:"
        st.warning("\n".join([begin, *told]), icon=":material/balance:")
    else:
        st.success(f"The splits are alike: no prevalence is more than {limit} from train's.", icon=":material/check:")


def share(number: int, of: float | None) -> str:
    return f"{words.count(number)} ({words.percent(of)})" if of is not None else words.count(number)


def show_table(statistics: dict) -> None:
    rows, columns = [], {"split": st.column_config.TextColumn("Split", pinned=True)}
    numeric = {"alignment": "right"}
    columns["slices"] = st.column_config.TextColumn("Slices", **numeric)
    columns["none"] = st.column_config.TextColumn("No finding", help=NO_FINDING, **numeric)
    for i, name in enumerate(statistics["labels"]):
        columns[f"label {i}"] = st.column_config.TextColumn(name, help=PREVALENCE, **numeric)
    columns["cardinality"] = st.column_config.TextColumn("Cardinality", help=CARDINALITY, **numeric)
    columns["density"] = st.column_config.TextColumn("Density", help=DENSITY, **numeric)
    for split, found in statistics["splits"].items():
        row = {"split": split, "slices": words.count(found["slices"])}
        row["none"] = share(found["no_finding"], found["no_finding_share"])
        for i, name in enumerate(statistics["labels"]):
            row[f"label {i}"] = share(found["positives"][name], found["prevalence"][name])
        row["cardinality"] = words.score(found["cardinality"], "undefined (no slices)")
        row["density"] = words.score(found["density"], "undefined (no slices)")
        rows.append(row)
    st.dataframe(rows, column_config=columns, hide_index=True)


def show(dataset: Dataset) -> None:
    statistics = cache.statistics(dataset.header)
    kind = "simulated slices" if dataset.header.simulated else "slices"
    people = f" of {words.count(statistics['patients'])} patients" if statistics["patients"] else ""
    st.caption(f"{words.count(statistics['slices'])} {kind}{people}.")
    show_table(statistics)
    st.download_button(
        "Download as CSV",
        split_table_csv(statistics),
        file_name=f"{dataset.name} labels.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    show_differences(statistics)
    left, right = st.columns(2)
    left.plotly_chart(prevalence_chart(statistics))
    right.plotly_chart(co_occurrence_chart(statistics))
    st.plotly_chart(label_sets_chart(statistics))
    if len(statistics["label_sets"]) > MOST_SETS:
        st.caption(f"The {MOST_SETS} most frequent of {words.count(len(statistics['label_sets']))} label sets.")


st.title("Labels")
st.write("How often does each label occur, with which others, and are the splits alike?")
chosen = state.dataset()
if chosen is None:
    empty.no_dataset()
else:
    show(chosen)
