"""`mri reproduce`, as a user types it, with runs as a training would have left them."""

import json
import shutil

import pytest
from reproduction_support import finish, finish_all

from mri_core.datasets.dataset import open_dataset
from mri_core.reproduction.progress import configurations
from mri_core.runs.store import RunStore


@pytest.fixture
def typed(typed):
    """(exit status, standard output, standard error) of `mri reproduce …`."""
    return lambda *arguments: typed("reproduce", *arguments)


@pytest.fixture
def lab(trained, home) -> tuple[RunStore, object]:
    """A copy of the trained home, and its data set."""
    shutil.copytree(trained.settings.root, home.root, dirs_exist_ok=True)
    return RunStore(home), open_dataset("demo", home)


@pytest.fixture
def handed(monkeypatch) -> list[str]:
    """The ids of runs that were handed to the queue, which is not there."""
    ids: list[str] = []
    monkeypatch.setattr("mri_core.training.start.submit", lambda run_id, settings: ids.append(run_id))
    return ids


def test_nothing_is_started_when_only_a_report_is_wanted(lab, handed, typed) -> None:
    finish_all(*lab, 2, {"cnn": 0.9, "dense": 0.7})
    status, printed, said = typed("--no-start")
    assert status == 0 and handed == [] and said == ""
    assert "cnn, mean ± standard deviation over 2 of 3 seeds" in printed and "samples avg" in printed
    assert "4 of 30 runs have finished" in printed
    assert "undecided: 0 of 3 seeds finished" in printed


def test_what_is_missing_is_queued_once(lab, handed, typed) -> None:
    store, dataset = lab
    finish(store, dataset, "cnn", 0)
    status, printed, said = typed("--presets-only", "--seeds", "2", "--detach", "--json")
    assert status == 0 and "Queued 11 runs." in said and len(handed) == 11
    document = json.loads(printed)
    assert document["seeds"] == 2 and list(document["configurations"]) == list(configurations(presets_only=True))
    assert "Nothing needs to be started." in typed("--presets-only", "--seeds", "2", "--detach")[2]
    assert [run.spec.seed for run in reversed(store.list(statuses=("queued",)))] == [0] * 5 + [1] * 6


def test_following_ends_with_the_runs_and_says_what_failed(lab, handed, typed, monkeypatch) -> None:
    store, dataset = lab
    finish_all(store, dataset, 1, dict.fromkeys(configurations(presets_only=True)[1:], 0.8), epochs=1)

    def train(_seconds: float) -> None:
        """While the command waits, its run fails."""
        store.finish(handed[0], "failed")

    monkeypatch.setattr("mri_core.cli.reproduce.time.sleep", train)
    status, printed, said = typed("--presets-only", "--seeds", "1")
    assert status == 0 and "Queued 1 run." in said
    assert "1 of 6 runs failed or were stopped; the same command tries again." in said
    assert "5 of 6 runs have finished" in printed


def test_ctrl_c_stops_following_and_the_same_command_goes_on(lab, handed, typed, monkeypatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mri_core.cli.reproduce.time.sleep", interrupt)
    status, printed, said = typed("--seeds", "1")
    assert status == 0 and "The queue goes on with what was started." in said and "0 of 10 runs" in printed
    assert len(handed) == 10
    typed("--seeds", "1")
    assert len(handed) == 10


@pytest.mark.parametrize(
    ("suffix", "beginning"), [("html", "<!doctype html>"), ("HTML", "<!doctype html>"), ("md", "# The"), ("json", "{")]
)
def test_the_suffix_decides_what_is_written(lab, typed, tmp_path, suffix: str, beginning: str) -> None:
    finish(*lab, "cnn", 0)
    file = tmp_path / f"page.{suffix}"
    status, printed, said = typed("--no-start", "--out", file)
    assert status == 0 and f"Wrote {file}." in said and "micro avg" in printed
    assert file.read_text().lstrip().startswith(beginning)
    if suffix == "json":
        assert json.loads(file.read_text()) == json.loads(typed("--no-start", "--json")[1])


BAD = {
    "another suffix": (
        ("--out", "page.pdf"),
        "--out is page.pdf, expected a file in a directory that exists, ending in",
    ),
    "no directory": (("--out", "none/page.html"), "expected a file in a directory that exists"),
    "unknown data set": (("--dataset", "nothing"), "there is no data set 'nothing'; there are demo"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_done_is_said_before_anything_is_started(lab, handed, typed, case: str) -> None:
    arguments, expected = BAD[case]
    status, printed, said = typed(*arguments)
    assert status == 1 and printed == "" and said.startswith("error: ") and said.count("\n") == 1
    assert expected in said and handed == []


def test_without_the_demo_set_it_says_how_to_make_it(home, typed) -> None:
    status, printed, said = typed()
    assert (status, printed) == (1, "")
    assert "there is no demo data set to run the study on; make it with `mri demo`" in said


@pytest.mark.parametrize("seeds", ["0", "101", "x"])
def test_the_number_of_seeds_is_checked(home, typed, seeds: str) -> None:
    assert typed("--seeds", seeds)[0] == 2
