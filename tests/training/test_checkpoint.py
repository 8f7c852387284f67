"""Checkpoints survive what happens to files."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from mri_core.errors import StorageError, Superseded
from mri_core.training.checkpoint import (
    FOLDER,
    KEPT,
    Checkpoint,
    CheckpointWriter,
    newest_checkpoint,
    remove_checkpoints,
)

ROW = {"epoch": 1, "loss": 0.25, "val_f1": {"größe/mm": None, "=cmd": 0.1}}


def checkpoint(taken: int) -> Checkpoint:
    random = np.random.default_rng(taken)
    variables = (random.random((3, 4), np.float32), np.int64(taken) + np.zeros((), np.int64), np.zeros((2, 0)))
    return Checkpoint(
        epoch=2, step=taken % 7, taken=taken, seconds=1.5, epoch_seconds=0.5, history=(ROW,), best_epoch=1,
        best_loss=0.1 + 0.2, best_weights=variables[:1], variables=variables,
    )  # fmt: skip


def write(folder: Path, *taken: int) -> list[Path]:
    with CheckpointWriter(folder) as writer:
        for number in taken:
            writer.write(checkpoint(number))
    return sorted((folder / FOLDER).iterdir())


def same(found: Checkpoint, expected: Checkpoint) -> bool:
    numbers = ("epoch", "step", "taken", "seconds", "epoch_seconds", "history", "best_epoch", "best_loss")
    pairs = [*zip(found.variables, expected.variables, strict=True)]
    pairs += zip(found.best_weights, expected.best_weights, strict=True)
    return all(getattr(found, name) == getattr(expected, name) for name in numbers) and all(
        mine.dtype == theirs.dtype and mine.shape == theirs.shape and (mine == theirs).all() for mine, theirs in pairs
    )


def test_what_is_written_is_read_to_the_bit(tmp_path):
    write(tmp_path, 12)
    assert same(newest_checkpoint(tmp_path), checkpoint(12))


def test_without_one_a_fit_begins_at_its_beginning(tmp_path):
    assert newest_checkpoint(tmp_path) == Checkpoint()
    write(tmp_path, 3)
    remove_checkpoints(tmp_path)
    assert newest_checkpoint(tmp_path) == Checkpoint() and not list(tmp_path.iterdir())


def test_two_generations_are_kept_whatever_their_number_of_digits(tmp_path):
    files = write(tmp_path, 8, 9, 10, 100)
    assert len(files) == KEPT and newest_checkpoint(tmp_path).taken == 100


DAMAGES = {
    "empty": lambda data: b"",
    "cut short": lambda data: data[: len(data) // 2],
    "without its end": lambda data: data[:-1],
    "of zeros": lambda data: bytes(len(data)),
    "a weight's bit turned": lambda data: data.replace(
        weights := checkpoint(20).variables[0].tobytes(), bytes([weights[0] ^ 1]) + weights[1:]
    ),
    "another file": lambda data: b"\x93NUMPY" + data,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_where_the_newest_is_damaged_the_older_counts(tmp_path, damage):
    newest = write(tmp_path, 10, 20)[-1]
    data = newest.read_bytes()
    newest.write_bytes(DAMAGES[damage](data))
    assert newest.read_bytes() != data
    assert same(newest_checkpoint(tmp_path), checkpoint(10))


def test_a_bit_that_is_turned_anywhere_costs_no_more_than_the_newest(tmp_path):
    """In a file of the usual kind, a zip with members missing, or one that NumPy cannot decompress, is a bit away."""
    newest = write(tmp_path, 10, 20)[-1]
    data = bytearray(newest.read_bytes())
    for bit in range(0, 8 * len(data), 17):  # an odd step: each bit of a byte has its turn
        data[bit // 8] ^= 1 << bit % 8
        newest.write_bytes(data)
        assert same(newest_checkpoint(tmp_path), checkpoint(10)), bit
        data[bit // 8] ^= 1 << bit % 8
    newest.write_bytes(data)
    assert same(newest_checkpoint(tmp_path), checkpoint(20))


def test_a_damaged_one_takes_the_place_of_no_good_one(tmp_path):
    newest = write(tmp_path, 10, 20)[-1]
    newest.write_bytes(newest.read_bytes()[:-1])
    files = write(tmp_path, 12)
    assert [file.stem for file in files] == ["000000000010", "000000000012"]
    files[-1].write_bytes(b"")
    assert same(newest_checkpoint(tmp_path), checkpoint(10))


def test_who_only_reads_removes_nothing(tmp_path):
    newest = write(tmp_path, 10, 20)[-1]
    newest.write_bytes(b"")
    newest_checkpoint(tmp_path)
    assert newest.exists()


def test_what_a_killed_writer_left_beside_is_none(tmp_path):
    newest = write(tmp_path, 10, 20)[-1]
    newest.rename(newest.with_name(f".{newest.name}.0123"))
    assert newest_checkpoint(tmp_path).taken == 10


def test_nothing_in_a_checkpoint_is_ever_run(tmp_path):
    (file,) = write(tmp_path, 10)
    made = BytesIO()
    np.savez(made, numbers=np.array([{"epoch": 1}], dtype=object))
    file.write_bytes(hashlib.blake2b(made.getvalue()).digest() + made.getvalue())
    assert newest_checkpoint(tmp_path) == Checkpoint()


def test_a_process_that_the_run_has_left_behind_writes_none(tmp_path):
    def refused() -> None:
        raise Superseded("the run is at attempt 2")

    with pytest.raises(Superseded), CheckpointWriter(tmp_path, refused) as writer:
        writer.write(checkpoint(1))
    assert newest_checkpoint(tmp_path) == Checkpoint()


def test_one_that_is_left_behind_while_it_writes_leaves_nothing(tmp_path):
    answers = iter([None, Superseded("the run is at attempt 2")])

    def refused_in_the_end() -> None:
        if answer := next(answers):
            raise answer

    with pytest.raises(Superseded), CheckpointWriter(tmp_path, refused_in_the_end) as writer:
        writer.write(checkpoint(1))
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_disk_that_refuses_is_told_and_what_was_written_stays(tmp_path, monkeypatch):
    write(tmp_path, 10)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with (
        pytest.raises(StorageError, match="No space left on device; free space, then resume the run"),
        CheckpointWriter(tmp_path) as writer,
    ):
        writer.write(checkpoint(20))
    monkeypatch.undo()
    assert [file.name for file in (tmp_path / FOLDER).iterdir()] == ["000000000010.checkpoint"]
    assert same(newest_checkpoint(tmp_path), checkpoint(10))


def test_one_that_cannot_be_removed_costs_neither_the_fit_nor_the_newest(tmp_path, monkeypatch):
    """Old ones, and damaged ones of higher numbers, which stand before those that are good."""
    for path in write(tmp_path, 3, 8, 9):
        path.write_bytes(b"")

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.exists():
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    files = write(tmp_path, 5, 6, 7)
    assert [int(path.stem) for path in files] == [5, 6, 7, 8, 9] and same(newest_checkpoint(tmp_path), checkpoint(7))
    monkeypatch.undo()
    assert [int(path.stem) for path in write(tmp_path, 10)] == [7, 10]
