"""Decoding processes: what they may not do, what becomes of files that try, and answers that are not believed."""

from __future__ import annotations

import io
import json
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from import_support import picture
from PIL import Image

from mri_core.datasets.importing import decoding
from mri_core.datasets.importing.array_file import ArrayRow
from mri_core.datasets.importing.decoder import MEMORY_MB
from mri_core.datasets.importing.decoding import Decoders
from mri_core.datasets.importing.messages import (
    PLACES,
    Facts,
    places_of,
    receive_decoded,
    told_outcomes,
    told_places,
)
from mri_core.datasets.importing.places import InFile
from mri_core.datasets.importing.plan import Item, Plan
from mri_core.images import Preprocessing
from mri_core.images.framing import send

SHAPE = (16, 16)

TRYING = """
import os, signal, socket, time
from mri_core.datasets.importing import decoder, places
from mri_core.errors import ImageError
decoder.SECONDS = 1

def attempt(what):
    try:
        what()
    except OSError as error:
        raise ImageError(type(error).__name__)

TRIED = {{
    "dies": lambda: os.abort(),
    "hangs": lambda: time.sleep(600),
    "hangs and computes": lambda: [None for _ in iter(int, 1)],
    "takes memory": lambda: bytearray(2**36),
    "prints": lambda: print("x" * 100, flush=True),
    "writes": lambda: attempt(lambda: open({written!r}, "w").write("x" * 10_000)),
    "connects": lambda: attempt(lambda: socket.create_connection(("127.0.0.1", {port}), timeout=5)),
}}
whole = places.read_file

def read(path, how):
    TRIED.get(os.path.basename(path), lambda: None)()
    return whole({good!r}, how)

places.read_file = read
{program}
"""


def test_what_a_file_does_to_its_reader_costs_that_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = tmp_path / "good.png"
    Image.fromarray(picture(0)).save(good)
    names = ["good", "dies", "hangs", "good", "takes memory", "prints", "writes", "connects", "good"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        values = {"written": str(tmp_path / "written"), "port": server.getsockname()[1], "good": str(good)}
        monkeypatch.setattr(decoding, "_PROGRAM", TRYING.format(**values, program=decoding._PROGRAM))
        items = [Item(name, InFile(f"/pictures/{name}"), (), source=name) for name in names]
        plan = Plan((), len(items), lambda: iter(items), {})
        with Decoders(SHAPE, Preprocessing(), plan) as decoders:
            ((same, (pixels, outcomes)),) = decoders.stream(iter(items))
    assert [item.id for item in same] == names
    found = dict(zip(names, outcomes, strict=True))
    for name in ("dies", "hangs"):
        assert found[name] == (
            f"{name}: reading it ended the reader or took longer than 80 seconds; expected an undamaged file"
        )
    assert (
        found["takes memory"]
        == f"takes memory: reading it takes more than {MEMORY_MB:,} MB of memory; expected a smaller file"
    )
    assert found["writes"] == "OSError" and not (tmp_path / "written").read_bytes()
    if sys.platform == "linux" and isinstance(found["connects"], str):  # a system without namespaces lets it
        assert found["connects"] in ("OSError", "ConnectionRefusedError")
    read = [outcome for outcome in outcomes if isinstance(outcome, Facts)]
    assert found["good"] == found["prints"] == Facts(None, None, SHAPE) and len(read) == len(pixels) >= 4
    for one in pixels:
        np.testing.assert_array_equal(one, picture(0))


def test_places_travel_as_they_are() -> None:
    """Also names that are no text in any encoding."""
    places = [InFile("/a/\udcff ü\n.png"), InFile("b.nii", 3), ArrayRow("c.npz", "train_images.npy", 7)]
    stream = io.BytesIO()
    send(stream, {"places": told_places(places)})
    assert places_of(json.loads(stream.getvalue()[8:])["places"]) == places
    assert {type(place) for place in places} == set(PLACES.values())


@dataclass(frozen=True)
class Sent:
    header: dict
    pixels: bytes = b""

    def received(self) -> object:
        stream = io.BytesIO()
        send(stream, self.header, [self.pixels])
        stream.seek(0)
        return receive_decoded(stream, 2, SHAPE)


def test_an_answer_arrives_as_it_was_sent() -> None:
    outcomes = [Facts(1.5, "p", (3, 4)), "a.png: it is\n damaged"]
    pixels, found = Sent({"outcomes": told_outcomes(outcomes)}, picture(0).tobytes()).received()
    np.testing.assert_array_equal(pixels, [picture(0)])
    assert found == [outcomes[0], "a.png: it is damaged"]


LIES = {
    "nothing": Sent({}),
    "no list": Sent({"outcomes": "ab"}),
    "too few": Sent({"outcomes": ["a"]}),
    "too many": Sent({"outcomes": ["a"] * 3}),
    "an object": Sent({"outcomes": ["a", {"__reduce__": "os.system"}]}),
    "a size that is none": Sent({"outcomes": ["a", [0.0, None, "4", 4]]}),
    "a place that is none": Sent({"outcomes": ["a", ["x", None, 4, 4]]}),
    "a patient that is none": Sent({"outcomes": ["a", [None, ["p"], 4, 4]]}),
    "fewer pixels": Sent({"outcomes": ["a", [None, None, 4, 4]]}, b"xx"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_is_none_is_not_believed(lie: str) -> None:
    with pytest.raises(EOFError):
        LIES[lie].received()


def test_a_block_of_which_nothing_can_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    items = [Item("a", InFile(str(tmp_path / "a.png")), (), source="a.png")]
    with Decoders(SHAPE, Preprocessing(), Plan((), 1, lambda: iter(items), {})) as decoders:
        ((_, (pixels, outcomes)),) = decoders.stream(iter(items))
    assert len(pixels) == 0 and "a.png: " in str(outcomes[0]) and "ended the reader" not in str(outcomes[0])
