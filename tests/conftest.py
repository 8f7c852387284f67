"""Homes that tests run in: an empty one, and a small trained one that is made once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit import config
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner

from mri_core.datasets.dataset import open_dataset
from mri_core.datasets.demo.generate import make_demo
from mri_core.locking import locked
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import make_spec

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Begun in the background by a shell, whose children would be deaf to Ctrl-C, and theirs too.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Trained:
    """A home with the data set "demo" (300 slices) and one finished run of the dense network."""

    settings: Settings
    run_id: str


@pytest.fixture(scope="session", autouse=True)
def _pages_cost_what_they_do_in_a_server() -> Iterator[None]:
    """What Streamlit does once in a server's life, or never there, it does for each page that AppTest opens."""
    found = manifest_scanner.scan_component_manifests()
    config.set_option("server.fileWatcherType", "none")  # secrets are watched for each page, in threads that stay
    config.set_option("runner.postScriptGC", False)  # as .streamlit/config.toml has it, which tests' homes do not
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda *_, **__: found)
        # Has Keras forget everything, where it is loaded: by tests of this process, but by no server.
        patch.setattr(script_runner, "_clean_problem_modules", lambda: None)
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An empty home, which the environment names too."""
    return _use(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run database without runs, to be copied: MLflow takes seconds to make one."""
    settings = Settings(home=tmp_path_factory.mktemp("empty"), tracking_uri="", scheduler="")
    assert RunStore(settings).list() == ()
    return settings.root / "mlflow.db"


@pytest.fixture(scope="session")
def _trained_home(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Made by the first of the test processes that needs it, for all of them."""
    shared = tmp_path_factory.getbasetemp()
    folder = (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / "trained-home"
    settings = Settings(home=folder, tracking_uri=f"sqlite:///{folder / 'mlflow.db'}", scheduler="")
    with locked(folder.with_suffix(".lock")):
        trained = folder.with_suffix(".run")
        if not trained.exists():
            trained.write_text(_train(settings))
    return Trained(settings, trained.read_text())


def _train(settings: Settings) -> str:
    make_demo(settings, slices=300)
    dataset = open_dataset("demo", settings)
    spec = make_spec("dense-adam", {"epochs": 3, "flips": "none"})
    run = RunStore(settings).create(spec, dataset.name, dataset.fingerprint, dataset.label_names)
    command = [sys.executable, "-m", "mri_core.training.worker", run.id]
    subprocess.run(command, env=os.environ | settings.environment(), check=True, capture_output=True)
    return run.id


@pytest.fixture
def trained(_trained_home: Trained, monkeypatch: pytest.MonkeyPatch) -> Trained:
    """The trained home, which the environment names too. Tests leave it as it is."""
    _use(_trained_home.settings.root, monkeypatch)
    return _trained_home


def _use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MRI_HOME", str(folder))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MRI_SCHEDULER", raising=False)
    monkeypatch.chdir(folder)
    return Settings()
