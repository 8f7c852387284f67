"""What a cluster's settings say, and that the training worker acts upon them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from sqlalchemy import make_url

from mri_core.datasets.build import DatasetBuilder
from mri_core.errors import InvalidInput
from mri_core.runs.database import database_address, shown
from mri_core.runs.store import RunStore
from mri_core.settings import Settings, amounts
from mri_core.training.spec import TrainingSpec
from mri_core.training.worker import _training_data


@pytest.mark.parametrize(
    ("text", "resources"),
    [("", {}), ("GPU=1", {"GPU": 1.0}), ("MEMORY = 8e9, GPU=0.5,", {"GPU": 0.5, "MEMORY": 8e9})],
)
def test_resources_are_amounts(monkeypatch, text, resources):
    monkeypatch.setenv("MRI_RESOURCES", text)
    settings = Settings()
    assert amounts(settings.resources) == resources
    assert Settings.model_validate(settings.environment()).resources == settings.resources
    monkeypatch.delenv("MRI_RESOURCES")
    assert Settings().taking(text) == settings


@pytest.mark.parametrize("text", ["GPU", "GPU=", "GPU=one", "=1", "GPU=1;MEMORY=2", "GPU=-1", "GPU=1.2.3"])
def test_anything_else_is_refused(monkeypatch, text):
    monkeypatch.setenv("MRI_RESOURCES", text)
    refusal = r"resources \(MRI_RESOURCES\) are .*, expected amounts such as GPU=1"
    with pytest.raises(InvalidInput, match=refusal):
        Settings()
    monkeypatch.delenv("MRI_RESOURCES")
    with pytest.raises(InvalidInput, match=refusal):
        Settings().taking(text)


def test_a_worker_fetches_what_its_home_lacks_and_refuses_another(home, tmp_path):
    with DatasetBuilder(home, "demo", ("a",), (4, 4), 2) as builder:
        for split in ("train", "validation"):
            row = {"id": split, "patient": split, "split": split, "source": "", "position": None, "a": 1}
            builder.add(np.zeros((1, 4, 4), np.uint8), [row])
        dataset = builder.finish(False, {})
    place = tmp_path / "place"
    shutil.move(home.datasets, place)
    settings = home.model_copy(update={"datasets_url": place.as_uri()})
    spec = TrainingSpec()
    run = RunStore(settings).create(spec, dataset.name, dataset.fingerprint, dataset.label_names)
    other = RunStore(settings).create(spec, dataset.name, "0" * 32, dataset.label_names)
    with pytest.raises(InvalidInput, match="is another than the run was queued with"):
        _training_data(other, settings)
    assert _training_data(run, settings).folder == settings.datasets / dataset.name
    with pytest.raises(InvalidInput, match="has changed since this run was queued"):
        _training_data(other, settings)


def test_a_server_s_address_gets_a_driver_and_patience_and_is_shown_without_secrets():
    given = "postgresql://me:p%40ss@host:5/runs?connect_timeout=9&password=p%40ss"
    url = make_url(database_address(given))
    assert (url.drivername, url.password, url.host, url.port, url.database) == (
        "postgresql+psycopg2", "p@ss", "host", 5, "runs",
    )  # fmt: skip
    assert url.query["connect_timeout"] == "9" and int(url.query["tcp_user_timeout"]) < 25_000
    assert database_address("postgresql+psycopg://host/runs").startswith("postgresql+psycopg://host/runs?")
    assert database_address("sqlite:////a/b.db") == "sqlite:////a/b.db"
    assert shown(given) == "postgresql://me:***@host:5/runs?connect_timeout=9"
