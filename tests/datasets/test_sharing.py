"""A data set is fetched whole and as it was, or not at all."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mri_core.datasets import sharing
from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import Dataset, Header
from mri_core.datasets.sharing import open_or_fetch
from mri_core.errors import InvalidInput, MriError, NotFound, StorageError
from mri_core.settings import Settings

LABELS = ("label 1", "cyst, left", "größe/mm")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Ten slices, of which one lacks a patient and one a label."""
    settings = Settings(home=tmp_path_factory.mktemp("shared"))
    chance = np.random.default_rng(0)
    with DatasetBuilder(settings, "two words", LABELS, (4, 5), 10) as builder:
        for number in range(10):
            row = {"id": f"s{number}", "patient": f"p{number // 2}" if number != 9 else None, "split": "train"}
            row |= {"source": 'a "b", c', "position": None} | dict.fromkeys(LABELS, 1)
            row |= {LABELS[1]: None} if number == 5 else {}
            builder.add(chance.integers(0, 255, (1, 4, 5), dtype=np.uint8), [row])
        builder.assign("split", ["train"] * 5 + ["test"] * 5)
        return builder.finish(False, {})


@pytest.fixture
def place(shared: Dataset, tmp_path: Path) -> Path:
    shutil.copytree(shared.folder.parent, tmp_path / "place")
    return tmp_path / "place" / shared.name


@pytest.fixture
def fetch(shared: Dataset, home: Settings, place: Path) -> Callable[..., Dataset]:
    return lambda url=None: open_or_fetch(
        shared.name, shared.fingerprint, place.parent.as_uri() if url is None else url, home
    )


def test_it_is_fetched_once_and_is_the_same(shared, fetch, place, home):
    found = fetch()
    assert found.header == shared.header and found.folder == home.datasets / shared.name
    assert np.array_equal(found.pixels, shared.pixels) and found.index.equals(shared.index)
    shutil.rmtree(place)
    assert fetch().header == shared.header
    assert sorted(path.name for path in home.datasets.iterdir()) == [".two words.lock", "two words"]


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)


def rename_patients(place: Path) -> None:
    import pandas as pd

    index = pd.read_parquet(place / "index.parquet")
    index.assign(patient="p1").to_parquet(place / "index.parquet", index=False)


def shape(place: Path) -> None:
    np.save(place / "slices.npy", np.load(place / "slices.npy").reshape(10, 5, 4))


def relabel(place: Path, **changes: object) -> None:
    header = Header.model_validate_json((place / "dataset.json").read_bytes())
    (place / "dataset.json").write_text(header.model_copy(update=changes).model_dump_json())


DAMAGES: dict[str, tuple[Callable[[Path], object], type[MriError], str]] = {
    "a pixel": (lambda place: flip(place / "slices.npy"), InvalidInput, "slice 9 in .* is damaged"),
    "the index": (rename_patients, InvalidInput, "index in .* is damaged or was changed"),
    "the shape": (shape, InvalidInput, "not those of its header"),
    "another one": (lambda place: relabel(place, fingerprint="0" * 32), InvalidInput, "fingerprint 00000000, expected"),
    "the header": (lambda place: (place / "dataset.json").write_text("{}"), InvalidInput, "no valid dataset.json"),
    "a number of slices": (lambda place: relabel(place, slices=1), InvalidInput, "damaged or was changed"),
    "too many slices": (lambda place: relabel(place, slices=10**15), StorageError, "MB free"),
    "too much": (
        lambda place: (place / "slices.npy").write_bytes(bytes(10**4)), InvalidInput, "larger than the 4,296 bytes"
    ),
    "half of it": (
        lambda place: (place / "slices.npy").write_bytes(b"\x93NUMPY"), StorageError, "cannot read the slices"
    ),
    "nothing": (lambda place: (place / "index.parquet").unlink(), NotFound, "there is no index.parquet in file:"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_or_another_is_refused_and_does_not_stay(fetch, place, home, damage):
    make, kind, words = DAMAGES[damage]
    make(place)
    with pytest.raises(kind, match=words):
        fetch()
    assert [path.name for path in home.datasets.iterdir()] == [".two words.lock"]


def test_addresses_that_lead_nowhere_are_told_without_their_secrets(fetch, shared, home):
    with pytest.raises(StorageError, match=r"nosuch://host/x/two words: .*MRI_DATASETS_URL") as refused:
        fetch("nosuch://me:secret@host/x?token=secret")
    assert "secret" not in str(refused.value)
    with pytest.raises(NotFound, match="there is no data set 'two words'"):
        fetch("")


def test_of_several_at_once_one_fetches(fetch, monkeypatch):
    copied, copy = [], sharing._copy
    monkeypatch.setattr(sharing, "_copy", lambda *given: (copied.append(given), copy(*given)))
    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(copied) == 1 and fetch().header.slices == 10
