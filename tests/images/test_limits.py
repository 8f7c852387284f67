from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from annotated_types import Ge, Le
from pydantic import ValidationError

from mri_core.errors import ImageError, InvalidInput
from mri_core.images.limits import (
    LIMITS,
    NAME_CHARACTERS,
    Limits,
    base_name,
    check_bytes,
    check_size,
    held_bytes,
    ratio_bytes,
    read_limits,
    refusing,
    source_names,
)

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.png", "a.png"),
        ("/x/y/a.png", "a.png"),
        ("C:\\x\\a.png", "a.png"),
        ("a\tb\x1b.png", "a?b?.png"),
        ("a\u202eb.png", "a?b.png"),
        ("a\udcffb.png", "a?b.png"),
        ("ä.nii", "ä.nii"),
        ("a" * 500 + ".png", "…" + "a" * (NAME_CHARACTERS - 5) + ".png"),
    ],
)
def test_base_name(name, shown):
    assert base_name(name) == shown


def test_source_names():
    assert source_names("x/a.png", 1) == ["a.png"]
    assert source_names("a.nii", 2) == ["a.nii [slice 1 of 2]", "a.nii [slice 2 of 2]"]


@pytest.mark.parametrize("size", [(1, 1, 1), (4096, 4096, 8), (512, 512, 512), (1, 1, LIMITS.slices)])
def test_sizes_within_the_limits_pass(size):
    check_size("a", *size)


@pytest.mark.parametrize(
    "size",
    [
        *((0, 5, 1), (5, 0, 1), (5, 5, 0), (5, 5, -1)),
        *((LIMITS.slice_pixels + 1, 1, 1), (65535, 65535, 1), (1, 1, LIMITS.slices + 1)),
        (4096, 4096, LIMITS.file_pixels // 4096**2 + 1),
    ],
)
def test_sizes_beyond_the_limits_are_refused(size):
    with pytest.raises(ImageError, match=r"^a: its header declares .*; expected at (least one|most .*MRI_MAX_)"):
        check_size("x/a", *size)


def bound(field: str, kind: type[Ge] | type[Le]) -> int:
    (found,) = [one for one in Limits.model_fields[field].metadata if isinstance(one, kind)]
    return found.ge if isinstance(found, Ge) else found.le


@pytest.mark.parametrize("field", Limits.model_fields)
def test_every_limit_is_read_from_the_environment_and_said_in_words(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_limits() == Limits()
    name = f"MRI_MAX_{field.upper()}"
    monkeypatch.setenv(name, "1500")
    changed = read_limits()
    assert {one for one in Limits.model_fields if getattr(changed, one) != getattr(LIMITS, one)} == {field}
    assert changed.most(field).startswith("at most 1,500 ") and changed.most(field).endswith(f" ({name})")
    monkeypatch.setenv(name, "many")
    lowest, highest = bound(field, Ge), bound(field, Le)
    for value in ("many", "0", "1.5", str(highest + 1)):
        monkeypatch.setenv(name, value)
        with pytest.raises(InvalidInput, match=rf"^{name} is '{value}', expected .* from {lowest:,} to {highest:,};"):
            read_limits()
    for value in (lowest, highest):
        monkeypatch.setenv(name, str(value))
        assert getattr(read_limits(), field) == value


def test_what_cannot_be_a_limit_is_no_fault_of_loading_the_program(tmp_path: Path) -> None:
    """Who loads it says so in words; the defaults hold until then."""
    program = (
        "from mri_core.images.limits import LIMITS, Limits; print(LIMITS == Limits.model_construct(), LIMITS.files)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"MRI_MAX_FILE_MB": "many", "MRI_MAX_FILES": "7", "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("True 5000\n", "")


def test_limits_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        LIMITS.file_mb = 1


def test_check_bytes(limit) -> None:
    limit(file_mb=1, own_file_mb=2)
    for field, most in (("file_mb", 2**20), ("own_file_mb", 2**21)):
        check_bytes("a", most, field)
        with pytest.raises(ImageError, match=rf"^a: the file has {most + 1:,} bytes; .*MRI_MAX_{field.upper()}"):
            check_bytes("x/a", most + 1, field)


def test_ratio_bytes(limit) -> None:
    limit(file_mb=2, ratio=10, inflated_mb=5)
    assert [ratio_bytes(size) for size in (1, 2**18, 2**20)] == [2 * 2**20, 10 * 2**18, 5 * 2**20]


def test_held_bytes(limit) -> None:
    limit(inflated_mb=50, zip_mb=32)
    assert [held_bytes(size) for size in (1, 3 * 2**20, 4 * 2**20)] == [32 * 2**20, 48 * 2**20, 50 * 2**20]


def test_refusing_hides_the_librarys_text_and_lets_other_errors_through():
    with (
        pytest.raises(ImageError, match=r"^a: it is broken; expected something$") as caught,
        refusing("a", "it is broken", "something"),
    ):
        raise ValueError("Doe^Jane")
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(MemoryError), refusing("a", "it is broken"):
        raise MemoryError
    with pytest.raises(ImageError, match="already refused"), refusing("a", "it is broken"):
        raise ImageError("already refused")
