"""Exporting a run's model: written in another format and compared with Keras, or not written at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mri_core.datasets.dataset import Dataset
from mri_core.datasets.gather import gather
from mri_core.errors import InvalidInput, NotFound, StorageError
from mri_core.evaluation.calibration import calibrated
from mri_core.exporting import FORMATS, FileFormat
from mri_core.exporting.file_format import facts
from mri_core.images.prepare import with_channels
from mri_core.prediction.model_file import ModelDescription, read_description

VERIFIED = 500
"""Slices on which the exported model is compared with Keras."""
EXAMPLES = Path(__file__).with_name("examples")

_BATCH = 32


@dataclass(frozen=True)
class Exported:
    """files: what was written, the model first. takes: (H, W, C) of the slices it takes.

    difference: the largest between its probabilities and Keras's, on so many slices; of_noise: whether these were
    random pixels, because the run's own are gone.
    """

    files: tuple[Path, ...]
    takes: tuple[int, ...]
    difference: float
    slices: int
    of_noise: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "file": str(self.files[0]),
            "files": [str(file) for file in self.files],
            "difference": self.difference,
            "slices": self.slices,
            "of_noise": self.of_noise,
        }


def export_model(folder: Path, format_name: str, out: Path, dataset: Dataset | None, example: bool = False) -> Exported:
    """Write the model of the run kept in `folder` to `out`, calibrated as it is now.

    dataset: the run's, whose validation slices it is verified on; random pixels when None. example: also write a script
    beside it that predicts with it and needs nothing of this program.
    Raises NotFound where the run has no model, InvalidInput for a format or suffix that is not expected, StorageError
    when the disk refuses; what was at `out` stays then.
    """
    if format_name not in FORMATS:
        raise NotFound(f"there is no format '{format_name}'; expected one of {', '.join(FORMATS)}")
    kind = FORMATS[format_name]
    if out.is_dir():
        raise InvalidInput(f"{out} is a directory; expected a file such as {out / ('model' + kind.suffix)}")
    if out.suffix != kind.suffix:
        raise InvalidInput(f"a model in {kind.title} should be called {out.stem}{kind.suffix}, and not {out.name}")
    kind.check_installed()
    description = read_description(folder)
    slices = _slices(description, dataset)
    try:
        with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=".export-") as beside:
            files, difference = _written(folder, description, kind, Path(beside) / out.name, slices)
            if example:
                files = (*files, Path(shutil.copy(EXAMPLES / f"with_{format_name}.py", Path(beside) / _script(out))))
            final = tuple(Path(shutil.move(file, out.parent / file.name)) for file in files)
    except OSError as error:
        raise StorageError(f"cannot write {out}: {error.strerror or error}; choose another place") from error
    return Exported(final, slices.shape[1:], difference, len(slices), dataset is None)


def _written(
    folder: Path, description: ModelDescription, kind: FileFormat, out: Path, slices: np.ndarray
) -> tuple[tuple[Path, ...], float]:
    from mri_core.exporting.calibrated_model import calibrated_model
    from mri_core.prediction.export import load_keras

    model = load_keras(folder)
    labels, calibration = description.labels, description.calibration
    files = kind.write(calibrated_model(model, labels, calibration), facts(description), out)
    differences = [
        np.abs(kind.answers(out, part) - calibrated(np.asarray(model(part, training=False)), labels, calibration)).max()
        for part in _batches(slices)
    ]
    return files, float(max(differences))


def _slices(description: ModelDescription, dataset: Dataset | None) -> np.ndarray:
    """(n, H, W, C) uint8 to compare on."""
    if dataset is not None and len(rows := dataset.rows("validation")[:VERIFIED]):
        return with_channels(gather(dataset.pixels, rows))
    shape = (VERIFIED, *description.image_shape)
    return with_channels(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


def _batches(slices: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(slices), _BATCH):
        yield np.ascontiguousarray(slices[start : start + _BATCH])


def _script(out: Path) -> str:
    return f"predict_with_{out.stem}.py"
