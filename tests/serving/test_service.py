"""The service over real sockets: it answers as the predictor does, together where many ask, and refuses the rest."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import uvicorn
from PIL import Image

from mri_core.datasets.dataset import open_dataset
from mri_core.images.slice import Slice
from mri_core.prediction.predictor import Predictor, load_predictor
from mri_core.serving import batching, gate
from mri_core.serving import service as service_module
from mri_core.serving.batching import Batcher
from mri_core.serving.service import make_service


@contextmanager
def served(predictor: Predictor, token: str | None = None) -> Iterator[str]:
    """The address of a service that runs meanwhile."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(make_service(predictor, "cnn 1", token), log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def predictor(trained) -> Predictor:
    return load_predictor(trained.settings.runs / trained.run_id)


@pytest.fixture
def service(predictor: Predictor) -> Iterator[str]:
    with served(predictor) as address:
        yield address


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def post(address: str, *files: tuple[str, bytes], **more: Any) -> requests.Response:
    return requests.post(f"{address}/v1/predict", files=[("files", file) for file in files], timeout=60, **more)


def test_the_answers_are_the_predictors(service: str, predictor: Predictor, trained) -> None:
    pixels = open_dataset("demo", trained.settings).pixels[:3]
    reply = post(service, *((f"{i}.png", png(one)) for i, one in enumerate(pixels)), ("notes.txt", b"no image"))
    assert reply.status_code == 200
    *found, refused = reply.json()
    for record, probabilities in zip(found, predictor.probabilities(pixels), strict=True):
        assert list(record["probabilities"].values()) == pytest.approx(probabilities.tolist())
        assert record["labels"] == [
            name for name, value in record["probabilities"].items() if value >= record["thresholds"][name]
        ]
    assert set(refused) == {"file", "error"} and "notes.txt: neither its content" in refused["error"]


def test_what_the_model_is_and_that_it_answers(service: str, predictor: Predictor) -> None:
    model = requests.get(f"{service}/v1/model", timeout=60).json()
    assert tuple(model["labels"]) == predictor.description.labels and model["run"] == predictor.description.run
    assert requests.get(f"{service}/healthz", timeout=60).json() == {"status": "ok"}
    assert set(requests.get(f"{service}/openapi.json", timeout=60).json()["paths"]) == {
        "/v1/predict", "/v1/model", "/healthz",
    }  # fmt: skip


def test_a_token_is_asked_for_where_there_is_one(predictor: Predictor) -> None:
    with served(predictor, "a secret") as address:
        for shown in ({}, {"Authorization": "Bearer another"}, {"Authorization": "Basic YTpi"}):
            for reply in (
                post(address, ("a.png", b"x"), headers=shown),
                requests.get(f"{address}/v1/model", headers=shown, timeout=60),
            ):
                assert reply.status_code == 401 and reply.headers["WWW-Authenticate"] == "Bearer"
        known = {"Authorization": "Bearer a secret", "Host": "lab.example"}
        assert post(address, ("a.png", b"x"), headers=known).status_code == 200
        assert requests.get(f"{address}/healthz", timeout=60).status_code == 200


def test_without_a_token_only_this_computer_is_answered(service: str) -> None:
    assert requests.get(f"{service}/healthz", headers={"Host": "evil.example"}, timeout=60).status_code == 400


REFUSED: dict[str, tuple[Callable[[str], requests.Response], int, str]] = {
    "no file": (lambda address: post(address), 422, "Field required"),
    "too many files": (lambda address: post(address, *[("a.png", b"")] * (gate.MAX_FILES + 1)), 422, "at most"),
    "no form": (lambda address: requests.post(f"{address}/v1/predict", data=b"x", timeout=60), 422, "Field required"),
    "an unknown address": (lambda address: requests.get(f"{address}/v2", timeout=60), 404, "no such address"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_expected_is_refused(case: str, service: str) -> None:
    ask, status, said = REFUSED[case]
    reply = ask(service)
    assert reply.status_code == status and said in json.dumps(reply.json()["detail"])


@pytest.mark.parametrize("declared", [True, False], ids=["by what it declares", "by what comes"])
def test_a_large_request_is_refused(declared: bool, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MAX_REQUEST_BYTES", 100_000)
    whole = requests.Request("POST", f"{service}/v1/predict", files=[("files", ("a.png", bytes(300_000)))]).prepare()
    body = whole.body if declared else iter([whole.body[i : i + 30_000] for i in range(0, len(whole.body), 30_000)])
    headers = {"Content-Type": whole.headers["Content-Type"]}
    reply = requests.post(f"{service}/v1/predict", data=body, headers=headers, timeout=60)
    assert reply.status_code == 413 and "larger than 100,000 bytes" in reply.json()["detail"]


def test_no_file_of_a_request_gets_to_a_temporary_folder(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "there is none"))  # what lands there fails the request
    noise = png(np.random.default_rng(0).integers(0, 256, (3000, 2000), dtype=np.uint8))
    reply = post(service, ("a.png", noise), ("b.png", noise))
    assert len(noise) > 5 * 2**20
    assert reply.status_code == 200 and all(record["probabilities"] for record in reply.json())


def test_a_client_that_stops_sending_is_not_waited_for(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "RECEIVE_SECONDS", 0.2)
    host, port = service.removeprefix("http://").split(":")
    head = f"POST /v1/predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(f"{head}Content-Length: 1000\r\n\r\n--x\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 408")


def test_other_methods_are_answered_as_json(service: str) -> None:
    head = requests.head(f"{service}/v1/model", timeout=60)
    assert head.status_code == 200 and head.content == b"" and int(head.headers["content-length"]) > 10
    wrong = requests.delete(f"{service}/v1/predict", timeout=60)
    assert wrong.status_code == 405 and wrong.headers["Allow"] == "POST" and "takes POST" in wrong.json()["detail"]


def test_a_service_that_is_asked_to_end_answers_what_came_before(predictor: Predictor, trained) -> None:
    reading, go_on = threading.Event(), threading.Event()

    def slowly(data: bytes, name: str, *_: object) -> list[Slice]:
        if data != b"slow":
            return [Slice(np.zeros((8, 8), np.uint8), name)]
        reading.set()
        go_on.wait(30)
        return [Slice(np.zeros((8, 8), np.uint8), name)]

    with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(1) as client:
        patched.setattr(service_module, "read_apart", slowly)
        with served(predictor) as address:
            answer = client.submit(post, address, ("slow.png", b"slow"))
            assert reading.wait(30)
            threading.Timer(0.2, go_on.set).start()  # while the service is ending
    assert answer.result().status_code == 200 and answer.result().json()[0]["file"] == "slow.png"


def test_many_at_once_get_their_own_answers(service: str, predictor: Predictor, trained) -> None:
    pixels = open_dataset("demo", trained.settings).pixels[:24]
    expected = predictor.probabilities(pixels)
    with ThreadPoolExecutor(8) as clients:
        replies = list(clients.map(lambda one: post(service, ("a.png", png(one))), pixels))
    for reply, probabilities in zip(replies, expected, strict=True):
        assert list(reply.json()[0]["probabilities"].values()) == pytest.approx(probabilities.tolist())


class Slow:
    """Stands for a predictor: answers with the slices' sources, and notes how many came together."""

    def __init__(self) -> None:
        self.passes: list[int] = []

    def predict(self, slices: list[Slice]) -> list[str]:
        self.passes.append(len(slices))
        time.sleep(0.05)
        if any(one.source == "bad" for one in slices):
            raise ValueError("bad")
        return [one.source for one in slices]


def slices(*sources: str) -> list[Slice]:
    return [Slice(np.zeros((1, 1), np.uint8), source) for source in sources]


def test_those_who_wait_are_answered_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MOST_SLICES", 4)
    slow = Slow()

    async def ask() -> list[list[str]]:
        batcher = Batcher(slow)
        return await asyncio.gather(*(batcher.predict(slices(f"{i}", f"{i}b")) for i in range(5)))

    assert asyncio.run(ask()) == [[f"{i}", f"{i}b"] for i in range(5)]
    assert slow.passes[0] in (2, 4) and max(slow.passes) == 4 and sum(slow.passes) == 10


def test_a_volume_takes_turns_with_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MOST_SLICES", 2)
    slow = Slow()

    async def ask() -> list[list[str]]:
        batcher = Batcher(slow)
        return await asyncio.gather(batcher.predict(slices(*"abcde")), batcher.predict(slices("x")))

    assert asyncio.run(ask()) == [list("abcde"), ["x"]]
    assert slow.passes == [2, 1, 2, 1]


def test_a_pass_that_fails_keeps_nobody_waiting() -> None:
    async def ask() -> list[Any]:
        batcher = Batcher(Slow())
        asked = (batcher.predict(slices(name)) for name in ("bad", "bad", "c"))
        return await asyncio.gather(*asked, return_exceptions=True)

    first, second, third = asyncio.run(ask())
    assert isinstance(first, ValueError) and isinstance(second, ValueError) and third == ["c"]
