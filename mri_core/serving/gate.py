"""What a request may be: from whom, how large, how slow. Decided before anything of it is kept."""

from __future__ import annotations

import asyncio
import secrets

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_REQUEST_BYTES = 64 * 2**20
"""Bytes of a whole request."""
MAX_FILES = 100
"""Files in one request."""
RECEIVE_SECONDS = 30.0
"""How long a client may take from one piece of its request to the next."""
GUARDED = "/v1/"
"""Addresses that begin so need the token, where there is one."""


class Gate:
    """Refuses requests without the token, requests that are too large, by what they declare and by what really comes,
    and requests that come too slowly."""

    def __init__(self, app: ASGIApp, token: str | None = None) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = None
        if scope["path"].startswith(GUARDED) and not self._shows_token(headers):
            refusal = JSONResponse(
                {"detail": "expected the header 'Authorization: Bearer TOKEN'"}, 401, {"WWW-Authenticate": "Bearer"}
            )
        elif int(headers.get("content-length", 0)) > MAX_REQUEST_BYTES:
            refusal = JSONResponse({"detail": _too_large()}, 413)
        await (refusal or self._app)(scope, _limited(receive), send)

    def _shows_token(self, headers: Headers) -> bool:
        if self._token is None:
            return True
        kind, _, shown = headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and secrets.compare_digest(shown.encode(), self._token.encode())


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


def _too_large() -> str:
    return f"the request is larger than {MAX_REQUEST_BYTES:,} bytes; send fewer files"
