"""What a request may be: from whom, how large, how slow, how many at once. Decided before anything of it is kept."""

from __future__ import annotations

import asyncio
import secrets

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mri_core.images.limits import LIMITS, MB

MAX_REQUEST_BYTES = (LIMITS.file_mb + 1) * MB
"""Bytes of a whole request: one file as large as a file may be, and the form around it."""
MAX_FILES = min(100, LIMITS.files)
"""Files in one request."""
MOST_AT_ONCE = 32
"""Requests that are answered or wait for it; one more is sent away."""
RECEIVE_SECONDS = 30.0
"""How long a client may take from one piece of its request to the next."""
REQUEST_SECONDS = 120.0
"""How long a request may take from its first line to the start of its answer."""
RETRY_SECONDS = 2
"""What is told to those who are sent away because of others."""
GUARDED = "/v1/"
"""Addresses that begin so need the token, where there is one."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Gate:
    """Refuses requests without the token, requests that are too large, by what they declare and by what really comes,
    those that come or are answered too slowly, and those that are too many.

    Without a token the service is for this computer alone, and a request under another host's name is a page of a
    stranger's that has been made to point here (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, token: str | None = None) -> None:
        self._app, self._token = app, token
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope["path"], Headers(scope=scope))
        if refusal:
            await refusal(scope, receive, send)
        elif scope["path"].startswith(GUARDED):
            self._running += 1
            try:
                await self._in_time(scope, receive, send)
            finally:
                self._running -= 1
        else:  # whether it lives can be asked however busy it is
            await self._app(scope, receive, send)

    def _refusal(self, path: str, headers: Headers) -> JSONResponse | None:
        if self._token is None and host_name(headers.get("host", "")) not in LOOPBACK:
            return _problem(
                400, f"expected the host {' or '.join(LOOPBACK)}; others are answered where there is a token"
            )
        if path.startswith(GUARDED) and not self._shows_token(headers):
            told = {"WWW-Authenticate": "Bearer"}
            return _problem(401, "expected the header 'Authorization: Bearer TOKEN'", told)
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > MAX_REQUEST_BYTES:
            return _problem(413, _too_large())
        if path.startswith(GUARDED) and self._running >= MOST_AT_ONCE:
            return _later(f"{MOST_AT_ONCE} requests are being answered, as many as may be")
        return None

    def _shows_token(self, headers: Headers) -> bool:
        if self._token is None:
            return True
        kind, _, shown = headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and secrets.compare_digest(shown.encode(), self._token.encode())

    async def _in_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noticed(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                await self._app(scope, _limited(receive), noticed)
        except TimeoutError:
            if begun:  # half an answer: the server closes the connection
                raise
            await _later(f"it was not answered within {REQUEST_SECONDS:g} seconds")(scope, receive, send)


def host_name(header: str) -> str:
    """Of a Host header, without its port: "localhost:80" -> "localhost", "[::1]:80" -> "::1"."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def _limited(receive: Receive) -> Receive:
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        try:
            message = await asyncio.wait_for(receive(), RECEIVE_SECONDS)
        except TimeoutError as error:
            raise HTTPException(408, f"nothing came for {RECEIVE_SECONDS:g} seconds; send the request again") from error
        taken += len(message.get("body", b""))
        if taken > MAX_REQUEST_BYTES:
            raise HTTPException(413, _too_large())
        return message

    return limited


def _problem(status: int, words: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": words}, status, headers)


def _later(why: str) -> JSONResponse:
    words = f"{why}; send the request again in {RETRY_SECONDS} seconds, with fewer files if it has many"
    return _problem(503, words, {"Retry-After": str(RETRY_SECONDS)})


def _too_large() -> str:
    return f"the request is larger than {MAX_REQUEST_BYTES:,} bytes; send fewer files"
