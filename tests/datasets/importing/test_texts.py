"""Texts and entries kept in little memory are the same as in plain lists."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from mri_core.datasets.importing import left_out
from mri_core.datasets.importing.left_out import Listing
from mri_core.datasets.importing.plan import LeftOut
from mri_core.datasets.importing.texts import Lookup, Texts, printable

WORDS = ["a", "", "ß", "a/b.png", "漢字", "bytes \udcff that are no text", "a"]


def test_texts_are_a_list_of_them():
    held = Texts(WORDS)
    assert list(held) == WORDS and len(held) == len(WORDS) and held[1:6:2] == WORDS[1:6:2]
    assert held[int(np.int64(3))] == "a/b.png" and held[:100] == WORDS
    with pytest.raises(IndexError, match="text 7 of 7"):
        held[7]


def test_a_lookup_finds_every_place_of_a_text():
    words = [str(number % 100) for number in np.random.default_rng(0).integers(0, 10_000, 1000)]
    found = Lookup(words)
    for word in {*words, "none"}:
        assert list(found.places(word)) == [place for place, one in enumerate(words) if one == word]
    assert list(Lookup([]).places("a")) == []


def test_a_lookup_offers_texts_of_the_same_hash(monkeypatch):
    monkeypatch.setattr("builtins.hash", lambda text: len(text))
    assert list(Lookup(["ab", "c", "de"]).places("xy")) == [0, 2]


def test_a_listing_is_a_list_however_it_is_packed(monkeypatch):
    monkeypatch.setattr(left_out, "_BLOCK", 3)
    entries = [
        LeftOut(f"{number}.png", "skipped" if number % 2 else "duplicate", f"why {number}") for number in range(8)
    ]
    held = Listing(entries)
    assert list(held) == entries and len(held) == 8 and held[2:7] == entries[2:7] and held[-1] == entries[-1]
    assert held.counts == {"skipped": 4, "duplicate": 4}
    assert not Listing() and list(Listing()) == []
    with pytest.raises(IndexError, match="entry 8 of 8"):
        held[8]


def test_what_is_listed_can_be_written():
    (one,) = Listing([LeftOut("\udcff.png", "skipped", "\udcff.png is no text")])
    assert one == LeftOut("?.png", "skipped", "?.png is no text") and printable("ß漢") == "ß漢"


KEPT: dict[str, tuple[Callable[[list[str]], object], int]] = {
    "texts": (Texts, 32),
    "a lookup": (Lookup, 16),
    "a listing": (lambda names: Listing(LeftOut(name, "skipped", f"{name}: it is damaged") for name in names), 24),
}
"""What holds many -> bytes beside the names' own, of 23 bytes, that each may take at most."""


@pytest.mark.parametrize("kind", KEPT)
def test_a_million_would_take_little_memory(kind):
    make, allowed = KEPT[kind]
    names = [f"scan{number // 100:05d}/slice{number:06d}.png" for number in range(20_480)]
    tracemalloc.start()
    try:
        held = make(names)
        assert tracemalloc.get_traced_memory()[0] < (allowed + (23 if kind == "texts" else 0)) * len(names)
    finally:
        tracemalloc.stop()
    assert held is not None
