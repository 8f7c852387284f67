"""What each process loads: looked into in fresh interpreters. The static rules are in test_layers.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
VIEWS = sorted(path.stem for path in (ROOT / "app" / "views").glob("*.py"))


def loaded_after(code: str) -> set[str]:
    """Top-level packages in sys.modules of a fresh interpreter after running `code`."""
    code += "\nimport sys; print('\\n', *{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(run.stdout.splitlines()[-1].split())


def test_the_web_process_never_loads_tensorflow(trained) -> None:
    walk = f"""
import io
from PIL import Image
from streamlit.testing.v1 import AppTest
at = AppTest.from_file({str(ROOT / "app" / "Home.py")!r}, default_timeout=60).run()
for view in {VIEWS!r}:
    at.switch_page(f"views/{{view}}.py").run()
    assert not at.exception, (view, at.exception)
    assert at.title, view
    if view == "predict":
        held = io.BytesIO()
        Image.new("L", (64, 64), 90).save(held, "PNG")
        at.get("file_uploader")[0].set_value([("grey.png", held.getvalue(), "image/png")]).run()
        assert not at.exception and not at.error
"""
    loaded = loaded_after(walk)
    assert "streamlit" in loaded and "onnxruntime" in loaded  # the walk went where models are loaded
    assert not loaded & {"tensorflow", "keras"}


def test_the_dask_worker_never_loads_tensorflow() -> None:
    code = "import distributed, mri_core.runs.daemon, mri_core.runs.supervise, mri_core.runs.engine"
    assert not loaded_after(code) & {"tensorflow", "keras"}


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("mri_core.training.spec", {"tensorflow", "keras", "mlflow", "distributed", "streamlit"}),
        ("mri_core.evaluation", {"tensorflow", "keras", "mlflow", "pandas", "sklearn"}),
        ("mri_core.cli", {"tensorflow", "keras", "mlflow", "distributed", "sklearn", "nilearn", "onnxruntime"}),
        ("mri_core.models", {"tensorflow", "keras"}),
    ],
)
def test_importing_costs_little(module: str, heavy: set[str]) -> None:
    assert not loaded_after(f"import {module}") & heavy
