"""Text from users on a page: nothing in it is a link, whatever GitHub's Markdown makes links of by itself."""

from __future__ import annotations

import re

import pytest

from mri_core.words import plain

LINKED = re.compile(r"https?://\S|www\.\S|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
"""GitHub Flavored Markdown, 6.9, "Autolinks (extension)", of text whose backslashes have been taken away."""
ADDRESSES = (
    "https://evil.example/x",
    "HTTP://evil.example",
    "www.evil.example",
    "ada@evil.example",
    "x+y.z@a-b.example",
)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("around", ["{}", "see {}, now", "({})", "*{}*"])
def test_an_address_is_no_link(address: str, around: str) -> None:
    text = around.format(address)
    shown = plain(text).replace("\\", "")
    assert LINKED.search(text) and not LINKED.search(shown)
    assert shown.replace("\u2060", "") == text


@pytest.mark.parametrize("text", ["a@", "@SUM(1)", "slice 1 @ 3 T", "label 1"])
def test_other_text_keeps_its_characters(text: str) -> None:
    assert plain(text).replace("\\", "") == text
