"""Prediction of one slice and of a batch, against ONNX Runtime called raw and Keras."""

from __future__ import annotations

from mri_core.bench.pairs import Quantity, compare, interleave
from mri_core.bench.record import Goal, Measurement
from mri_core.bench.session import Bench
from mri_core.bench.trained import trained_run

BATCH = 256
PEERS = {"onnx": "ONNX Runtime, raw", "predict": "Keras `model.predict`", "call": "Keras `model(x)`"}


def predicting(bench: Bench) -> list[Measurement]:
    """The median call of each process. Keras' CNN is the plain script's, which takes as long as a trained one."""
    run = trained_run(bench)
    sizes = (bench.demo().folder / "slices.npy", BATCH, bench.sizes.calls)
    keras = bench.peer("keras_predict.py")
    sides = {
        "ours": lambda: bench.run("-m", "mri_core.bench.our_prediction", run.folder, *sizes),
        "onnx": lambda: bench.run(bench.peer("onnx_raw.py"), run.folder / "model.onnx", *sizes),
        "predict": lambda: bench.run(keras, "predict", *sizes),
        "call": lambda: bench.run(keras, "call", *sizes),
    }
    taken = interleave(sides, bench.repeats, bench.advance)
    found = []
    for title, key, goals in (
        ("prediction of one slice", "one", (Goal("ours", 1),)),
        (f"prediction of {BATCH} slices", "batch", ()),
    ):
        for side, peer in PEERS.items():
            found.append(compare(title, Quantity(key, "ms", "less"), taken["ours"], peer, taken[side], goals))
    return found
