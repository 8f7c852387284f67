"""Which file a cell means, against the definition gone through file by file."""

from __future__ import annotations

import itertools
import posixpath

import pytest

from mri_core.datasets.importing.files import Files, image_suffix, leads_out, list_files, stem, walk

NAMES = ["a.png", "a", "a.PNG", "a.png.png", "b.nii.gz", "b.nii", "b", "c.d.jpg", "notes.txt"]
PATHS = [*NAMES, *(f"x/{name}" for name in NAMES[:6]), *(f"x/y/{name}" for name in NAMES[4:])]
CELLS = [*PATHS, "x/a", "y/b", "x\\a.png", "./a.png", "x//a", "c.d", "c", "none", "x/y/b.nii", "x", "a.png/"]


def expected(cell: str, paths: list[str]) -> set[str]:
    """The file of that very path, else all that the cell could mean."""
    cell = posixpath.normpath(cell.replace("\\", "/"))
    if cell in paths:
        return {cell}
    return {path for path in paths if cell in (stem(path), posixpath.basename(path), stem(posixpath.basename(path)))}


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_cell_means_the_files_that_the_definition_names(tmp_path, every):
    for start in range(every):
        paths = sorted(PATHS[start::every])
        files = Files(tmp_path, paths)
        for cell in CELLS:
            means, found = expected(cell, paths), files.find(cell)
            if len(means) == 1:
                assert isinstance(found, int) and {paths[found]} == means, cell
            else:
                assert isinstance(found, str), cell
                assert ("could mean several files" if means else "there is no such file") in found


@pytest.mark.parametrize(
    ("file", "suffix"),
    [("a.png", ".png"), ("a.NII.GZ", ".nii.gz"), ("a.nii", ".nii"), ("a.gz", None), ("png", None), ("a.dcm/b", None)],
)
def test_suffixes(file, suffix):
    assert image_suffix(file) == suffix and stem(file) == (file[: -len(suffix)] if suffix else file)


def test_a_folder_is_walked_in_order_without_hidden_files_and_loops(tmp_path):
    for folder, name in itertools.product(("", "b", "a", ".git", "__MACOSX"), ("2.png", "1.png", ".hidden")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text("")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to("self")
    walked = ["1.png", "2.png", "self", "a/1.png", "a/2.png", "b/1.png", "b/2.png"]
    assert list(walk(tmp_path)) == walked == list(list_files(tmp_path).paths)
    assert not leads_out(tmp_path, "self") and not leads_out(tmp_path, "1.png")
    (tmp_path / "out").symlink_to("/etc/hostname")
    assert leads_out(tmp_path, "out")
