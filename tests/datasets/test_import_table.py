from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mri_core.datasets.dataset import list_datasets
from mri_core.datasets.import_table import import_table
from mri_core.errors import InvalidInput


@pytest.fixture
def folder(tmp_path):
    """Twelve grey pictures of six patients, and a text that calls itself a picture."""
    random = np.random.default_rng(0)
    (tmp_path / "pictures" / "deep").mkdir(parents=True)
    for i in range(12):
        place = tmp_path / "pictures" / ("deep" if i % 2 else ".") / f"s{i}.png"
        Image.fromarray(random.integers(0, 256, (64, 64), dtype=np.uint8)).save(place)
    (tmp_path / "pictures" / "broken.png").write_text("no picture")
    return tmp_path / "pictures"


def write(folder, text: str):
    table = folder.parent / "labels.csv"
    table.write_text(text)
    return table


def lines(extra: str = "") -> str:
    body = [f"{'deep/' if i % 2 else ''}s{i}.png,p{i // 2},{i % 2},{'yes' if i > 5 else ''}" for i in range(12)]
    return "\n".join(["file,patient,lesion,bleed", *body]) + "\n" + extra


def test_slices_labels_and_patients_are_taken(home, folder):
    imported = import_table(home, "mine", folder, write(folder, lines("broken.png,p9,0,0\nnone.png,p9,0,0\n")))
    dataset = imported.dataset
    assert dataset.label_names == ("lesion", "bleed") and not dataset.header.simulated
    assert dataset.header.slices == 12 and dataset.header.patients == 6
    assert set(imported.skipped) == {"broken.png", "none.png"}
    np.testing.assert_array_equal(dataset.truth, [[i % 2, i > 5] for i in range(12)])
    np.testing.assert_array_equal(dataset.pixels[1], np.asarray(Image.open(folder / "deep" / "s1.png")))
    assert dataset.index.groupby("patient")["split"].nunique().max() == 1


def test_a_given_split_is_kept_and_other_sizes_are_fitted(home, folder):
    table = "file,split,lesion\n" + "".join(
        f"{'deep/' if i % 2 else ''}s{i}.png,{'train' if i < 8 else 'validation'},1\n" for i in range(12)
    )
    dataset = import_table(home, "mine", folder, write(folder, table), size=32).dataset
    assert dataset.index["split"].tolist() == ["train"] * 8 + ["validation"] * 4
    assert dataset.image_shape == (32, 32) and dataset.header.patients is None
    assert import_table(home, "again", folder, write(folder, table), size=32).dataset.fingerprint == dataset.fingerprint


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("name,lesion\ns0.png,1\n", "should have a column 'file'"),
        ("file,lesion\n", "at least one row"),
        ("", "cannot be read as a CSV table"),
        ("file,lesion\ns0.png,maybe\n", "column 'lesion' holds 'maybe'; expected 1, 0, yes, no or blank"),
        ("file,lesion,split\ns0.png,1,holdout\n", "column 'split' holds 'holdout'; expected train, validation, test"),
        ("file,lesion\ns0.png,1\ns0.png,0\n", "names 's0.png' twice"),
        ("file\ns0.png\n", "label names should be one or more"),
        ("file,lesion\n../labels.csv,1\n", "none of the 1 files .* lies outside of"),
        ("file,lesion\nbroken.png,1\n", "none of the 1 files .* could be read; the first: broken.png"),
    ],
)
def test_bad_tables_are_said_and_leave_nothing(home, folder, table, said):
    with pytest.raises(InvalidInput, match=said):
        import_table(home, "mine", folder, write(folder, table))
    assert list_datasets(home) == [] and not (home.datasets.exists() and list(home.datasets.iterdir()))


def test_missing_table_or_folder(home, folder):
    with pytest.raises(InvalidInput, match="there is no table"):
        import_table(home, "mine", folder, folder / "no.csv")
    with pytest.raises(InvalidInput, match="is not a folder"):
        import_table(home, "mine", folder / "no", write(folder, lines()))
