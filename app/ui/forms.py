"""The fields of `TrainingSpec` as widgets. A new field gets its widget from its type, range, title and description."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.ui import state
from mri_core import words
from mri_core.errors import InvalidInput
from mri_core.training.presets import PRESETS, make_spec
from mri_core.training.spec import TrainingSpec

_OPEN_GROUPS = 2
"""The network and how it learns are what most people change; the rest is folded up."""

_BOUNDS = {"exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below", "maximum": "at most"}


def spec_form(problems: DeltaGenerator) -> TrainingSpec | None:
    """Draw the preset and one widget a setting.

    problems: where the core's own message is shown while a setting is not allowed; the answer is None then.
    """
    preset = st.selectbox(
        "Preset",
        list(PRESETS),
        key="preset",
        on_change=state.next_turn,
        args=("preset",),
        persist_state="session",
        help="What we recommend, the study's configurations, and a linear floor. Choosing one fills in all settings "
        "below; change any of them afterwards.",
    )
    fill = state.turn("preset")
    values = {}
    properties = TrainingSpec.model_json_schema()["properties"].items()
    for number, (group, fields) in enumerate(groupby(properties, key=lambda field: field[1]["group"])):
        with st.expander(group, expanded=number < _OPEN_GROUPS):
            for name, property_ in fields:
                values[name] = _widget(property_, getattr(PRESETS[preset], name), key=f"{name} {fill}")
    try:
        return make_spec(preset, values)
    except InvalidInput as error:
        problems.error(str(error), icon=":material/error:")
        return None


def _widget(property_: dict[str, Any], value: Any, key: str) -> Any:
    """The widget for a field of the JSON schema. Ranges are explained here and checked by the core."""
    title = property_["title"]
    shared: dict[str, Any] = {"key": key, "persist_state": "session", "help": _explanation(property_)}
    match property_:
        case {"enum": options} | {"choices": options}:
            return st.selectbox(title, options, index=options.index(value), format_func=words.choice, **shared)
        case {"type": "boolean"}:
            return st.checkbox(title, value=value, **shared)
        case {"type": "integer"}:
            return st.number_input(title, value=value, step=1, format="%d", **shared)
        case {"type": "number"}:
            return st.number_input(title, value=value, step=value / 10 or 0.01, format="%g", **shared)
    return st.text_input(title, value=str(value), **shared)


def _explanation(property_: dict[str, Any]) -> str:
    bounds = [f"{name} {words.choice(property_[key])}" for key, name in _BOUNDS.items() if key in property_]
    return f"{property_['description']}\n\nAllowed: {', '.join(bounds)}." if bounds else property_["description"]
