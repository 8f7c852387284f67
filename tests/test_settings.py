from __future__ import annotations

import pytest

from mri_core.errors import StorageError
from mri_core.settings import DEFAULT_HOME, Settings, make_folder, present_settings


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    for name in ("MRI_HOME", "MLFLOW_TRACKING_URI", "MRI_SCHEDULER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults():
    settings = Settings()
    assert settings.root == DEFAULT_HOME and settings.root.name == "data" and settings.scheduler == ""
    assert settings.tracking_uri == f"sqlite:///{settings.root / 'mlflow.db'}"
    assert settings.datasets == settings.root / "datasets" and settings.runs == settings.root / "runs"


def test_the_environment_and_then_the_env_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("MRI_HOME=from-file\nMRI_SCHEDULER=tls://host:8786\nUNRELATED=1\n")
    assert Settings().root == tmp_path / "from-file" and Settings().scheduler == "tls://host:8786"
    monkeypatch.setenv("MRI_HOME", "~/elsewhere")
    assert Settings().root.name == "elsewhere" and Settings().root.is_absolute()
    monkeypatch.setenv("MRI_HOME", "")
    assert Settings().root == tmp_path / "from-file"


def test_a_child_process_sees_the_same(monkeypatch, tmp_path):
    settings = Settings(home=tmp_path / "home", scheduler="tls://host:1")
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    child = Settings()
    assert (child.root, child.tracking_uri, child.scheduler) == (
        settings.root, settings.tracking_uri, settings.scheduler,
    )  # fmt: skip


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot create .*file/inner: .*; set MRI_HOME to a directory"):
        make_folder(tmp_path / "file" / "inner")


def test_the_present_settings_follow_every_variable(monkeypatch, tmp_path):
    given = {
        "MRI_HOME": str(tmp_path / "home"),
        "MLFLOW_TRACKING_URI": "http://host",
        "MRI_SCHEDULER": "tls://host:8786",
        "MRI_SLOTS": "3",
        "MRI_THREADS": "2",
        "MRI_DATASETS_URL": "https://host/sets",
        "MRI_RESOURCES": "GPU=1",
    }
    assert present_settings() == Settings() and present_settings() is present_settings()
    for name, value in given.items():
        before = present_settings()
        monkeypatch.setenv(name, value)
        assert present_settings() == Settings() != before
    assert len(given) == len(Settings.model_fields)
