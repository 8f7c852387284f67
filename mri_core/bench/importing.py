"""Importing a folder of PNG files, against a bare loop that decodes and stacks them."""

from __future__ import annotations

import shutil
from pathlib import Path

from mri_core.bench.pairs import SECONDS, Reading, compare, interleave
from mri_core.bench.record import Measurement
from mri_core.bench.session import Bench
from mri_core.datasets.dataset import Dataset

_FOLDER, _TABLE, _NAME = "files", "labels.csv", "imported"


def importing(bench: Bench) -> list[Measurement]:
    """Whole processes, from start to end: `mri import`, and a loop over Pillow's decoder that keeps the pixels."""
    files = bench.sizes.files
    folder = bench.settings.root / _FOLDER
    write_files(bench.demo(), folder, files)
    command = ("-m", "mri_core", "import", folder, "--name", _NAME, "--labels", folder / _TABLE, "--json")

    def ours() -> Reading:
        shutil.rmtree(bench.settings.datasets / _NAME, ignore_errors=True)
        return {"seconds": bench.run(*command)["seconds"]}

    def pillow() -> Reading:
        return {"seconds": bench.run(bench.peer("pillow_loop.py"), folder, folder / _TABLE)["seconds"]}

    taken = interleave({"ours": ours, "pillow": pillow}, bench.repeats, bench.advance)
    shutil.rmtree(folder)
    shutil.rmtree(bench.settings.datasets / _NAME, ignore_errors=True)
    title = f"import of {files:,} PNG files"
    return [compare(title, SECONDS, taken["ours"], "bare Pillow loop", taken["pillow"])]


def write_files(dataset: Dataset, folder: Path, files: int) -> None:
    """Slices of a data set as PNG files, again from the first when there are too few, and a table of their labels."""
    from PIL import Image

    folder.mkdir()
    index = dataset.index
    lines = [",".join(("file", "patient", *dataset.label_names))]
    for number in range(files):
        row = number % len(index)
        Image.fromarray(dataset.pixels[row]).save(folder / f"{number:06d}.png")
        labels = map(str, dataset.truth[row])
        lines.append(",".join((f"{number:06d}.png", str(index["patient"].iat[row]), *labels)))
    (folder / _TABLE).write_text("\n".join(lines))
