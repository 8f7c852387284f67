"""Writing a document."""

import pytest

from mri_core.documents import write_file
from mri_core.errors import StorageError


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path) -> None:
    file = tmp_path / "page.html"
    for text in ("long " * 1000, "größe\n"):
        write_file(file, text)
        assert file.read_bytes() == text.encode()
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_written_is_said_in_words(tmp_path) -> None:
    with pytest.raises(
        StorageError, match=r"cannot write .*page.html: No such file or directory; choose another place"
    ):
        write_file(tmp_path / "none" / "page.html", "x")
    (tmp_path / "taken").mkdir()
    with pytest.raises(StorageError, match="cannot write"):
        write_file(tmp_path / "taken", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
