"""What the gate lets through and what the log says of it, asked in this process."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from mri_core.serving import gate
from mri_core.serving.access import ACCESS, AccessLog
from mri_core.serving.gate import Gate, host_name


def scope(path: str, method: str = "POST", **headers: str) -> dict[str, Any]:
    given = {"host": "localhost:8502"} | headers
    return {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 5000),
    }


async def asked(app, what: Mapping[str, Any]) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of the answer to a request without a body."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message) -> None:
        sent.append(message)

    await app(what, receive, send)
    head, *rest = sent
    body = b"".join(message["body"] for message in rest)
    return head["status"], {name.decode(): value.decode() for name, value in head["headers"]}, json.loads(body)


class Slow:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.may = asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        await self.may.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(scope["method"]).encode()})


def test_one_request_too_many_is_sent_away_and_told_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MOST_AT_ONCE", 2)

    async def crowd():
        slow = Slow()
        door = Gate(slow)
        first = [asyncio.create_task(asked(door, scope("/v1/predict"))) for _ in range(2)]
        await asyncio.sleep(0)
        third = await asked(door, scope("/v1/model", "GET"))
        alive = asyncio.create_task(asked(door, scope("/healthz", "GET")))
        slow.may.set()
        return third, await alive, await asyncio.gather(*first), await asked(door, scope("/v1/predict"))

    (status, headers, told), alive, first, again = asyncio.run(crowd())
    assert status == 503 and headers["retry-after"] == "2" and "in 2 seconds" in told["detail"]
    assert alive[0] == again[0] == 200 and [answer[0] for answer in first] == [200, 200]


def test_a_request_that_takes_too_long_is_ended_with_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "REQUEST_SECONDS", 0.05)

    async def waiting():
        door = Gate(slow := Slow())
        late = await asked(door, scope("/v1/predict"))
        slow.may.set()
        return late, await asked(door, scope("/v1/predict"))

    (status, headers, told), after = asyncio.run(waiting())
    assert status == 503 and "retry-after" in headers and "not answered within 0.05 seconds" in told["detail"]
    assert after[0] == 200


HOSTS = {
    "localhost": "localhost", "127.0.0.1:8502": "127.0.0.1", "[::1]:8502": "::1", "[::1]": "::1",
    "evil.example:80": "evil.example", "": "", "[::1": "::1", "localhost.evil.example": "localhost.evil.example",
}  # fmt: skip


@pytest.mark.parametrize("header", HOSTS)
def test_only_this_computer_s_names_are_answered_without_a_token(header: str) -> None:
    async def ask(token: str | None) -> int:
        door = Gate(slow := Slow(), token)
        slow.may.set()
        return (await asked(door, scope("/healthz", "GET", host=header)))[0]

    assert host_name(header) == HOSTS[header]
    assert asyncio.run(ask(None)) == (200 if HOSTS[header] in gate.LOOPBACK else 400)
    assert asyncio.run(ask("a token")) == 200


@pytest.mark.parametrize("declared", ["1e3", "-1", "", "99999999999"])
def test_a_length_that_is_none_or_too_large_is_refused(declared: str) -> None:
    status, _, told = asyncio.run(asked(Gate(Slow()), scope("/v1/predict", content_length=declared)))
    assert status == 413 and "larger than" in told["detail"]


def test_the_log_says_nothing_that_a_client_wrote(caplog: pytest.LogCaptureFixture) -> None:
    async def ask():
        log = AccessLog(slow := Slow(), ["/healthz", "/v1/predict"])
        slow.may.set()
        for what in (
            scope("/v1/predict") | {"query_string": b"patient=Marker"},
            scope("/Marker/v1/predict", "MARKER"),
            scope("/healthz", "HEAD", user_agent="Marker"),
        ):
            yield (await asked(log, what))[2]

    async def all_of_it() -> list[str]:
        return [answer async for answer in ask()]

    with caplog.at_level(logging.INFO, ACCESS.name):
        methods = asyncio.run(all_of_it())
    assert methods == ["POST", "MARKER", "GET"]  # what the application sees
    said = [record.getMessage() for record in caplog.records]
    assert [line.rsplit(" ", 2)[0] for line in said] == [
        "127.0.0.1 POST /v1/predict 200",
        "127.0.0.1 another method another address 200",
        "127.0.0.1 HEAD /healthz 200",
    ]
    assert "marker" not in caplog.text.lower()
