"""Models are loaded in a few places only, all of which take what training or an export of ours has just written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOADERS = {
    *("load_model", "load_weights", "model_from_json", "deserialize", "from_saved_model", "import_graph_def"),
    *("InferenceSession", "Interpreter", "read_model", "compile_model"),
}
WHERE = {
    "mri_core/prediction/export.py": {"load_model"},  # of a run, by its hash
    "mri_core/prediction/predictor.py": {"InferenceSession"},  # of a run, by its hash
    "mri_core/prediction/last_features.py": {"InferenceSession", "onnx.load"},  # of a run whose predictor is loaded
    "mri_core/exporting/keras_file.py": {"load_model"},  # what was just exported
    "mri_core/exporting/onnx_file.py": {"InferenceSession"},
    "mri_core/exporting/litert_file.py": {"Interpreter", "from_saved_model"},
    "mri_core/exporting/openvino_file.py": {"compile_model"},
}


def loading(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in LOADERS:
                yield name
            elif name == "load" and isinstance(node.func, ast.Attribute) and ast.unparse(node.func) == "onnx.load":
                yield "onnx.load"


def test_models_are_loaded_nowhere_else() -> None:
    found = {}
    for folder in ("app", "mri_core"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "examples" not in path.parts and (calls := set(loading(ast.parse(path.read_text())))):
                found[path.relative_to(ROOT).as_posix()] = calls
    assert found == {path: calls for path, calls in WHERE.items() if path in found}
    assert {"load_model", "InferenceSession"} <= set().union(*found.values())
