"""A home in which everything that people name is an attack: on a spreadsheet, on a page, on a chart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from ended_runs import add_run
from google.protobuf.message import Message
from mlflow.tracking import MlflowClient
from streamlit.testing.v1 import AppTest

from mri_core.prediction.model_file import MODEL_JSON
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

HOME = Path(__file__).parents[2] / "app" / "Home.py"

ELEMENT = "<img src=x onerror=window.flag=1><xss-a onx=1>"
LINK = "[l](https://evil.example)![i](https://evil.example/i.png):material/delete: :red[r] $x^2$"
LABELS = (
    f"=1+1 {ELEMENT}</script><script>window.flag=1</script>",
    f"@SUM(1) {LINK} {{{{7*7}}}}",
    f"-1+1 {ELEMENT}<!--",
)
PATIENT, SLICE, RUN = f"+{ELEMENT}{LINK} ", f"-{ELEMENT}{LINK} ", f"={ELEMENT}{LINK} "


def make_hostile(settings: Settings, run_id: str) -> str:
    """Rename labels, slices, patients and runs of a trained home, and add a second run. Returns that one's id."""
    folder = settings.datasets / "demo"
    header = json.loads((folder / "dataset.json").read_text())
    renamed = dict(zip(header["label_names"], LABELS, strict=True))
    # Made at another time: pages keep what they know of the set that it is a copy of.
    changed = {"label_names": LABELS, "created": datetime.now(UTC).isoformat()}
    (folder / "dataset.json").write_text(json.dumps(header | changed))
    index = pd.read_parquet(folder / "index.parquet").rename(columns=renamed)
    index["id"], index["patient"], index["source"] = SLICE + index["id"], PATIENT + index["patient"], SLICE
    index.to_parquet(folder / "index.parquet", index=False)

    run = settings.runs / run_id
    model = json.loads((run / MODEL_JSON).read_text())
    thresholds = {renamed[name]: value for name, value in model["thresholds"].items()}
    (run / MODEL_JSON).write_text(json.dumps(model | {"labels": LABELS, "thresholds": thresholds}))
    stored = pd.read_parquet(run / "predictions.parquet")
    stored["id"] = SLICE + stored["id"]
    columns = {
        name: "/".join([kind, renamed[label]]) for name in stored for kind, _, label in [name.partition("/")] if label
    }
    stored.rename(columns=columns).to_parquet(run / "predictions.parquet", index=False)

    client = MlflowClient(settings.tracking_uri)
    client.set_tag(run_id, "mri.labels", json.dumps(LABELS))
    client.update_run(run_id, name=f"{RUN}1")
    second = add_run(RunStore(settings), run_id, gain=-0.3, batch_size=32)
    client.update_run(second.id, name=f"{RUN}2")
    return second.id


def copied(home: Path, folder: Path) -> Settings:
    """A copy of a home, to be changed."""
    shutil.copytree(home, folder)
    return Settings(home=folder, tracking_uri=f"sqlite:///{folder / 'mlflow.db'}", scheduler="")


def open_page(name: str, **address: str | list[str]) -> AppTest:
    app = AppTest.from_file(str(HOME), default_timeout=60)
    app.switch_page(f"views/{name}.py")
    app.query_params.update(address)
    return app.run()


def protos(app: AppTest) -> Iterator[Message]:
    """What the browser is sent: every element and block of a page."""
    waiting = [*app._tree.children.values()]
    while waiting:
        node = waiting.pop()
        waiting += getattr(node, "children", {}).values()
        if isinstance(getattr(node, "proto", None), Message):
            yield node.proto


def texts(message: Message, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a message with its place there, such as `Button.label`."""
    path = path or type(message).__name__
    for field, value in message.ListFields():
        place = f"{path}.{field.name}"
        for one in (
            value if isinstance(value, (list, tuple)) or hasattr(value, "add") or hasattr(value, "append") else [value]
        ):
            if isinstance(one, Message):
                yield from texts(one, place)
            elif isinstance(one, str):
                yield place, one
