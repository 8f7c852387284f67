"""The readers against the kept corpus and some changed inputs of each format, and the watcher that would tell.

The long form is `python -m tests.fuzzing`; `make fuzz` gives every format a minute.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mri_core.images import READERS
from mri_core.images.limits import Limits
from tests.fuzzing import campaign
from tests.fuzzing.campaign import Campaign, Child, Failure
from tests.fuzzing.child import READINGS, Done, Job
from tests.fuzzing.formats import CORPUS, FORMATS, LARGEST
from tests.fuzzing.make_corpus import KINDS

INPUTS = 300
"""Changed inputs of each format: always the same ones, since their numbers and the seed are."""


@pytest.fixture(scope="module")
def children() -> Iterator[list[Child]]:
    """The child that reads, replaced by the test that sees it end. It leaves no file and prints nothing."""
    held = [Child()]
    yield held
    assert held[0].end() == ""


def read(children: list[Child], job: Job, tmp_path: Path) -> Done:
    """What became of the inputs, none of which failed."""
    done = children[0].work(job)
    if isinstance(done, Failure):
        children[0] = Child()
        (tmp_path / "input").write_bytes(done.data)
        pytest.fail(f"{job.format}: {done.what} while it read {tmp_path / 'input'}\n{done.trace}")
    return done


def test_every_reader_has_a_format_and_every_format_a_corpus() -> None:
    assert {READERS[one.suffix] for one in FORMATS.values() if one.name != "zip"} == set(READERS.values())
    assert set(KINDS) == set(FORMATS) == {folder.name for folder in CORPUS.iterdir()}
    sizes = [path.stat().st_size for one in FORMATS.values() for path in one.seeds()]
    assert max(sizes) < LARGEST and sum(sizes) < 300_000


@pytest.mark.parametrize("name", FORMATS)
def test_the_corpus_and_all_that_ever_failed(name: str, children: list[Child], tmp_path: Path) -> None:
    outcomes = []
    for path in FORMATS[name].seeds():
        for reading in range(len(READINGS)):
            job = Job(name, 0, reading, 1, 0, given=path.read_bytes().hex())
            outcomes.append((path.name.startswith("failed-"), read(children, job, tmp_path)))
    assert {done.read for _, done in outcomes} == {1}
    assert sum(done.slices for failed, done in outcomes if not failed) > len(READINGS)


@pytest.mark.parametrize("name", FORMATS)
def test_changed_inputs_give_slices_or_our_own_error(name: str, children: list[Child], tmp_path: Path) -> None:
    done = read(children, Job(name, 0, 0, INPUTS, seconds=60), tmp_path)
    assert done.read == INPUTS == done.slices + done.refused + done.memory
    assert done.slices > 0 and done.refused > 0


def test_an_input_that_ends_the_process_is_kept(tmp_path: Path) -> None:
    child = Child()
    read([child], Job("npy", 0, 0, 1, 0, given=b"\x93NUMPY".hex()), tmp_path)
    failure = child.work(Job("npy", 0, 0, 1, 0, given="no digits"))
    assert isinstance(failure, Failure) and failure.what == "it ended the process (code 1)"
    assert failure.data == b"\x93NUMPY" and "ValueError" in failure.trace


def test_an_input_that_takes_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "LIMITS", Limits(seconds=1))
    child = Child()
    os.kill(child.pid, signal.SIGSTOP)
    failure = child.work(Job("npy", 0, 0, 1, 0, given="00"))
    assert isinstance(failure, Failure) and failure.what.startswith("it took longer than 1 seconds")


def test_a_file_that_is_left_is_told() -> None:
    child = Child()
    (child.folder / "left").touch()
    assert child.end() == "it left files: ['left']"


def test_a_campaign_goes_on_where_it_ended(tmp_path: Path) -> None:
    for inputs in (40, 70, 70):
        one = Campaign("bmp", tmp_path)
        one.run(inputs, seconds=60, processes=1)
        assert one.count.inputs == inputs and one.count.failures == 0
    kept = list((tmp_path / "bmp" / "interesting").iterdir())
    assert one.count.interesting >= len(kept) > 0
