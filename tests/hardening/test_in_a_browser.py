"""In a real Chromium: names that are attacks do nothing, and a person signs in and out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from provider import CLIENT, provide
from served import free_port, serve

from mri_core.settings import Settings

BROUGHT = "[...document.querySelectorAll('xss-a, [onerror], a[href*=evil], img[src*=evil]')].map(e => e.outerHTML)"
"""Elements that only a name can have brought."""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def page() -> Iterator:
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("there is no Chromium here; install Debian's package chromium")
    assert CHROMIUM, "there is no Chromium; install Debian's package chromium"
    with sync_playwright() as playwright:
        # Chromium refuses to sandbox itself for root, which containers run as.
        arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def test_names_that_are_attacks_do_nothing(hostile, page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with serve(hostile.settings) as served:
        for name in ("report", "failures"):
            page.goto(f"{served.url}/{name}?run={hostile.run}&dataset=demo")
            page.locator(".js-plotly-plot .xtick").first.wait_for(state="attached")
            page.get_by_text("xss-a").first.wait_for(state="attached")
            assert page.evaluate("window.flag") is None
            assert page.evaluate(BROUGHT) == []
        assert not [url for url in asked if "evil" in url]


def test_a_person_signs_in_and_out(home: Settings, page) -> None:
    port = free_port()
    with provide(email="ada@example.org", email_verified=True) as provider:
        secrets = home.root / "secrets.toml"
        secrets.write_text(
            f"""
            [auth]
            redirect_uri = "http://localhost:{port}/oauth2callback"
            cookie_secret = "only for this test"
            client_id = "{CLIENT}"
            client_secret = "only for this test"
            server_metadata_url = "{provider.url}/.well-known/openid-configuration"
            [access]
            emails = ["Ada@example.org"]
            """
        )
        with serve(home, f"--secrets.files={secrets}", port=port) as served:
            page.goto(f"{served.url}/predict")
            page.get_by_role("heading", name="Sign in").wait_for()
            assert page.locator("input[type=file]").count() == 0
            page.get_by_role("button", name="Sign in").click()
            page.get_by_text("There is no data set yet").wait_for()
            page.get_by_text("Signed in as ada@\u2060example.org").wait_for()
            assert provider.asked[0]["code_challenge_method"] == "S256" and provider.asked[0]["client_id"] == CLIENT

            provider.claims["email"] = "eve@example.org"
            page.get_by_role("button", name="Sign out").click()
            page.get_by_role("button", name="Sign in").click()
            page.get_by_text("eve@\u2060example.org is not among those").wait_for()
            assert page.locator("a[href^='mailto:']").count() == 0
            assert page.get_by_text("There is no data set yet").count() == 0
