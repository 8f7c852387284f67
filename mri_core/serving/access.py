"""One line a request for whoever runs the service, with nothing in it that a client wrote."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ACCESS = logging.getLogger("mri_core.serving.access")
METHODS = ("GET", "HEAD", "POST")


class AccessLog:
    """Notes the client's address, method, place, status and milliseconds of each request.

    Files' names never get there. Neither do addresses, methods or queries that this service does not have: people
    write names into them too. A HEAD is answered as the GET it asks about; the server leaves out the body.
    """

    def __init__(self, app: ASGIApp, places: Collection[str]) -> None:
        self._app, self._places = app, frozenset(places)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = "no answer"

        async def noticed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        try:
            await self._app(asked, receive, noticed)
        finally:
            client = scope["client"][0] if scope.get("client") else "-"
            method = scope["method"] if scope["method"] in METHODS else "another method"
            place = scope["path"] if scope["path"] in self._places else "another address"
            ACCESS.info("%s %s %s %s %.0f ms", client, method, place, status, (time.perf_counter() - began) * 1000)
