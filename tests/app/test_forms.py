"""The form follows from `TrainingSpec`: a widget a field, presets filled in, the core's message for bad input."""

import pytest
from streamlit.testing.v1 import AppTest

from mri_core.training.presets import PRESETS, make_spec
from mri_core.training.spec import TrainingSpec


def form() -> AppTest:
    def page() -> None:
        import streamlit as st

        from app.ui.forms import spec_form

        spec = spec_form(st.container())
        st.code(spec.model_dump_json() if spec else "not allowed")

    return AppTest.from_function(page, default_timeout=30).run()


def spec_of(app: AppTest) -> TrainingSpec:
    return TrainingSpec.model_validate_json(app.code[0].value)


def widgets(app: AppTest) -> dict[str, object]:
    found = [*app.selectbox, *app.number_input, *app.checkbox, *app.text_input]
    return {widget.label: widget for widget in found}


def test_every_field_has_a_widget_with_its_title_and_explanation() -> None:
    found = widgets(form())
    for field in TrainingSpec.model_fields.values():
        assert found[field.title].help.startswith(field.description)
    assert len(found) == len(TrainingSpec.model_fields) + 1  # and the preset


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_fills_the_widgets(preset: str) -> None:
    app = form()
    app.selectbox(key="preset").set_value(preset).run()
    assert not app.exception
    assert spec_of(app) == PRESETS[preset]


def test_ranges_are_explained() -> None:
    assert "Allowed: above 0, at most 1." in widgets(form())["Learning rate"].help
    assert "at least 1" in widgets(form())["Batch size"].help


def test_the_learning_rate_is_written_as_a_decimal() -> None:
    rate = widgets(form())["Learning rate"]
    assert rate.value == PRESETS["recommended"].learning_rate
    assert rate.proto.format == "%g"


@pytest.mark.parametrize(
    ("title", "field", "value"),
    [("Learning rate", "learning_rate", -1.0), ("Batch size", "batch_size", 0), ("Epochs", "epochs", 10**9)],
)
def test_bad_input_shows_the_cores_own_message(title: str, field: str, value: float) -> None:
    app = form()
    widgets(app)[title].set_value(value).run()
    with pytest.raises(Exception, match=field) as caught:
        make_spec("cnn", {field: value})
    assert [error.value for error in app.error] == [str(caught.value)]
    assert app.code[0].value == "not allowed"
    widgets(app)[title].set_value(getattr(PRESETS["recommended"], field)).run()
    assert not app.error
    assert spec_of(app) == PRESETS["recommended"]


def test_changes_are_taken_and_the_preset_takes_them_back() -> None:
    app = form()
    widgets(app)["Flips"].select("vertical")
    widgets(app)["Flip only slices with a label"].check()
    widgets(app)["Learning rate"].set_value(0.00002).run()
    changes = {"flips": "vertical", "only_labelled": True, "learning_rate": 0.00002}
    assert spec_of(app) == make_spec("recommended", changes)
    app.selectbox(key="preset").set_value("dense").run()
    assert spec_of(app) == PRESETS["dense"]
    app.selectbox(key="preset").set_value("cnn").run()
    assert spec_of(app) == PRESETS["cnn"]
