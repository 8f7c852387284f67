"""What the source never does: run or load what may have been written by a stranger, or send HTML of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("app", "mri_core") for path in (ROOT / folder).rglob("*.py"))
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml", "torch", "xml", "lxml"}
CALLS = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {
    "html": "HTML of our own",
    "iframe": "HTML of our own",
    "components": "HTML of our own",
    "system": "a shell",
    "popen": "a shell",
    "read_pickle": "pickles",
    "to_pickle": "pickles",
}
CSV = {"mri_core/csv_text.py", "mri_core/datasets/index_blocks.py"}
"""Where pandas writes CSV: in the one place for it, and into a fingerprint that nobody sees."""


def faults(tree: ast.AST, name: str = "module.py") -> Iterator[str]:
    """What of the above a file does, with its lines."""
    for node in ast.walk(tree):
        found = ""
        if isinstance(node, ast.Import | ast.ImportFrom):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found = ", ".join(one for one in named if one.split(".")[0] in MODULES)
        elif isinstance(node, ast.Call):
            found = _of_call(node, name)
        elif (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("st", "os", "pd")
        ):
            found = ATTRIBUTES.get(node.attr, "")
        elif isinstance(node, ast.keyword) and node.arg in ("unsafe_allow_html", "unsafe_allow_javascript", "shell"):
            found = node.arg
        if found:
            yield f"{name}:{getattr(node, 'lineno', 0)}: {found}"


def _of_call(node: ast.Call, name: str) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id if node.func.id in CALLS else ""
    if not isinstance(node.func, ast.Attribute):
        return ""
    called, given = ast.unparse(node.func), {one.arg: ast.unparse(one.value) for one in node.keywords}
    if node.func.attr == "to_csv" and name not in CSV:
        return "CSV that is not made by csv_text"
    if called in ("np.load", "numpy.load") and given.get("allow_pickle", "False") != "False":
        return f"{called} of pickles"
    if node.func.attr == "load_model" and given.get("safe_mode", "True") != "True":
        return "a model loaded without safe_mode"
    return ""


def test_nothing_of_that_is_done() -> None:
    assert len(SOURCES) > 200
    assert not [
        fault for path in SOURCES for fault in faults(ast.parse(path.read_text()), path.relative_to(ROOT).as_posix())
    ]


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from yaml import load",
        "import torch.nn",
        "eval('1')",
        "st.markdown('x', unsafe_allow_html=True)",
        "st.html('x')",
        "np.load(file, allow_pickle=True)",
        "pd.read_pickle(file)",
        "table.to_csv()",
        "keras.models.load_model(file, safe_mode=False)",
        "subprocess.run(command, shell=True)",
    ],
)
def test_it_would_be_found(source: str) -> None:
    assert list(faults(ast.parse(source)))
