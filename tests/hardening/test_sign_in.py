"""Signing in: off until it is set up; then no page is seen without it, and what cannot be read lets nobody in."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from hardening_support import HOME
from streamlit import config
from streamlit.errors import StreamlitAuthError
from streamlit.testing.v1 import AppTest

from app.ui import exposure, sign_in
from mri_core.errors import InvalidInput

PAGES = ("overview", "importing", "train", "report", "predict")
KNOWN = {"is_logged_in": True, "email": "Ada@Example.org"}

Opened = Callable[..., AppTest]


@pytest.fixture
def opened(home) -> Opened:
    """Opens a page as somebody, with secrets that were read."""

    def opened(page: str = "overview", user: dict | None = None, secrets: dict | None = None) -> AppTest:
        app = AppTest.from_file(str(HOME), default_timeout=60)
        app.switch_page(f"views/{page}.py")
        app.user, app.secrets = user or {}, secrets or {}
        return app.run()

    return opened


class Secrets(dict):
    """Secrets that were read."""

    def load_if_toml_exists(self) -> bool:
        return True


def visit(monkeypatch, user: dict, secrets: dict) -> None:
    """Be somebody, without a page."""
    monkeypatch.setattr(sign_in, "st", SimpleNamespace(user=user, secrets=Secrets(secrets)))


def titles(app: AppTest) -> list[str]:
    return [each.value for each in app.title]


def buttons(app: AppTest) -> list[str]:
    return [each.label for each in (*app.main.button, *app.sidebar.button)]


def test_nobody_signs_in_where_it_is_not_set_up(opened: Opened) -> None:
    app = opened()
    assert not app.exception and titles(app) == ["MRI slices"]
    assert not {"Sign in", "Sign out"} & set(buttons(app))


@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_seen_without_signing_in(opened: Opened, page: str) -> None:
    app = opened(page, user={"is_logged_in": False})
    assert not app.exception and titles(app) == ["Sign in"] and buttons(app) == ["Sign in"]
    assert not app.sidebar.selectbox and not app.get("page_link") and not app.get("file_uploader")


def test_whoever_has_signed_in_sees_pages_and_the_way_out(opened: Opened) -> None:
    app = opened(user=KNOWN)
    assert not app.exception and titles(app) != ["Sign in"] and "Sign out" in buttons(app)
    (said,) = [each.value.replace("\\", "") for each in app.sidebar.caption]
    assert said == "Signed in as Ada@\u2060Example.org"  # else it would be a link that writes a letter
    next(each for each in app.sidebar.button if each.label == "Sign out").click()
    app.run()
    assert titles(app) == ["Sign in"] and buttons(app) == ["Sign in"]


@pytest.mark.parametrize(
    ("user", "emails", "welcome"),
    [
        (KNOWN, ["ada@example.org"], True),
        (KNOWN | {"email_verified": True}, ["x@y", "ADA@example.org"], True),
        (KNOWN | {"email_verified": False}, ["ada@example.org"], False),
        (KNOWN | {"email_verified": "false"}, ["ada@example.org"], False),
        (KNOWN, ["eve@example.org"], False),
        (KNOWN, [], False),
        ({"is_logged_in": True, "name": "Ada"}, ["ada@example.org"], False),
        ({"is_logged_in": True, "email": None}, ["none", ""], False),
        ({"is_logged_in": False, "email": "ada@example.org"}, ["ada@example.org"], False),
    ],
)
def test_only_those_on_the_list_come_in(monkeypatch, user: dict, emails: list[str], welcome: bool) -> None:
    visit(monkeypatch, user, {"access": {"emails": emails}})
    assert sign_in.allowed() == welcome


def test_who_is_not_on_the_list_is_told_so(opened: Opened) -> None:
    app = opened(user=KNOWN, secrets={"access": {"emails": ["eve@example.org"]}})
    assert not app.exception and titles(app) == ["Sign in"] and buttons(app) == ["Sign out"]
    assert "Ada@\u2060Example.org is not among those" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize("access", [{}, {"emails": "ada@example.org"}, {"emails": [1]}, {"mails": ["ada@example.org"]}])
def test_a_list_that_is_none_lets_nobody_in(monkeypatch, access: dict) -> None:
    visit(monkeypatch, KNOWN, {"access": access})
    with pytest.raises(InvalidInput, match="no list of addresses"):
        sign_in.allowed()


@pytest.mark.parametrize(
    ("text", "told"), [("no toml [", "cannot be read"), ('[access]\nemails = ["a"]', "without [auth]")]
)
def test_secrets_that_cannot_be_right_let_nobody_in(opened: Opened, home, text: str, told: str) -> None:
    file = home.root / "secrets.toml"
    file.write_text(text)
    before = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(file)])
    st.secrets._reset()
    try:
        app = opened("report")
    finally:
        config.set_option("secrets.files", before)
        st.secrets._reset()
    assert not app.exception and not titles(app) and told in app.error[0].value.replace("\\", "")


def test_what_is_missing_for_signing_in_is_said(opened: Opened, monkeypatch) -> None:
    def login() -> None:
        raise StreamlitAuthError("no provider")

    monkeypatch.setattr(st, "login", login)
    app = opened(user={"is_logged_in": False})
    app.button[0].click().run()
    assert not app.exception and "signing in is not set up: no provider" in app.error[0].value.replace("\\", "")


@pytest.fixture
def listening():
    """Has this process listen at an address."""
    with socket.socket() as door:
        exposure.open_addresses.cache_clear()
        exposure._log.cache_clear()

        def listen(address: str) -> None:
            door.bind((address, 0))
            door.listen()

        yield listen
    exposure.open_addresses.cache_clear()


def test_listening_to_others_without_sign_in_is_warned_of(opened: Opened, listening, capfd) -> None:
    listening("0.0.0.0")
    for page in ("overview", "predict"):
        warning = opened(page).warning[0].value
        assert "Whoever reaches this port" in warning and "Without TLS" in warning and "SECURITY.md" in warning
    told = [line for line in capfd.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert len(told) == 1 and told[0].startswith("warning: listening at 0.0.0.0 without sign-in.")
    assert not opened(user=KNOWN).warning


@pytest.mark.parametrize(("address", "ways"), [("127.0.0.1", ["Upload", "On this computer's disk"]), ("0.0.0.0", [])])
def test_others_do_not_choose_from_this_computers_disk(
    opened: Opened, listening, address: str, ways: list[str]
) -> None:
    listening(address)
    app = opened("importing", user=KNOWN)
    assert not app.exception and titles(app) == ["Import"] and len(app.file_uploader) == 2
    assert [option for group in app.main.get("button_group") for option in group.options] == ways


def test_listening_to_this_computer_is_not(opened: Opened, listening, capfd) -> None:
    listening("127.0.0.1")
    assert not opened().warning and "warning: " not in capfd.readouterr().err


def test_no_secrets_are_in_the_repository() -> None:
    assert not (Path(__file__).parents[2] / ".streamlit" / "secrets.toml").exists()
