"""A browser tab without a browser: what Streamlit's page says to its server, over a real WebSocket and real HTTP.

A tab opens addresses, fetches the pictures they show, uploads files and redraws by itself what asks for that, as
the JavaScript of Streamlit 1.67 does (its `App.tsx` and `FileUploader`), and draws nothing.
"""

from __future__ import annotations

import asyncio
import http.client
import re
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlencode

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection

PATIENCE = 60.0
"""Seconds after which a rerun or a file has failed."""
FILES_AT_ONCE = 4
"""Pictures of one tab on their way; browsers allow six."""

_early = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
_broken = ForwardMsg.ScriptFinishedStatus.FINISHED_WITH_COMPILE_ERROR


class Refused(Exception):
    """The server answered, and not as it should."""


@dataclass
class Page:
    """What a tab has been sent since its last rerun began."""

    texts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    pictures: set[str] = field(default_factory=set)
    uploader: str | None = None
    redrawn: dict[str, float] = field(default_factory=dict)
    """Fragment -> seconds after which it wants to be drawn again."""


class Tab:
    """One session. `place`: host and port."""

    def __init__(self, place: str) -> None:
        self.page = Page()
        self._place = place
        self._seen: set[str] = set()  # pictures in the browser's cache
        self._hashes: dict[str, str] = {}  # path of a page -> what the server calls it
        self._address = ("", "")  # hash of the page shown, query
        self._session_id = ""
        self._socket: ClientConnection
        self._token = ""

    async def open(self) -> None:
        self._token = await asyncio.to_thread(self._fetch_token)
        self._socket = await websockets.connect(
            f"ws://{self._place}/_stcore/stream",
            subprotocols=["streamlit", self._token],
            additional_headers={"Cookie": f"_streamlit_xsrf={self._token}"},
            max_size=None,
            compression=None,
        )

    async def close(self) -> None:
        await self._socket.close()

    async def visit(self, path: str, **query: str) -> float:
        """Open a page. Returns the seconds until it is drawn."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = urlencode(query)
        if path in self._hashes:
            asked.page_script_hash = self._hashes[path]
        else:
            asked.page_name = path
        self.page = Page()
        seconds = await self._rerun(message)
        self._address = (self._hashes.get(path, ""), asked.query_string)
        return seconds

    async def upload(self, name: str, contents: bytes) -> tuple[float, float]:
        """Give the page's uploader one file. Returns the seconds of the upload and of the rerun that follows."""
        uploader = self.page.uploader
        if uploader is None:
            raise Refused("the page takes no files")
        began = time.perf_counter()
        asked = BackMsg()
        asked.file_urls_request.request_id = uuid.uuid4().hex
        asked.file_urls_request.file_names.append(name)
        asked.file_urls_request.session_id = self._session_id
        await self._socket.send(asked.SerializeToString())
        while not (answer := await self._next()).HasField("file_urls_response"):
            self._keep(answer)
        (urls,) = answer.file_urls_response.file_urls
        await asyncio.to_thread(self._put, urls.upload_url, name, contents)
        uploaded = time.perf_counter() - began
        message = self._again()
        state = message.rerun_script.widget_states.widgets.add(id=uploader)
        file = state.file_uploader_state_value.uploaded_file_info.add(
            name=name, size=len(contents), file_id=urls.file_id
        )
        file.file_urls.CopyFrom(urls)
        self.page = Page()
        return uploaded, await self._rerun(message)

    async def redraw(self, fragment: str) -> float:
        """Draw a part of the page again, as its timer asks. Returns the seconds that took."""
        message = self._again()
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = True
        return await self._rerun(message)

    async def fetch_pictures(self) -> int:
        """Get the pictures of the page that the browser has not yet. Returns how many there were."""
        new = sorted(self.page.pictures - self._seen)
        self._seen |= set(new)
        parts = [new[start::FILES_AT_ONCE] for start in range(FILES_AT_ONCE) if new[start::FILES_AT_ONCE]]
        await asyncio.gather(*(asyncio.to_thread(self._get_all, part) for part in parts))
        return len(new)

    def _again(self) -> BackMsg:
        message = BackMsg()
        message.rerun_script.page_script_hash, message.rerun_script.query_string = self._address
        return message

    async def _rerun(self, message: BackMsg) -> float:
        began = time.perf_counter()
        await self._socket.send(message.SerializeToString())
        while True:
            answer = await self._next()
            self._keep(answer)
            if answer.WhichOneof("type") != "script_finished":
                continue
            if answer.script_finished == _broken:
                raise Refused("the script could not be run")
            if answer.script_finished != _early:
                return time.perf_counter() - began

    async def _next(self) -> ForwardMsg:
        return ForwardMsg.FromString(await asyncio.wait_for(self._socket.recv(decode=False), PATIENCE))

    def _keep(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._session_id = message.new_session.initialize.session_id
        elif kind == "navigation":
            self._hashes = {
                "" if page.is_default else page.url_pathname: page.page_script_hash
                for page in message.navigation.app_pages
            }
        elif kind == "page_not_found":
            self.page.problems.append("there is no such page")
        elif kind == "page_info_changed":
            self._address = (self._address[0], message.page_info_changed.query_string)
        elif kind == "auto_rerun":
            self.page.redrawn[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            self.page.redrawn.pop(message.stop_auto_rerun.fragment_id, None)
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._keep_element(message.delta.new_element)

    def _keep_element(self, element) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.page.problems.append(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.page.problems.append(element.alert.body)
        elif kind == "markdown":
            self.page.texts.append(element.markdown.body)
        elif kind == "file_uploader":
            self.page.uploader = element.file_uploader.id
        elif kind == "imgs":
            self.page.pictures.update(image.url for image in element.imgs.imgs if image.url.startswith("/media/"))

    def _fetch_token(self) -> str:
        connection = http.client.HTTPConnection(self._place, timeout=PATIENCE)
        connection.request("GET", "/_stcore/health")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        found = re.search(r"_streamlit_xsrf=([^;]+)", answer.headers.get("Set-Cookie", ""))
        if not found:
            raise Refused("the server gives no token against forged requests")
        return found[1].strip('"')

    def _put(self, place: str, name: str, contents: bytes) -> None:
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        body = f"{head}Content-Type: image/png\r\n\r\n".encode() + contents + f"\r\n--{boundary}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "X-Xsrftoken": self._token,
            "Cookie": f"_streamlit_xsrf={self._token}",
        }
        connection = http.client.HTTPConnection(self._place, timeout=PATIENCE)
        connection.request("PUT", place, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        if answer.status != 204:
            raise Refused(f"the upload was answered with {answer.status}: {said[:200]!r}")

    def _get_all(self, places: list[str]) -> None:
        connection = http.client.HTTPConnection(self._place, timeout=PATIENCE)
        for place in places:
            connection.request("GET", place)
            answer = connection.getresponse()
            if answer.status != 200 or not answer.read():
                raise Refused(f"a picture was answered with {answer.status}")
        connection.close()
