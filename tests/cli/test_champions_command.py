"""`mri promote` and `mri champion`, as a user types them and as a script does."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from champion_support import changeable, leaving_out, right, rival, wrong

from mri_core import cli
from mri_core.runs.champions import champion_of
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore


class Terminal(io.StringIO):
    """What someone types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def store(trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    return changeable(trained.settings.root, tmp_path / "lab", monkeypatch)


@pytest.fixture
def run(store: RunStore, trained) -> Run:
    return store.get(trained.run_id)


@pytest.fixture
def typed(monkeypatch, capsys):
    """A command in this process, without a terminal unless there are answers: (exit status, output, messages)."""

    def type_(*arguments: str, answers: str | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mri", *arguments])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        monkeypatch.setattr(sys, "stdin", io.StringIO() if answers is None else Terminal(answers))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ending:
            cli.main()
        return (ending.value.code, *capsys.readouterr())

    return type_


def present(store: RunStore) -> str | None:
    found = champion_of(store.settings, "demo")
    return found.run_id if found else None


def test_the_first_promotion_and_its_documents(store, run, typed):
    assert typed("champion")[1:] == ("", "No run has been made champion yet. `mri promote RUN` does it.\n")
    assert json.loads(typed("champion", "--dataset", "demo", "--json")[1]) == [
        {"dataset": "demo", "champion": None, "history": []}
    ]
    status, printed, _ = typed("promote", "last", "--json")
    made = json.loads(printed)
    assert status == 0 and present(store) == run.id
    assert made["comparison"]["verdict"] == "first" and made["comparison"]["champion"] is None
    assert made["promotion"]["run"] == run.id and made["promotion"]["present"]
    (found,) = json.loads(typed("champion", "--json")[1])
    assert found == {"dataset": "demo", "champion": made["promotion"], "history": [made["promotion"]]}
    assert json.loads(typed("show", "champion", "--json")[1])["id"] == run.id


def test_a_better_run_is_promoted_with_its_comparison_and_nobody_is_asked(store, run, typed):
    champion = rival(store, run, wrong)
    typed("promote", champion.id)
    better = rival(store, run, right)
    status, printed, said = typed("promote", better.id, answers="")
    assert status == 0 and present(store) == better.id
    assert f"{champion.name}, champion" in printed and "micro-F1" in printed.replace("Micro", "micro")
    assert "is better than the champion" in printed and "is now the champion of 'demo'" in said
    _, table, _ = typed("champion")
    assert table.count("★") == 1 and "better beyond chance" in table and champion.name in table


def test_a_worse_run_is_refused_without_a_terminal_and_promoted_with_yes(store, run, typed):
    champion = rival(store, run, right)
    typed("promote", champion.id)
    worse = rival(store, run, wrong)
    for arguments in ((), ("--json",)):
        status, printed, said = typed("promote", worse.id, *arguments)
        assert status == 1 and said.startswith("error: not promoted: ") and said.count("\n") == 1 and "--yes" in said
        assert present(store) == champion.id
    assert printed == ""
    status, printed, _ = typed("promote", worse.id, "--yes", "--json")
    assert status == 0 and json.loads(printed)["comparison"]["verdict"] == "worse beyond chance"
    assert present(store) == worse.id


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_on_a_terminal_a_worse_run_is_asked_about(store, run, typed, answer, status):
    champion = rival(store, run, right)
    typed("promote", champion.id)
    worse = rival(store, run, wrong)
    ended, _, said = typed("promote", worse.id, answers=answer)
    assert ended == status and "all the same?" in said
    assert present(store) == (worse.id if status == 0 else champion.id)


def test_promoting_the_champion_again_is_done_already(store, run, typed):
    typed("promote", run.id)
    status, _, said = typed("promote", run.id)
    assert status == 0 and "is the champion already" in said
    status, printed, _ = typed("promote", run.id, "--json")
    assert status == 0 and json.loads(printed)["comparison"] is None
    assert len(json.loads(typed("champion", "--json")[1])[0]["history"]) == 1


def test_what_cannot_be_done_is_said_in_one_line(store, run, typed):
    for arguments, words in (
        (("promote", "champion"), "no run is a champion yet"),
        (("promote", "ffff"), "there is no run 'ffff'"),
        (("champion", "--dataset", "nothing"), "there is no data set 'nothing'"),
    ):
        status, printed, said = typed(*arguments)
        assert (status, printed) == (1, "") and said.startswith("error: ") and words in said and said.count("\n") == 1


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_run_that_left_out_a_part_is_warned_of(store, run, typed, more):
    assert "warning" not in typed("promote", run.id, *more)[2]
    judge = rival(store, leaving_out(run, 3), right)
    status, _, said = typed("promote", judge.id, *more)
    assert status == 0 and present(store) == judge.id
    assert f"warning: {judge.name} was trained for a cross-validation" in said and "part 3 of 5" in said
