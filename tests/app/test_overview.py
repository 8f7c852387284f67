from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import open_dataset
from mri_core.runs.store import RunStore

ROOT = Path(__file__).resolve().parents[2]


def overview() -> AppTest:
    at = AppTest.from_file(str(ROOT / "app" / "Home.py"), default_timeout=60).run()
    assert not at.exception
    return at


def texts(at: AppTest) -> str:
    shown = (at.markdown, at.caption, at.text, at.subheader, at.error, at.title)
    return "\n".join(element.value for kind in shown for element in kind)


def buttons(at: AppTest) -> dict:
    return {button.label: button for button in at.button}


def test_an_empty_home_offers_the_demo_set_and_ones_own_data(home):
    at = overview()
    assert at.title[0].value == "MRI slices"
    assert "There is no data set yet" in texts(at) and "simulated" in texts(at)
    assert at.radio[0].value == 20_000 and at.radio[0].options[1].startswith("2,000 slices")
    assert "Import slices" in [link.value for link in at.main.page_link]
    assert not at.error


def test_the_button_starts_the_demo_set_of_the_chosen_size(home, monkeypatch):
    started = []
    monkeypatch.setattr("mri_core.datasets.making.start_making", lambda *call: started.append(call))
    at = overview()
    at.radio[0].set_value(2_000).run()
    buttons(at)["Make the demo data set"].click().run()
    assert started == [(home, "demo", ["demo", "--slices", "2000"])]


def test_a_data_set_being_made_shows_how_far_it_is(home):
    with DatasetBuilder(home, "demo", ("a",), (8, 8), 1_200):
        at = overview()
        assert "0 of 1,200 slices" in at.get("progress")[0].text
        assert "Make the demo data set" not in buttons(at)
    assert "Make the demo data set" in buttons(overview())


def test_a_failed_making_says_why_and_offers_the_button_again(home):
    home.datasets.mkdir()
    (home.datasets / ".demo.log").write_text("process 1 0.0\nerror: the disk is full; make *room*\n")
    at = overview()
    assert at.error[0].value.replace("\\", "") == "The demo data set was not made: the disk is full; make *room*"
    assert "Make the demo data set" in buttons(at)


def test_a_trained_home_shows_its_data_set_and_its_run(trained):
    at = overview()
    dataset = open_dataset("demo", trained.settings)
    people = dataset.index["patient"].nunique()
    assert f"**demo**: 300 simulated slices of {people} patients, 64×64 pixels" in texts(at)
    run = RunStore(trained.settings).get(trained.run_id)
    best = min(run.history, key=lambda row: row["val_loss"])
    assert f"validation micro-F1 {best['val_micro_f1']:.3f}" in texts(at)
    assert "Finished" in texts(at) and len(at.image) == 1
    links = {link.label: link for link in at.get("page_link")}
    assert run.name in links and run.id in links[run.name].query_string
    assert "Predict from a file" in buttons(at) and "Train a network" in links


def test_without_a_run_the_next_step_is_to_train(home):
    with DatasetBuilder(home, "mine", ("*a*",), (8, 8), 2) as builder:
        row = {"patient": None, "split": "train", "source": "x", "position": None, "*a*": 1}
        builder.add(np.zeros((2, 8, 8), np.uint8), [row | {"id": "1"}, row | {"id": "2"}])
        builder.finish(simulated=False, provenance={})
    at = overview()
    assert r"2 slices, 8×8 pixels, labelled with \*a\*." in texts(at)
    assert "simulated" not in texts(at) and "Latest runs" not in texts(at)
    assert "Train a network" in buttons(at)


@pytest.mark.parametrize("fixture", ["home", "trained"])
def test_not_for_clinical_use_is_said_here(fixture, request):
    request.getfixturevalue(fixture)
    assert texts(overview()).count("Not for clinical use") == 1


def test_not_for_clinical_use_is_said_nowhere_else():
    said = [path.name for path in (ROOT / "app").rglob("*.py") if "clinical" in path.read_text().lower()]
    assert said == ["overview.py"]
