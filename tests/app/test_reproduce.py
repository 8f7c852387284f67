"""The Reproduction page: what is missing, starting it, how far it is, and every section."""

from collections.abc import Callable

import pytest
from reproduction_support import finish, finish_all, queue
from streamlit.testing.v1 import AppTest

from mri_core.datasets.dataset import open_dataset
from mri_core.reproduction.page import SECTIONS
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Progress
from mri_core.runs.store import RunStore

Open = Callable[..., AppTest]


@pytest.fixture
def dataset(lab):
    return open_dataset("demo", lab.settings)


@pytest.fixture
def handed(monkeypatch) -> list[str]:
    ids: list[str] = []
    monkeypatch.setattr("mri_core.training.start.submit", lambda run_id, settings: ids.append(run_id))
    return ids


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.info, *app.error))


def bar(app: AppTest) -> str:
    return app.get("progress")[0].proto.text


def starts(app: AppTest) -> list[str]:
    return [button.label for button in app.main.button if button.label.startswith("Start the")]


def test_empty_home_says_what_is_missing(home, open_page: Open) -> None:
    app = open_page("reproduce")
    assert not app.exception and "no data set yet" in texts(app)
    assert starts(app) == []


def test_before_the_first_run_it_offers_all(lab, open_page: Open) -> None:
    app = open_page("reproduce")
    assert not app.exception
    assert starts(app) == ["Start the 30 missing runs"] and bar(app) == "0 of 30 runs have finished"
    assert "known once one of each network has finished" in texts(app)
    assert set(app.dataframe[0].value["1"]) == {"not started"}
    assert not app.get("download_button")


def test_the_choices_are_in_the_address(lab, open_page: Open) -> None:
    app = open_page("reproduce", seeds="2", presets="only")
    assert starts(app) == ["Start the 12 missing runs"]
    app.sidebar.number_input[0].set_value(4).run()
    app.sidebar.toggle[0].set_value(False).run()
    assert starts(app) == ["Start the 40 missing runs"]
    assert app.query_params["seeds"] in ("4", ["4"]) and "presets" not in app.query_params
    assert starts(open_page("reproduce", seeds="many")) == ["Start the 30 missing runs"]


def test_starting_hands_what_is_missing_to_the_queue(lab, dataset, handed, open_page: Open) -> None:
    finish(lab, dataset, "cnn", 0)
    app = open_page("reproduce", seeds="1")
    assert starts(app) == ["Start the 9 missing runs"]
    app.main.button[0].click().run()
    assert not app.exception and len(handed) == 9
    assert starts(app) == [] and bar(app) == "1 of 10 runs have finished, 9 under way, time left not known yet"
    assert all(lab.get(run_id).status == "queued" for run_id in handed)


def test_an_estimate_comes_from_runs_that_have_finished(lab, dataset, open_page: Open) -> None:
    finish_all(lab, dataset, 1, epochs=1)
    app = open_page("reproduce", seeds="2")
    assert starts(app) == ["Start the 10 missing runs"]
    assert "About 55 min 0 s one after the other" in texts(app)


def test_a_run_under_way_shows_where_it_is(lab, dataset, open_page: Open) -> None:
    run = queue(lab, dataset, "cnn", 0)
    lab.start(run.id, process_of(), 1)
    lab.log_progress(run.id, Progress(3, 20, 5, 10, 77.0, None, "training", 0.0))
    app = open_page("reproduce", seeds="1")
    assert bar(app) == "0 of 10 runs have finished, 1 under way, about 1 min 17 s left"
    assert rf"Now: {run.name}, seed 0, epoch 3 of at most 20." in texts(app)
    assert app.dataframe[0].value["1"][0] == "running, epoch 3 of at most 20"


def test_the_end_of_a_run_is_noticed(lab, dataset, open_page: Open) -> None:
    run = queue(lab, dataset, "cnn", 0)
    app = open_page("reproduce", seeds="1")
    assert starts(app) == ["Start the 9 missing runs"]
    lab.request_stop(run.id)
    app.run()
    assert not app.exception and starts(app) == ["Start the 10 missing runs"]


def test_claims_come_first_with_their_verdicts(lab, dataset, open_page: Open) -> None:
    finish_all(lab, dataset, 3, {"cnn": 0.95, "dense": 0.7})
    app = open_page("reproduce")
    assert not app.exception and "Of 9 claims: " in texts(app) and "This data set is simulated" in texts(app)
    table = app.table[0].value.set_index("Claim")
    assert "reproduced" in table.loc["The CNN beats the dense network", "Verdict"]
    assert "0 of 3 seeds finished" in table.loc["Horizontal flips help the CNN", "Verdict"]
    assert app.get("download_button")[0].label == "Download as one HTML file"


@pytest.mark.parametrize("section", [*SECTIONS, "Runs"])
def test_every_section_is_drawn(lab, dataset, open_page: Open, section: str) -> None:
    finish_all(lab, dataset, 2, {"cnn": 0.9, "cnn-no-flips": 0.8, "dense": 0.7})
    app = open_page("reproduce", section=section)
    assert not app.exception and not app.error
    assert app.query_params["section"] in (section, [section])
    drawn = {"Claims": app.table, "Curves": app.get("plotly_chart")}.get(section, app.dataframe)
    assert len(drawn) == {"Claims": 1, "Scores": 3, "Curves": 6, "Settings and time": 2, "Data": 1, "Runs": 1}[section]


def test_scores_stand_beside_the_studys(lab, dataset, open_page: Open) -> None:
    finish_all(lab, dataset, 1, {"cnn": 0.9})
    app = open_page("reproduce", section="Scores", seeds="1")
    table = app.dataframe[1].value.set_index("0")
    assert table.loc["label 3", "8"] == "0.83" and table.loc["micro avg", "8"] == "0.88"
    assert "**cnn, one seed**" in texts(app)
    assert "cnn\\-poisson: no run has finished yet" in texts(app).replace(r"\:", ":")


def test_predictions_that_are_damaged_are_said_in_words(lab: RunStore, dataset, open_page: Open) -> None:
    (finish(lab, dataset, "cnn", 0).folder / "predictions.parquet").write_text("no parquet")
    app = open_page("reproduce")
    assert not app.exception and "the file is damaged" in app.error[0].value
