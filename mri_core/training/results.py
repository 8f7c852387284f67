"""What a training leaves in its run's folder: the model, its export, probabilities, and what its slices look like."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mri_core.datasets.dataset import Dataset
from mri_core.datasets.gather import gather
from mri_core.errors import MriError
from mri_core.runs.run import Run
from mri_core.training.process import log

if TYPE_CHECKING:
    import keras

VERIFIED_SLICES = 500


def save_results(model: keras.Model, dataset: Dataset, run: Run, allowed: Callable[[], None]) -> str | None:
    """Store the model, its export and the probabilities for the slices it never learnt from in the run's folder.

    allowed: asked before each file takes its place; raises where the run has gone on without this process.
    Returns a sentence when the exported model's answers differ from Keras's by more than they may, else None.
    """
    from mri_core.evaluation.predictions import LEFT_OUT, Predictions, save_predictions
    from mri_core.prediction.export import LARGEST_DIFFERENCE, save_model, verify
    from mri_core.prediction.model_file import ModelDescription, write_description
    from mri_core.training.inference import compile_inference, predict
    from mri_core.training.parts import learnt_and_left_out

    infer = compile_inference(model)
    _, left_out = learnt_and_left_out(dataset, run.spec)
    splits = {}
    for split, rows in (
        ("validation", dataset.rows("validation")),
        ("test", dataset.rows("test")),
        (LEFT_OUT, left_out),
    ):
        if len(rows):
            ids = dataset.columns("id")["id"].to_numpy(dtype=str)[rows]
            splits[split] = Predictions(ids, dataset.truth[rows], predict(infer, dataset, rows), dataset.label_names)
    allowed()
    save_predictions(run.folder, splits)
    description = ModelDescription(
        run=run.id,
        dataset={"name": dataset.name, "fingerprint": dataset.fingerprint},
        labels=dataset.label_names,
        thresholds=dict.fromkeys(dataset.label_names, 0.5),
        image_shape=dataset.image_shape,
        onnx_difference=0.0,
        preprocessing=dataset.header.preprocessing,
    )
    description = save_model(model, run.folder, description, allowed)
    rows = dataset.rows("validation")[:VERIFIED_SLICES]
    difference = verify(run.folder, gather(dataset.pixels, rows), predict(infer, dataset, rows))
    allowed()
    write_description(run.folder, description.model_copy(update={"onnx_difference": difference}))
    log(f"exported to ONNX: largest difference to Keras {difference:.1e} on {len(rows)} slices")
    if difference > LARGEST_DIFFERENCE:
        return (
            f"the exported model's probabilities differ from Keras's by up to {difference:.1e}, "
            f"expected at most {LARGEST_DIFFERENCE:.0e}; do not rely on its predictions"
        )
    return None


def keep_reference(dataset: Dataset, run: Run, allowed: Callable[[], None]) -> None:
    """Keep beside the model what its training slices look like, with which it is asked when not to believe it.

    A model without is whole, so what stands against it is only logged, but for a disk that refuses: once there is room
    the run can be resumed. allowed: see `save_results`.
    """
    from mri_core.prediction.predictor import load_predictor
    from mri_core.prediction.reference import save_reference
    from mri_core.prediction.reference_fit import make_reference

    try:
        reference = make_reference(dataset, run.spec, load_predictor(run.folder).outputs)
    except MriError as error:
        log(f"new slices will not be compared with the training slices: {error}")
    else:
        allowed()
        save_reference(run.folder, reference)
