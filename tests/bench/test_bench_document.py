"""The page as a table, Markdown and JSON, and its place in a document that people wrote."""

from __future__ import annotations

import json
import math

import pytest
from bench_support import FASTER, MISSING, SLOWER, page

from mri_core.bench.document import (
    BEGIN,
    COLUMNS,
    END,
    check_out,
    number,
    page_markdown,
    page_problems,
    page_rows,
    write_page,
)
from mri_core.bench.record import Measurement
from mri_core.errors import InvalidInput


def test_rows():
    fast, slow = page_rows(page())
    assert dict(zip(COLUMNS, fast, strict=True)) == {
        "what": "training steps",
        "unit": "images/s",
        "ours": "200 – 300 – 400",
        "peer": "plain",
        "peer's": "100",
        "ratio": "2.00 × – 3.00 × – 4.00 ×",
        "goal": "≥ 2.5 ×: reached",
    }
    assert slow == ("import", "s", "4.00", "loop", "1.00", "0.250 ×", "≤ 2 s: missed")
    assert page_problems(page()) == ["torch: not installed"]


def test_a_side_that_failed_keeps_its_row():
    half = Measurement("x", "s", "less", (1.0,), "peer", (), problem="peer: it ended")
    (row,) = page_rows(page(half))
    assert row[2] == "1.00" and row[4] == row[5] == "–" and page_problems(page(half)) == ["x: peer: it ended"]


NUMBERS = {
    0: "0.000", 0.0312: "0.031", 0.999: "0.999", 1: "1.00", 9.87: "9.87", 12.34: "12.3", 123.4: "123",
    12345.6: "12,346", math.inf: "never", math.nan: "undefined",
}  # fmt: skip


@pytest.mark.parametrize("value", NUMBERS)
def test_numbers_have_three_digits_that_count(value):
    assert number(value) == NUMBERS[value]


def test_markdown():
    text = page_markdown(page())
    assert text.startswith("`mri bench --quick`, 4 March 2026, 1 min 11 s, 3 repeats.\n")
    assert "183 in float32 and 1,728 in bfloat16 GFLOP/s" in text and "3 cores with fma, amx_bf16" in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 4 and {line.count("|") for line in table} == {len(COLUMNS) + 1}
    assert "- torch: not installed" in text and not any(line.startswith("#") for line in text.splitlines())
    assert "Not measured" not in page_markdown(page(FASTER)) and "|---" not in page_markdown(page(MISSING))


def test_only_what_stands_between_the_markers_is_replaced(tmp_path):
    file = tmp_path / "performance.md"
    file.write_text(f"# Mine\n\nbefore\n{BEGIN}\nold\n{END}\n\nafter {SLOWER.name}\n")
    write_page(page(), file)
    first = file.read_text()
    assert first == f"# Mine\n\nbefore\n{BEGIN}\n{page_markdown(page())}{END}\n\nafter import\n"
    write_page(page(), file)
    assert file.read_text() == first
    assert [path.name for path in tmp_path.iterdir()] == ["performance.md"]


def test_a_new_document_can_be_written_again(tmp_path):
    file = tmp_path / "new.md"
    for shown in (page(), page(FASTER)):
        check_out(file)
        write_page(shown, file)
    assert file.read_text().startswith("# ") and file.read_text().count(BEGIN) == 1
    assert page_markdown(page(FASTER)) in file.read_text()


def test_json(tmp_path):
    write_page(page(), tmp_path / "page.json")
    found = json.loads((tmp_path / "page.json").read_text())
    assert found["repeats"] == 3 and found["command"] == "mri bench --quick" and found["machine"]["cores"] == 3
    assert [one["name"] for one in found["measurements"]] == ["training steps", "import", "torch"]
    assert found["measurements"][2]["problem"] == "not installed"


UNMARKED = {
    "no markers": "text",
    "no end": BEGIN,
    "the wrong way round": f"{END}\n{BEGIN}",
    "twice": f"{BEGIN}{END}{BEGIN}{END}",
}


@pytest.mark.parametrize("case", UNMARKED)
def test_a_document_without_a_place_is_refused_unchanged(tmp_path, case):
    file = tmp_path / "mine.md"
    file.write_text(UNMARKED[case])
    for refuse in (check_out, lambda out: write_page(page(), out)):
        with pytest.raises(InvalidInput, match="once each, in this order"):
            refuse(file)
    assert file.read_text() == UNMARKED[case]


@pytest.mark.parametrize("name", ["page.html", "page", "none/page.md", "folder.md"])
def test_a_place_that_cannot_be_written(tmp_path, name):
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(InvalidInput, match="expected a file"):
        check_out(tmp_path / name)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "x.md").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InvalidInput, match="cannot be read as text"):
        check_out(tmp_path / "x.md")
