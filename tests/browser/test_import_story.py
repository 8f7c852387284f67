"""A lab's story, in a real Chromium: from a zip of slices and a table to a report of a run on them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from browser_support import go_to, open_list
from PIL import Image

from mri_core.datasets.dataset import open_dataset

SLICES, COPIES = 90, 3


def study(file: Path) -> Path:
    """A zip of 90 slices of 30 patients, the last three copies of the first; a bright corner is a "spot"."""
    random = np.random.default_rng(0)
    lines = ["image_id,case,spot,rare,age"]
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(SLICES):
            pixels = np.random.default_rng(number % (SLICES - COPIES)).integers(20, 120, (32, 32)).astype(np.uint8)
            spot = number % 2 if number < SLICES - COPIES else (number - SLICES + COPIES) % 2
            pixels[4:12, 4:12] += np.uint8(100 * spot)
            held = io.BytesIO()
            Image.fromarray(pixels).save(held, "PNG")
            archive.writestr(f"study/images/s{number:03}.png", held.getvalue())
            lines.append(f"s{number:03}.png,c{number // 3},{spot},{int(random.random() < 0.4)},{30 + number}")
        archive.writestr("study/images/broken.png", b"no picture")
        archive.writestr("study/labels.csv", "\n".join([*lines, "broken.png,c1,0,0,31"]))
    return file


def test_a_zip_becomes_a_data_set_and_a_network_is_trained_on_it(page, home, tmp_path):
    page.get_by_role("link", name="Import slices").click()
    page.get_by_text("What can be imported").wait_for()
    page.locator("input[type=file]").first.set_input_files(study(tmp_path / "lab study.zip"))

    page.get_by_text("column 'age' holds").wait_for()  # a column that is no label, in words
    labels = page.get_by_role("combobox", name="Labels")
    open_list(labels, page.get_by_role("option", name="spot", exact=True))
    page.get_by_role("option", name="spot", exact=True).click()
    open_list(labels, page.get_by_role("option", name="rare", exact=True))
    page.get_by_role("option", name="rare", exact=True).click()
    page.keyboard.press("Escape")  # an open list hides the rest of the page from who reads it aloud
    page.get_by_text("91 slices with 2 labels").wait_for()
    page.get_by_role("button", name="Import 91 slices").click()
    page.get_by_text("lab study is made of 90 slices; 1 skipped.").wait_for()
    dataset = open_dataset("lab study", home)
    assert (dataset.header.slices, dataset.header.patients, dataset.label_names) == (SLICES, 30, ("spot", "rare"))

    page.get_by_role("link", name="Check its quality").click()
    page.get_by_role("button", name="Check 90 slices").click()
    page.get_by_role("heading", name="Findings").wait_for()
    page.get_by_text("pairs of slices").first.wait_for()

    go_to(page, "Model", "Train")
    page.get_by_role("button", name="Start training").wait_for()
    open_list(page.get_by_role("combobox", name="Preset"), page.get_by_role("option", name="dense-adam", exact=True))
    page.get_by_role("option", name="dense-adam", exact=True).click()
    page.get_by_role("button", name="Start training").click()
    page.get_by_role("link", name="Read its report").click()
    page.get_by_role("heading", name="Report").wait_for()
    page.get_by_text("predict nothing").first.wait_for()
    assert page.get_by_role("alert").count() == 0
