"""The rules of ARCHITECTURE.md about who imports whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

ROOMS = (
    (
        "mri_core.errors",
        "mri_core.settings",
        "mri_core.replacing",
        "mri_core.locking",
        "mri_core.words",
        "mri_core.versions",
        "mri_core.csv_text",
    ),
    ("mri_core.images",),
    ("mri_core.datasets",),
    ("mri_core.embedding",),
    (
        "mri_core.augmentation",
        "mri_core.models",
        "mri_core.evaluation",
        "mri_core.training.spec",
        "mri_core.training.presets",
    ),
    ("mri_core.quality",),
    ("mri_core.training.plan",),
    ("mri_core.runs",),
    ("mri_core.prediction",),
    ("mri_core.training",),
    ("mri_core.charts",),
    ("mri_core.documents", "mri_core.exporting"),
    ("mri_core.reproduction", "mri_core.bench", "mri_core.card", "mri_core.serving"),
    ("mri_core.cli", "mri_core.__main__"),
    ("app",),
)
"""Each room imports only from itself and from rooms before it."""

VIEWS = sorted(path.stem for path in (ROOT / "app" / "views").glob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Modules of ours that a file imports, and whether at its top level (a circle there would not load)."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = (ROOT / Path(*inner.split("."))).with_suffix(".py").exists()
                yield inner if is_module else node.module, id(node) in top
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in top


def room(module: str) -> int:
    """The most specific room that holds a module."""
    fitting = [
        (len(name), number)
        for number, names in enumerate(ROOMS)
        for name in names
        if module == name or module.startswith(name + ".")
    ]
    assert fitting, f"{module} belongs to no room of ROOMS"
    return max(fitting)[1]


SOURCES = sorted(path for folder in ("mri_core", "app") for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_imports_run_downwards(path: Path) -> None:
    module = module_name(path)
    if module == "mri_core":
        return
    for imported, _ in imports(path):
        if imported.startswith(("mri_core.", "app.")):
            assert room(imported) <= room(module), f"{module} imports {imported}, which comes later"


def test_modules_form_no_circle() -> None:
    graph = {
        module_name(path): {name for name, top in imports(path) if top and name.startswith(("mri_core", "app"))}
        for path in SOURCES
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, f"circle: {' -> '.join((*trail, module))}"
        if module not in done:
            for imported in sorted(graph.get(module, ())):
                if imported != module:
                    visit(imported, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", [p for p in SOURCES if "mri_core" in p.parts], ids=module_name)
def test_the_core_knows_no_streamlit(path: Path) -> None:
    assert not [name for name, _ in imports(path) if name.split(".")[0] in ("streamlit", "app")]


@pytest.mark.parametrize("view", VIEWS)
def test_views_draw_and_decide_nothing(view: str) -> None:
    path = ROOT / "app" / "views" / f"{view}.py"
    forbidden = {"numpy", "pandas", "pathlib", "os", "io", "tensorflow", "keras", "mlflow", "shutil", "subprocess"}
    assert not forbidden & {name.split(".")[0] for name, _ in imports(path)}
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None and ast.unparse(node.type) not in ("Exception", "BaseException")
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("session_state", "cache_data", "cache_resource"), f"line {node.lineno}"
        if isinstance(node, ast.keyword):
            assert node.arg != "unsafe_allow_html"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "open"
