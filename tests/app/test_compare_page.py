"""The Compare page: which runs it pairs, what it says of them, the slices it shows, and that it bears many runs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import numpy as np
import pytest
from ended_runs import add_run
from streamlit.testing.v1 import AppTest

from mri_core.charts.comparison_tables import difference_in_words
from mri_core.prediction.judged_run import open_judged_run
from mri_core.prediction.run_comparison import RunComparison, compare_runs
from mri_core.runs.connection import connect
from mri_core.runs.liveness import process_of
from mri_core.runs.records import creation_tags, state_tags
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore

Open = Callable[..., AppTest]


@pytest.fixture
def pair(lab, trained) -> tuple[str, str]:
    """The trained run and a better one."""
    return trained.run_id, add_run(lab, trained.run_id, gain=0.4, batch_size=32).id


def compared(store: RunStore, *run_ids: str, split: str = "validation") -> RunComparison:
    return compare_runs([open_judged_run(store.get(run_id), split, store.settings) for run_id in run_ids])


def said(app: AppTest) -> str:
    return "\n".join(each.value for each in (*app.markdown, *app.caption, *app.info, *app.warning, *app.error)).replace(
        "\\", ""
    )


def titles(app: AppTest) -> list[str]:
    return [each.value for each in app.subheader]


def table(app: AppTest, index: str):
    return next(each.value for each in app.dataframe if each.value.index.name == index)


def chart(app: AppTest, title: str) -> dict:
    specs = [json.loads(each.proto.spec) for each in app.get("plotly_chart")]
    return next(spec for spec in specs if spec["layout"]["title"]["text"].startswith(title))


def tiles(app: AppTest) -> list[str]:
    """Ids under the pictures."""
    return [link.value.replace("\\", "") for link in app.main.page_link if link.proto.query_string.count("slice=")]


def control(app: AppTest, label: str):
    return next(each for each in app.main.get("button_group") if each.proto.label == label)


def chooser(app: AppTest, label: str):
    return next(each for each in app.selectbox if each.label == label)


def test_an_empty_home_leads_to_training(home, open_page: Open) -> None:
    app = open_page("compare")
    assert not app.exception
    assert "nothing to compare" in app.info[0].value
    assert [link.value for link in app.main.page_link] == ["Train a network"]


def test_one_run_asks_for_another(trained, open_page: Open) -> None:
    app = open_page("compare")
    assert not app.exception
    assert app.info[0].value == "There is one run so far; train another to compare."


def test_the_newest_two_are_compared_with_the_older_one_as_the_reference(lab, pair, open_page: Open) -> None:
    app = open_page("compare")
    assert not app.exception
    assert app.query_params["selected"] == list(pair)
    first, second = (lab.get(run_id).name for run_id in pair)
    found = compared(lab, *pair).comparisons[0]
    micro = found.differences["averages", "micro", "f1"]
    # Two patients, so that nothing is told apart.
    assert f"{second} and {first} are not told apart: Micro-F1 {micro.b:.3f} against {micro.a:.3f}" in said(app)
    row = table(app, "Score").loc["Micro-F1"]
    assert list(row)[:3] == [f"{micro.a:.3f}", f"{micro.b:.3f}", difference_in_words(micro)]
    assert table(app, "Setting").loc["Batch size"].to_dict() == {first: "64", second: "32"}
    assert len(chart(app, "Differences")["data"]) == 1
    assert chart(app, "Loss")["data"][0]["name"] == first
    assert "Download as CSV" in [each.label for each in app.download_button]
    assert "Over seeds" not in titles(app)


def test_the_reference_and_the_split_can_be_changed(lab, pair, open_page: Open) -> None:
    app = open_page("compare", selected=list(pair), split="test")
    chooser(app, "Reference").set_value(pair[1]).run()
    assert not app.exception
    assert app.query_params["selected"] == list(pair[::-1])
    first, second = (lab.get(run_id).name for run_id in pair)
    assert f"{first} and {second} are not told apart" in said(app)
    found = compared(lab, *pair[::-1], split="test").comparisons[0]
    assert table(app, "Score").loc["Macro-F1"].iloc[1] == f"{found.differences['averages', 'macro', 'f1'].b:.3f}"
    control(app, "Slices").set_value("validation").run()
    again = compared(lab, *pair[::-1]).comparisons[0]
    assert list(table(app, "Right in").iloc[:, 0]) == [len(one.only_a) for one in (*again.labels.values(), again.whole)]


def test_slices_that_one_run_alone_gets_right_are_counted_and_shown(lab, pair, open_page: Open) -> None:
    app = open_page("compare", selected=list(pair))
    found = compared(lab, *pair).comparisons[0]
    rows = table(app, "Right in")
    assert list(rows.iloc[:, 0]) == [len(one.only_a) for one in (*found.labels.values(), found.whole)]
    assert list(rows.iloc[:, 1]) == [len(one.only_b) for one in (*found.labels.values(), found.whole)]
    assert tiles(app) == list(found.whole.only_b[:24]) and len(tiles(app)) > 1
    index = open_judged_run(lab.get(pair[0]), "validation", lab.settings).dataset.index.set_index("id")
    assert f"{index.loc[tiles(app)[0], 'patient']} · truth: " in said(app)
    control(app, "Only right in").set_value("reference").run()
    assert not app.exception
    assert tiles(app) == list(found.whole.only_a[:24])
    label = next(name for name, one in found.labels.items() if one.only_b)
    place = list(found.labels).index(label) + 1
    again = open_page("compare", selected=list(pair), right="other", label=label)
    assert tiles(again) == list(found.labels[label].only_b[:24])
    chooser(app, "Judged by").set_value(place).run()
    assert tiles(app) == list(found.labels[label].only_a[:24])


def test_many_disputed_slices_are_paged(lab, trained, open_page: Open, monkeypatch) -> None:
    monkeypatch.setattr("app.ui.disputed.PER_PAGE", 2)
    other = add_run(lab, trained.run_id, gain=0.5, batch_size=32)
    ids = compared(lab, trained.run_id, other.id).comparisons[0].whole.only_b
    app = open_page("compare", selected=[trained.run_id, other.id], page="2")
    assert tiles(app) == list(ids[2:4])
    assert tiles(open_page("compare", selected=[trained.run_id, other.id], page="nonsense")) == list(ids[:2])


def test_several_runs_are_adjusted_and_one_of_them_is_looked_at(lab, pair, open_page: Open) -> None:
    third = add_run(lab, pair[0], gain=-0.5, batch_size=16).id
    app = open_page("compare", selected=[*pair, third])
    assert not app.exception
    assert "adjusted by Holm for 2 comparisons" in said(app)
    assert len(chart(app, "Differences")["data"]) == 2
    name, worse = lab.get(pair[1]).name, lab.get(third).name
    assert f"{worse} and " in said(app) and f"{name} and " in said(app)
    assert table(app, "Score").columns[1] == name
    chooser(app, "Look closely at").set_value(third).run()
    assert table(app, "Score").columns[1] == table(app, "Right in").columns[1].removeprefix("Only ") == worse
    assert app.query_params["against"] == third


def test_seeds_are_folded(lab, pair, open_page: Open) -> None:
    more = [add_run(lab, pair[0], seed=1).id, add_run(lab, pair[0], gain=0.4, batch_size=32, seed=1).id]
    app = open_page("compare", selected=[*pair, *more])
    assert not app.exception
    assert "Over seeds" in titles(app)
    folded = [each.value for each in app.dataframe if each.value.index.name == "Score"][1]
    spread = compared(lab, *pair, *more).configurations[0].scores["averages", "micro", "f1"]
    assert folded.loc["Micro-F1"].iloc[0] == f"{spread.mean:.3f} ± {spread.deviation:.3f}"
    assert folded.columns[2].endswith(": difference")


def test_other_data_versions_are_marked_and_refused_with_the_reason(lab, pair, open_page: Open) -> None:
    elsewhere = add_run(lab, pair[0], fingerprint="0" * 64)
    app = open_page("compare", selected=[*pair, elsewhere.id])
    assert not app.exception
    assert f"{elsewhere.name}, on another version of the data" in app.multiselect[0].options
    assert f"Not compared: {elsewhere.name} was trained on another version of the data (000000000000)" in said(app)
    assert list(table(app, "Score").columns)[:2] == [lab.get(run_id).name for run_id in pair]
    assert {trace["name"] for trace in chart(app, "Loss")["data"]} >= {elsewhere.name}
    alone = open_page("compare", selected=[pair[0], elsewhere.id])
    assert not alone.exception
    assert "Is it better?" not in titles(alone) and "Curves" in titles(alone)


def test_predictions_that_are_gone_are_said_in_words(lab, pair, open_page: Open) -> None:
    (lab.get(pair[1]).folder / "predictions.parquet").unlink()
    app = open_page("compare", selected=list(pair))
    assert not app.exception
    assert "the run has no predictions yet" in said(app)
    assert "Curves" in titles(app)


def test_fewer_than_two_chosen_asks_for_more_and_still_shows_all(lab, pair, open_page: Open) -> None:
    app = open_page("compare")
    app.multiselect[0].set_value([]).run()
    assert not app.exception
    assert app.info[0].value == "Choose two or more runs to compare."
    assert "All 2 runs on this data" in titles(app)


def test_a_hundred_runs_are_read_once_and_all_are_drawn(lab, pair, open_page: Open, monkeypatch) -> None:
    """What keeps the page quick: one question for all runs, histories of the chosen ones alone, a trace an axis."""
    record(lab, lab.get(pair[0]), 98)
    asked: dict[str, int] = {"list": 0, "get": 0}
    for name in asked:
        monkeypatch.setattr(RunStore, name, counted(asked, name, getattr(RunStore, name)))
    app = open_page("compare", selected=list(pair), setting="learning_rate")
    assert not app.exception
    assert "All 100 runs on this data" in titles(app)
    assert asked == {"list": 1, "get": 2}
    scatter = chart(app, "Micro-F1 against learning rate")
    assert sum(len(numbers(trace["y"])) for trace in scatter["data"]) == 100
    assert sum(trace["marker"]["symbol"].count("diamond") for trace in scatter["data"]) == 2
    (lines,) = chart(app, "Settings and Micro-F1")["data"]
    assert [axis["label"] for axis in lines["dimensions"]] == ["Batch size", "Learning rate", "Seed", "Micro-F1"]
    control(app, "Score").set_value("val_loss").run()
    assert chart(app, "Validation loss against learning rate")


def record(store: RunStore, like: Run, number: int) -> None:
    """Runs that finished after one epoch, recorded in the fewest steps."""
    client, experiment = connect(store.settings)
    for place in range(number):
        spec = like.spec.model_copy(update={"learning_rate": 0.0001 * (1 + place), "seed": place})
        score = 0.5 + 0.004 * place
        row = {"epoch": 1, "val_loss": 1 - score, "val_micro_f1": score, "val_macro_f1": score}
        tags = creation_tags(spec, like.dataset_name, like.dataset_fingerprint, like.label_names, "")
        tags |= state_tags(last=row, best=row, best_epoch=1, process=process_of())
        made = client.create_run(experiment, run_name=f"dense {10 + place}", tags=tags)
        client.set_terminated(made.info.run_id, status="FINISHED")


def counted(asked: dict[str, int], name: str, method: Callable) -> Callable:
    def ask(*arguments, **options):
        asked[name] += 1
        return method(*arguments, **options)

    return ask


def numbers(values) -> list:
    """Plotly writes long lists of numbers in binary."""
    return (
        list(np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])) if isinstance(values, dict) else values
    )
