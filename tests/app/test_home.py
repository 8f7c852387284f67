"""What all pages share: a setting that cannot be is said in a sentence, in place of any page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest


@pytest.mark.parametrize("page", ["overview", "predict"])
def test_a_limit_that_cannot_be_one_is_said(home, open_page: Callable[..., AppTest], monkeypatch, page: str) -> None:
    assert open_page(page).title
    monkeypatch.setenv("MRI_MAX_FILE_MB", "many")
    app = open_page(page)
    assert not app.exception and not app.title
    (said,) = [error.value.replace("\\", "") for error in app.error]
    assert said.startswith("MRI_MAX_FILE_MB is 'many', expected a whole number from 1 to 4,096;")
