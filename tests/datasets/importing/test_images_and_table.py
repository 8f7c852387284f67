"""A folder of images and a table: the runner, and everything a table may be."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from import_support import COUNT, lines, name, picture
from PIL import Image

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import list_datasets, open_dataset
from mri_core.datasets.importing import decoding, table
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Recipe, import_source, preview
from mri_core.errors import InvalidInput, StorageError
from mri_core.images import Preprocessing

SMALL = Recipe((16, 16))


def take(home, folder, table_file, recipe: Recipe = SMALL, called: str = "mine", **choices):
    return import_source(home, called, folder, Choices(table_file, **choices), recipe)


def reasons(imported) -> dict[str, str]:
    return {one.what: one.reason for one in imported.summary.left_out}


def test_slices_labels_and_patients_are_taken(home, folder, write):
    (folder / "alone.png").write_bytes((folder / "s0.png").read_bytes())
    imported = take(home, folder, write(lines("broken.png,p9,0,0\nnone.png,p9,0,0\n,p9,0,0\n")))
    dataset = imported.dataset
    assert dataset.label_names == ("lesion", "bleed") and not dataset.header.simulated
    assert dataset.header.slices == COUNT and dataset.header.patients == 6
    assert reasons(imported) == {
        "broken.png": "skipped",
        "none.png": "row without a file",
        "row 16": "row without a file",
        "alone.png": "file without a row",
    }
    np.testing.assert_array_equal(dataset.truth, [[i % 2, i > 5] for i in range(COUNT)])
    for i in range(COUNT):
        np.testing.assert_array_equal(dataset.pixels[i], picture(i))
    assert dataset.index.groupby("patient")["split"].nunique().max() == 1
    assert imported.summary.prevalence["lesion"]["wanted"] == 0.5 and not imported.summary.warnings


def test_the_same_import_twice_is_the_same_by_one_process_or_two(home, folder, write, monkeypatch):
    first = take(home, folder, write(lines()), called="first").dataset
    monkeypatch.setattr(decoding, "_WORTH_ANOTHER", 1)
    monkeypatch.setattr(decoding, "_BLOCK_SLICES", 2)
    second = take(home, folder, write(lines()), called="second").dataset
    assert second.fingerprint == first.fingerprint
    assert second.index["id"].tolist() == [name(i) for i in range(COUNT)]


WAYS = {
    "stem": [f"s{i}" for i in range(COUNT)],
    "name alone": [f"s{i}.png" for i in range(COUNT)],
    "path without suffix": [name(i)[:-4] for i in range(COUNT)],
    "backslashes": [name(i).replace("/", "\\") for i in range(COUNT)],
    "dot": ["./" + name(i) for i in range(COUNT)],
}


@pytest.mark.parametrize("way", WAYS)
def test_files_are_found_however_they_are_written(home, folder, write, way):
    text = "Image ID,lesion\n" + "".join(f"{cell},{i % 2}\n" for i, cell in enumerate(WAYS[way]))
    dataset = take(home, folder, write(text)).dataset
    assert dataset.truth[:, 0].tolist() == [i % 2 for i in range(COUNT)]
    np.testing.assert_array_equal(dataset.pixels[3], picture(3))


def test_a_file_column_is_found_by_what_it_holds(home, folder, write):
    text = "id,zebra,lesion\n" + "".join(f"{i + 1000},{name(i)},{i % 2}\n" for i in range(COUNT))
    seen = preview(folder, Choices(write(text), label_columns=("lesion",)))
    assert seen.mapping == {"table": "labels.csv", "file": "zebra", "labels": "lesion", "not used": "id"}
    assert seen.rows[1] == {"id": "deep/s1.png", "patient": None, "split": None, "lesion": 1}
    assert seen.total == COUNT and not home.datasets.exists()


def test_columns_are_what_the_user_says(home, folder, write):
    rows = [f"{name(i)},x{i},q{i // 3},{'tr' if i < 6 else 'Test'},{i % 2},{i}" for i in range(COUNT)]
    text = "\n".join(["where,id,who,phase,lesion,age", *rows])
    chosen = {"file_column": "where", "patient_column": "who", "split_column": "phase", "label_columns": ("lesion",)}
    imported = take(home, folder, write(text), **chosen)
    assert imported.dataset.header.patients == 4 and imported.dataset.label_names == ("lesion",)
    assert imported.dataset.index["split"].tolist() == ["train"] * 6 + ["test"] * 6
    assert "no slice is in validation" in imported.summary.warnings[0]


@pytest.mark.parametrize(("mark", "told"), [(";", None), ("|", None), (" ", " ")])
def test_labels_in_one_column(home, folder, write, mark, told):
    names = [["scar"], [], ["oedema", "scar"]]
    text = "file,labels\n" + "".join(f"{name(i)},{mark.join(names[i % 3])}\n" for i in range(COUNT))
    dataset = take(home, folder, write(text), separator=told).dataset
    assert dataset.label_names == ("oedema", "scar")
    assert dataset.truth.tolist() == [["oedema" in names[i % 3], "scar" in names[i % 3]] for i in range(COUNT)]


def test_a_comma_between_label_names_in_quotes(home, folder, write):
    text = "file\tFindings\n" + "".join(f"{name(i)}\t{'a, b' if i % 2 else 'No finding'}\n" for i in range(COUNT))
    dataset = take(home, folder, write(text, "labels.tsv")).dataset
    assert dataset.label_names == ("a", "b") and dataset.truth.sum() == COUNT


FORMS = {
    "labels.parquet": lambda frame: frame.assign(lesion=frame["lesion"].eq("1")).to_parquet,
    "labels.xlsx": lambda frame: frame.assign(lesion=frame["lesion"].astype(float)).to_excel,
    "labels.tsv": lambda frame: lambda path, index: frame.to_csv(path, index=index, sep="\t"),
    "semicolons.csv": lambda frame: lambda path, index: frame.to_csv(path, index=index, sep=";"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_table_says_the_same(home, folder, write, form):
    text = lines()
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    FORMS[form](frame)(folder.parent / form, index=False)
    expected = take(home, folder, write(text), called="expected").dataset
    assert take(home, folder, folder.parent / form).dataset.fingerprint == expected.fingerprint


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "UTF-8 text"),
        ("utf-8-sig", "UTF-8 with a byte order mark"),
        ("utf-16", "UTF-16"),
        ("latin-1", "Latin-1"),
    ],
)
def test_encodings(home, folder, write, encoding, said):
    text = lines().replace("lesion", "Läsion").encode(encoding)
    imported = take(home, folder, write(text))
    assert imported.dataset.label_names == ("Läsion", "bleed")
    assert said in imported.summary.notes[0]


def test_a_given_split_is_kept_unless_it_is_to_be_dealt_anew(home, folder, write):
    text = "file,split,lesion\n" + "".join(f"{name(i)},{'train' if i < 8 else 'val'},1\n" for i in range(COUNT))
    kept = take(home, folder, write(text)).dataset
    assert kept.index["split"].tolist() == ["train"] * 8 + ["validation"] * 4 and kept.header.patients is None
    halves = Recipe((16, 16), fractions={"train": 0.5, "validation": 0.25, "test": 0.25})
    anew = take(home, folder, write(text), halves, "anew", resplit=True)
    assert anew.dataset.index["split"].value_counts().to_dict() == {"train": 6, "validation": 3, "test": 3}
    assert "no patient is known" in anew.summary.warnings[0]


def test_patients_shared_by_splits_are_said(home, folder, write):
    body = "".join(f"{name(i)},p{i % 4},{'train' if i < 8 else 'test'},1\n" for i in range(COUNT))
    said = take(home, folder, write("file,patient,split,lesion\n" + body)).summary.warnings
    assert said[0].startswith("4 patients are in more than one split")


def test_files_named_twice(home, folder, write):
    imported = take(home, folder, write(lines("s0,p0,0,\ndeep/s1.png,p0,0,\n")))
    assert imported.dataset.header.slices == COUNT - 1 and "deep/s1.png" not in set(imported.dataset.index["id"])
    assert [one.reason for one in imported.summary.left_out][:2] == ["duplicate", "conflicting duplicate"]
    assert "rows 3 and 15 of labels.csv contradict each other" in imported.summary.left_out[1].why


def test_other_sizes_are_fitted_and_said(home, folder, write):
    Image.fromarray(picture(0, (20, 30))).save(folder / "s0.png")
    imported = take(home, folder, write(lines()))
    assert imported.summary.notes[1].startswith("1 slices measure 30×20 and were fitted to 16×16")


def test_what_is_done_to_pixels_is_stored(home, folder, write):
    deep = np.arange(256, dtype=np.uint16).reshape(16, 16) * 100
    Image.fromarray(deep).save(folder / "s0.png")
    how = Preprocessing(low=0, high=100, resampling="nearest")
    dataset = take(home, folder, write(lines()), Recipe((8, 8, 3)), preprocessing=how).dataset
    assert open_dataset("mine", home).header.preprocessing == how and dataset.image_shape == (8, 8, 3)
    np.testing.assert_array_equal(dataset.pixels[0, ..., 0], np.arange(256, dtype=np.uint8).reshape(16, 16)[1::2, 1::2])


def test_links_lead_nowhere_else(home, folder, write):
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "out.png").symlink_to(write(lines()))
    imported = take(home, folder, write(lines("out.png,p9,0,0\n../labels.csv,p9,0,0\n/etc/passwd,p9,0,0\n")))
    assert imported.dataset.header.slices == COUNT
    said = [one.why for one in imported.summary.left_out if one.reason == "row without a file"]
    assert len(said) == 3 and all("lies outside of pictures" in why for why in said)


BAD = {
    "no file column": ("what,lesion\nzzz,1\n", "should have a column 'file'"),
    "no row": ("file,lesion\n", "expected a header and at least one row"),
    "nothing": ("", "is empty; expected a header and at least one row"),
    "not binary": ("file,lesion\ns0.png,maybe\ns2.png,2\n", "column 'lesion' holds '2', 'maybe'; expected 1, 0, yes"),
    "no split": ("file,lesion,split\ns0.png,1,holdout\n", "column 'split' holds 'holdout'; expected train, validation"),
    "no label": ("file\ns0.png\n", "has no label column"),
    "no file": ("file,lesion\n../labels.csv,1\n", "none of the 1 slices could be taken; the first: .* lies outside of"),
    "no picture": ("file,lesion\nbroken.png,1\n", "none of the 1 slices could be taken; the first: broken.png"),
    "twice the same column": ("file,lesion,lesion \ns0.png,1,1\n", "columns of the same name"),
    "two separators": ("file,labels\ns0.png,a;b\ns2.png,a|b\n", "holds both ';' and '|'; say with --separator"),
    "a label like a column": ("file,checksum\ns0.png,1\n", "a label cannot be called 'checksum'"),
    "zeros": (b"file,lesion\ns0\0.png,1\n", "is not text"),
}


@pytest.mark.parametrize("file", ["labels.parquet", "labels.xlsx", "labels.json"])
def test_tables_that_are_something_else(home, folder, write, file):
    with pytest.raises(InvalidInput, match=rf"{file} cannot be read as a table|expected a table in \.csv"):
        take(home, folder, write(lines(), file))


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_are_said_and_leave_nothing(home, folder, write, case):
    text, said = BAD[case]
    with pytest.raises(InvalidInput, match=said):
        take(home, folder, write(text))
    assert list_datasets(home) == [] and not (home.datasets.exists() and list(home.datasets.iterdir()))


def test_a_line_without_end_is_not_read_to_its_end(home, folder, tmp_path):
    endless = tmp_path / "endless.csv"
    with endless.open("wb") as file:
        file.write(b"file,lesion\n")
        file.seek(table.MOST_BYTES - 1)  # a hole on disk, which reads as zeros
        file.write(b"\n")
    before = psutil.Process().memory_info().rss
    with pytest.raises(InvalidInput, match="is not text"):
        take(home, folder, endless)
    endless.write_bytes(b"file,lesion\n" + b"s0.png," + b"1" * (2 * table.LONGEST_LINE) + b"\n")
    with pytest.raises(InvalidInput, match=r"a line of more than 1,048,576 bytes"):
        take(home, folder, endless)
    assert psutil.Process().memory_info().rss - before < 100e6


def test_missing_table_folder_or_column(home, folder, write):
    with pytest.raises(InvalidInput, match="there is no table"):
        take(home, folder, folder / "no.csv")
    with pytest.raises(InvalidInput, match="is not a folder"):
        take(home, folder / "no", write(lines()))
    with pytest.raises(InvalidInput, match="has no column 'age'; it has"):
        take(home, folder, write(lines()), patient_column="age")
    with pytest.raises(InvalidInput, match="no kind of source 'tables'; expected one of arrays, splits, dicom"):
        import_source(home, "mine", folder, source="tables")


def test_a_full_disk_leaves_nothing(home, folder, write, monkeypatch):
    class Full(io.BytesIO):
        def write(self, data):
            if memoryview(data).nbytes >= 256:  # slices, not the header
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    enter = DatasetBuilder.__enter__

    def full(builder):
        enter(builder)._file.close()
        builder._file = Full()
        return builder

    monkeypatch.setattr(DatasetBuilder, "__enter__", full)
    with pytest.raises(StorageError, match="No space left on device; make room or set MRI_HOME"):
        take(home, folder, write(lines()))
    assert list(home.datasets.iterdir()) == [] and not _decoders(psutil.Process())


def test_a_reader_that_dies_costs_its_file_only(home, folder, write, monkeypatch):
    """The decoding program is one that ends itself at a certain file, as a fault in a library would."""
    deadly = f"""
import os
from mri_core.datasets.importing import places
whole = places.read_file
places.read_file = lambda path, how: os._exit(11) if path.endswith("s4.png") else whole(path, how)
{decoding._PROGRAM}
"""
    monkeypatch.setattr(decoding, "_PROGRAM", deadly)
    imported = take(home, folder, write(lines()))
    assert imported.dataset.header.slices == COUNT - 1
    assert {one.what: one.why for one in imported.summary.left_out if one.reason == "skipped"} == {
        "s4.png": "s4.png: reading it ended the reader or took longer than 80 seconds; expected an undamaged file"
    }


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_import_that_is_ended_leaves_no_data_set_and_no_process(home, folder, write, how):
    code = f"""
import sys
from pathlib import Path
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import import_source
from mri_core.settings import Settings
def stand_still(done, total):
    print("here", flush=True)
    sys.stdin.read()
import_source(Settings(), "mine", Path({str(folder)!r}), Choices(Path({str(write(lines()))!r})), progress=stand_still)
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", code], env=os.environ, **pipes) as child:
        assert child.stdout.readline() == b"here\n"
        decoders = _decoders(psutil.Process(child.pid))
        child.send_signal(how)
    assert decoders and not psutil.wait_procs(decoders, timeout=60)[1]
    assert list_datasets(home) == []
    left = [path.name for path in home.datasets.iterdir()]
    assert left == ([] if how == signal.SIGINT else [".mine.partial"])
    assert take(home, folder, write(lines())).dataset.header.slices == COUNT
    assert [path.name for path in home.datasets.iterdir()] == ["mine"]


def _decoders(process: psutil.Process) -> list[psutil.Process]:
    return [child for child in process.children() if any("importing.decoder" in word for word in child.cmdline())]


def test_decoding_loads_no_pandas_and_no_tensorflow():
    code = "import sys, mri_core.datasets.importing.decoder; print(*{'pandas', 'tensorflow'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == ""


def test_the_report_lists_everything_left_out(home, folder, write):
    (folder / "=1+1.png").write_text("no picture")
    imported = take(home, folder, write(lines("=1+1.png,p9,0,0\n")))
    rows = pd.read_csv(io.StringIO(imported.summary.report()))
    assert rows[["what", "reason"]].values.tolist() == [["broken.png", "file without a row"], ["'=1+1.png", "skipped"]]
    assert imported.summary.to_json()["counts"] == {"file without a row": 1, "skipped": 1}
    assert Path(imported.dataset.folder).is_dir()
