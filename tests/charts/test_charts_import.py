"""Tables of an import say what the summary says."""

from mri_core.charts import import_tables as tables

PREVALENCE = {
    "rim": {"wanted": 0.25, "train": 0.24, "validation": 0.28, "test": None},
    "core": {"wanted": None, "train": None, "validation": None, "test": None},
}


def test_prevalence_stands_beside_what_was_wanted():
    table = tables.prevalence_table(PREVALENCE)
    assert table.values.tolist() == [
        ["rim", "25.0 %", "24.0 %", "28.0 %", "–", "3.0"],
        ["core", "–", "–", "–", "–", "–"],
    ]


def test_counts_are_said_in_words():
    counts = {"skipped": 2, "row without a file": 1, "file without a row": 1200, "duplicate": 0}
    assert tables.counts_in_words(counts) == "2 skipped, 1 row without a file, 1,200 files without a row"
    assert tables.counts_in_words({}) == ""


def test_rows_and_reasons_are_shown_as_they_are():
    rows = tables.rows_table([{"id": "<b>", "patient": None, "rim": 1}])
    assert rows.values.tolist() == [["<b>", "–", "1"]]
    left_out = tables.left_out_table([{"what": "a.png", "reason": "skipped", "why": "it is damaged"}])
    assert left_out.values.tolist() == [["a.png", "Skipped", "it is damaged"]]
    assert tables.left_out_table([]).columns.tolist() == ["What", "Reason", "Why"]
    assert tables.mapping_table({"file": "image"}).values.tolist() == [["File", "image"]]
