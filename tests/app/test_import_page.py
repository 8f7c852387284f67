"""The Import page: what it previews is what the core finds, what it starts is the command, and its end is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import import_source, preview
from mri_core.settings import Settings

Open = Callable[..., AppTest]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder of twelve slices and a table in which a column is no label."""
    folder = tmp_path / "my study!"
    folder.mkdir()
    lines = ["image,patient,spot,age"]
    for number in range(12):
        Image.fromarray(np.full((16, 16), number, np.uint8)).save(folder / f"s{number}.png")
        lines.append(f"s{number}.png,p{number // 2},{number % 2},{30 + number}")
    (folder / "labels.csv").write_text("\n".join([*lines, "gone.png,p9,1,3"]))
    return folder


def texts(app: AppTest) -> str:
    kinds = (app.main.markdown, app.main.caption, app.main.error, app.main.warning, app.main.success)
    return "\n".join(each.value for kind in kinds for each in kind).replace("\\", "").replace("**", "")


def chosen(app: AppTest, place: Path, labels: tuple[str, ...] = ("spot",)) -> AppTest:
    app.get("button_group")[0].set_value("On this computer's disk").run()
    next(one for one in app.text_input if one.label == "Folder or file").set_value(str(place)).run()
    if labels:
        next(one for one in app.multiselect if one.label.startswith("Labels")).set_value(list(labels)).run()
    assert not app.exception
    return app


def button(app: AppTest, label: str):
    return next(one for one in app.button if one.label.startswith(label))


def test_at_first_it_says_what_can_be_imported(home, open_page: Open) -> None:
    app = open_page("importing")
    assert not app.exception and app.title[0].value == "Import"
    assert "a folder for each label set" in texts(app) and not app.button


def test_a_place_is_previewed_and_its_columns_can_be_mapped(home, open_page: Open, study: Path) -> None:
    app = chosen(open_page("importing"), study, labels=())
    assert "column 'age' holds" in texts(app) and button(app, "Import").disabled
    app = chosen(app, study)
    expected = preview(study, Choices(label_columns=("spot",)))
    assert "12 slices with 1 label, spot" in texts(app) and "1 row without a file" in texts(app)
    where, first = (each.value for each in app.main.dataframe[:2])
    assert where["Where"].tolist() == list(expected.mapping.values())
    assert first["id"].tolist() == [row["id"] for row in expected.rows]
    assert next(one for one in app.text_input if one.label == "Name of the data set").value == "my study"
    assert not button(app, "Import 12 slices").disabled


def test_the_button_starts_the_command_and_its_end_is_shown(
    home: Settings, open_page: Open, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple] = []
    monkeypatch.setattr("mri_core.datasets.making.start_making", lambda *call: started.append(call))
    app = chosen(open_page("importing"), study)
    button(app, "Import 12 slices").click().run()
    ((_, name, command),) = started
    assert name == "my study" and app.query_params["making"] == "my study"
    assert command[:2] == ["import", str(study)] and command[command.index("--label-columns") + 1] == "spot"
    assert Path(command[command.index("--report") + 1]).parent == home.datasets

    done = import_source(home, name, study, Choices(label_columns=("spot",)))
    document = {"name": name, "summary": done.summary.to_json()}
    (home.datasets / f".{name}.log").write_text(f"process 1 0.0\n{json.dumps(document, indent=1)}\n")
    app.run()
    assert "my study is made of 12 slices; 1 row without a file." in texts(app)
    table = next(each.value for each in app.main.dataframe if "Wanted: all slices" in each.value)
    assert table["Label"].tolist() == ["spot", "no finding"] and table["Wanted: all slices"][0] == "50.0 %"
    assert "Check its quality" in [link.value for link in app.main.page_link]
    assert "There is a data set" not in texts(app) and button(app, "Import 12 slices").disabled


def test_an_import_that_failed_says_why_and_keeps_the_choices(home, open_page: Open, study: Path) -> None:
    home.datasets.mkdir(parents=True)
    (home.datasets / ".mine.log").write_text("process 1 0.0\nerror: the disk is full; make *room*\n")
    app = chosen(open_page("importing", making="mine"), study)
    assert "mine was not made: the disk is full; make *room*" in texts(app)
    assert not button(app, "Import 12 slices").disabled


@pytest.mark.parametrize(
    ("making", "said"), [("../../etc/passwd", ["'../../etc/passwd' cannot name a data set"]), ("nobody", [])]
)
def test_an_address_that_names_nothing_does_no_harm(home, open_page: Open, making: str, said: list[str]) -> None:
    app = open_page("importing", making=making)
    assert not app.exception and not app.success and len(app.file_uploader) == 2
    assert [error.value.replace("\\", "").split(";")[0] for error in app.error] == said


def test_a_taken_name_is_said(trained, open_page: Open, study: Path) -> None:
    app = chosen(open_page("importing"), study)
    next(one for one in app.text_input if one.label == "Name of the data set").set_value("demo").run()
    assert "There is a data set demo already" in texts(app) and button(app, "Import 12 slices").disabled


def test_a_place_that_is_not_there_is_said(home, open_page: Open, tmp_path: Path) -> None:
    app = chosen(open_page("importing"), tmp_path / "nowhere", labels=())
    assert "is not a folder or a file" in texts(app)


def test_an_upload_is_kept_and_previewed(home: Settings, open_page: Open) -> None:
    import io

    held = io.BytesIO()
    images = np.zeros((9, 8, 8), np.uint8)
    np.savez(held, train_images=images, train_labels=np.eye(9, 2), test_images=images, test_labels=np.eye(9, 2))
    app = open_page("importing")
    app = app.get("file_uploader")[0].set_value([("arrays.npz", held.getvalue(), "application/zip")]).run()
    assert not app.exception and "18 slices with 2 labels" in texts(app)
    assert len(list((home.root / "uploads").iterdir())) == 1
