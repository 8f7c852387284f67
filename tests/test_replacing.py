"""Files replaced in one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from mri_core.errors import StorageError
from mri_core.replacing import replacing, replacing_path


def written(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode())


def written_by_path(path: Path, text: str) -> None:
    with replacing_path(path) as beside:
        assert beside.suffix == path.suffix and beside.parent == path.parent
        beside.write_text(text)


@pytest.mark.parametrize("write", [written, written_by_path])
def test_a_file_is_replaced_and_nothing_stays_beside(tmp_path, write):
    path = tmp_path / "model.keras"
    for text in ("old", "new"):
        write(path, text)
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("raised", [OSError(28, "No space left on device"), ValueError("the weights are gone")])
@pytest.mark.parametrize("replace", [replacing, replacing_path])
def test_what_cannot_be_written_leaves_the_old(tmp_path, replace, raised):
    path = tmp_path / "model.keras"
    written(path, "old")
    expected = StorageError if isinstance(raised, OSError) else ValueError
    with pytest.raises(expected) as caught, replace(path, "free space") as made:
        if isinstance(made, Path):
            made.write_text("half")
        else:
            made.write(b"half")
        raise raised
    if expected is StorageError:
        assert str(caught.value) == f"cannot write {path}: No space left on device; free space"
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
