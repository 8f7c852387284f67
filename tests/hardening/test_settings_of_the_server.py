"""What the running dashboard lets in and refuses, through real sockets."""

from __future__ import annotations

import http.client
import tomllib
from collections.abc import Iterator
from itertools import chain, repeat

import psutil
import pytest
from served import ROOT, Served, serve, session
from websockets.exceptions import InvalidStatus

from mri_core.images.limits import LIMITS, MB
from mri_core.settings import Settings

EVIL = "http://evil.example"
MOST = LIMITS.file_mb * MB


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with serve(Settings(home=folder, tracking_uri=f"sqlite:///{folder / 'mlflow.db'}", scheduler="")) as served:
        yield served


@pytest.fixture
def upload(served: Served) -> Iterator[tuple[str, dict[str, str]]]:
    """Where a page's files go, and the headers that prove that the page sends them."""
    token = served.request("GET", "/_stcore/health")
    cookie = token.headers["Set-Cookie"].split(";")[0]
    with served.talk(served.url) as page:
        place = f"/_stcore/upload_file/{session(page)}/file"
        yield place, {"Cookie": cookie, "X_Xsrftoken": cookie.partition("=")[2].strip('"')}


def test_the_limit_of_an_upload_is_the_limit_of_a_file() -> None:
    options = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert options["server"]["maxUploadSize"] == type(LIMITS).model_fields["file_mb"].default == 64
    assert options["client"] == {"showErrorDetails": "none", "toolbarMode": "viewer", "disableDataExport": True}


def test_only_this_computer_reaches_it(served: Served) -> None:
    listening = [one.laddr.ip for one in psutil.Process(served.process.pid).net_connections() if one.status == "LISTEN"]
    assert listening and set(listening) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (EVIL, None),
        ("null", None),
        ("http://localhost.evil.example", None),
        ("http://evil.example:{port}", "evil.example:{port}"),  # a name of theirs that leads here (DNS rebinding)
        ("http://localhost:{port}", "evil.example"),
    ],
)
def test_another_site_cannot_open_a_page(served: Served, origin: str, host: str | None) -> None:
    name = host and host.format(port=served.port)
    with pytest.raises(InvalidStatus) as refused, served.talk(origin.format(port=served.port), name):
        pass
    assert refused.value.response.status_code == 403


def test_its_own_pages_open(served: Served) -> None:
    for name in ("localhost", "127.0.0.1"):
        with served.talk(f"http://{name}:{served.port}", f"{name}:{served.port}") as page:
            assert session(page)


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/_stcore/host-config", "/media/x.png"])
def test_another_site_cannot_read_an_answer(served: Served, path: str) -> None:
    assert served.request("GET", path, Origin=EVIL).headers.get("Access-Control-Allow-Origin") in (None, served.url)


@pytest.mark.parametrize(
    "path",
    [
        "/app/static/x",
        "/app/static/../Home.py",
        "/static/../../app.py",
        "/media/../secret",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/static/%2e%2e%2f%2e%2e%2fconfig.py",
        "//etc/passwd",
        "/component/x/../../../etc/passwd",
    ],
)
def test_no_file_of_this_computer_is_served(served: Served, path: str) -> None:
    answer = served.request("GET", path)
    assert answer.status in (400, 403, 404) or answer.headers["Content-Type"].startswith("text/html")


def test_an_upload_needs_the_token_of_a_page(served: Served, upload) -> None:
    place, proof = upload
    body, kind = form(b"x")
    for headers in (
        {},
        {"Cookie": proof["Cookie"]},
        {"X_Xsrftoken": proof["X_Xsrftoken"]},
        proof | {"X_Xsrftoken": "2|1|1|1"},
    ):
        assert served.request("PUT", place, body, Content_Type=kind, **headers).status == 403
    assert served.request("DELETE", place).status == 403
    assert served.request("PUT", place, body, Content_Type=kind, **proof).status == 204
    elsewhere = "/_stcore/upload_file/00000000-0000-0000-0000-000000000000/file"
    assert served.request("PUT", elsewhere, body, Content_Type=kind, **proof).status == 400


def test_an_upload_over_the_limit_is_refused_before_it_is_sent(served: Served, upload) -> None:
    place, proof = upload
    connection = http.client.HTTPConnection("localhost", served.port, timeout=30)
    connection.putrequest("PUT", place)
    for name, value in {**proof, "Content_Length": str(MOST + 1), "Content_Type": form(b"")[1]}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_an_upload_that_does_not_say_how_long_it_is_is_cut_off(served: Served, upload) -> None:
    place, proof = upload
    block = b"0" * MB
    body = chain([form(b"")[0].partition(b"\r\n--mark--")[0]], repeat(block, LIMITS.file_mb + 32))
    connection = http.client.HTTPConnection("localhost", served.port, timeout=30)
    headers = {name.replace("_", "-"): value for name, value in proof.items()}
    try:
        connection.request("PUT", place, body, {**headers, "Content-Type": form(b"")[1]}, encode_chunked=True)
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        status = 413  # it hung up while we were still sending
    assert status == 413


def form(data: bytes) -> tuple[bytes, str]:
    """A file as a browser sends it, and the type of that."""
    head = b'--mark\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    return head + data + b"\r\n--mark--\r\n", "multipart/form-data; boundary=mark"
