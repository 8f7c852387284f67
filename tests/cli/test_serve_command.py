"""`mri serve`: to whom it listens, and how the server is set up."""

from __future__ import annotations

import gc
import json
from typing import Any

import pytest
import uvicorn

from mri_core.serving.access import ACCESS


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """How servers were set up, none of which listens."""
    servers: list[dict[str, Any]] = []
    monkeypatch.setattr(uvicorn, "run", lambda service, **how: servers.append(how))
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(ACCESS, "handlers", [])
    monkeypatch.setattr(ACCESS, "level", ACCESS.level)
    monkeypatch.delenv("MRI_TOKEN", raising=False)
    return servers


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_this_computer_is_served_without_a_token(typed, trained, started, host: str, shown: str) -> None:
    status, out, said = typed("serve", trained.run_id[:8], "--host", host, "--port", 8600, "--json")
    assert status == 0 and json.loads(out) == {"run": trained.run_id, "address": f"http://{shown}:8600"}
    (how,) = started
    assert (how["host"], how["port"]) == (host, 8600) and how["timeout_graceful_shutdown"] > 0
    assert "clear text" not in said
    assert not how["access_log"] and len(ACCESS.handlers) == 1  # uvicorn's would write down what clients ask for


def test_others_are_served_with_a_token_only(typed, trained, started, monkeypatch: pytest.MonkeyPatch) -> None:
    status, _, said = typed("serve", "last", "--host", "0.0.0.0")
    assert status == 1 and "MRI_TOKEN" in said and started == []
    monkeypatch.setenv("MRI_TOKEN", "a secret")
    status, _, said = typed("serve", "last", "--host", "0.0.0.0")
    assert status == 0 and len(started) == 1 and "a secret" not in said


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_whoever_lets_others_in_is_told_what_crosses_the_network(
    typed, trained, started, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    monkeypatch.setenv("MRI_TOKEN", "a secret")
    status, _, said = typed("serve", "last", "--host", "192.0.2.7", *more)
    (warning,) = [line for line in said.splitlines() if line.startswith("warning: ")]
    assert status == 0 and all(word in warning for word in ("token", "images", "clear text", "proxy with TLS"))
