"""Streaming: a set much larger than what is held, against one that fits many times."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from mri_core.bench.pairs import Reading, compare, interleave
from mri_core.bench.record import Goal, Measurement, missing
from mri_core.bench.session import Bench
from mri_core.bench.training import MEMORY, RATE, ours
from mri_core.datasets.dataset import Dataset, Header, Split, open_dataset
from mri_core.settings import Settings

NAME = "streamed"
_FREE_BYTES_A_SLICE = 8_000  # twice the pixels: the index and the system want room as well
_CHUNK = 20_000
_SHARES: dict[Split, float] = {"train": 0.996, "validation": 0.002, "test": 0.002}
"""Nearly all for training, whose steps are measured; the others are for the end of the run."""


def streaming(bench: Bench) -> list[Measurement]:
    """Training steps of the CNN on many slices, cached by the system and not, against those on the demo set."""
    many = bench.sizes.streamed
    title = f"training steps of the CNN, {many:,} slices"
    if not many:
        return [missing("streaming from disk", "skipped: it takes minutes; run without --quick")]
    if shutil.disk_usage(bench.settings.root).free < many * _FREE_BYTES_A_SLICE:
        needed = many * _FREE_BYTES_A_SLICE / 1e9
        reason = f"skipped: it needs {needed:.0f} GB free in {bench.settings.root.parent}; set TMPDIR to another disk"
        return [missing(title, reason)]
    few = bench.demo()
    folder = bench.settings.datasets / NAME
    try:
        tile(few, bench.settings, NAME, many)
        taken = interleave(_sides(bench, folder), bench.repeats, bench.advance)
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # whatever comes next may need the room
    peer = f"ours, {len(few.rows('train')):,} training slices"
    goal = Goal("ratio", 0.8)
    return [
        compare(f"{title}, cached by the system", RATE, taken["cached"], peer, taken["few"], (goal,)),
        compare(f"{title}, from a cold disk", RATE, taken["cold"], peer, taken["few"], (goal,)),
        compare(f"peak memory, {many:,} slices", MEMORY, taken["cached"], peer, taken["few"], (Goal("ratio", 0.95),)),
    ]


def _sides(bench: Bench, folder: Path) -> dict[str, Callable[[], Reading]]:
    options = ("--preset", "cnn", "--seconds", bench.sizes.stream_seconds)

    def cold() -> Reading:
        forget(folder / "slices.npy")
        return ours(bench, *options, dataset=NAME)

    return {"cold": cold, "cached": lambda: ours(bench, *options, dataset=NAME), "few": lambda: ours(bench, *options)}


def tile(source: Dataset, settings: Settings, name: str, slices: int, every: int = 1) -> Dataset:
    """A data set of as many slices, drawn at random from another's with their labels; written straight to its files.

    every: of a row of pixels and of a column, which one is kept; 2 for a quarter of the pixels.
    Not through DatasetBuilder, which hashes every slice: the copies here are never compared.
    """
    random = np.random.default_rng(0)
    drawn = random.integers(0, source.header.slices, slices)
    folder = settings.datasets / name
    folder.mkdir()
    thinned = source.pixels[:, ::every, ::every]
    shape = thinned.shape[1:]
    pixels = np.lib.format.open_memmap(folder / "slices.npy", "w+", np.uint8, (slices, *shape))
    for start in range(0, slices, _CHUNK):
        pixels[start : start + _CHUNK] = thinned[drawn[start : start + _CHUNK]]
    pixels.flush()
    _tiled_index(source, drawn, random).to_parquet(folder / "index.parquet", index=False)
    header = Header(
        name=name,
        label_names=source.label_names,
        image_shape=shape,
        slices=slices,
        patients=-(-slices // 20),
        fingerprint=random.bytes(16).hex(),
        simulated=True,
        created=datetime.now(UTC).isoformat(),
    )
    (folder / "dataset.json").write_text(header.model_dump_json())
    return open_dataset(name, settings)


def _tiled_index(source: Dataset, drawn: np.ndarray, random: np.random.Generator) -> pd.DataFrame:
    """As wide as a real one: patients of 20 slices, ids and checksums that are all different."""
    count = len(drawn)
    digits = random.bytes(16 * count).hex()
    labels = source.truth[drawn]
    return pd.DataFrame(
        {
            "id": [f"P{number // 20:06d}-{number % 20:02d}" for number in range(count)],
            "patient": [f"P{number // 20:06d}" for number in range(count)],
            "split": pd.Categorical(random.choice(list(_SHARES), count, p=list(_SHARES.values()))),
            "source": pd.Categorical(["simulated"] * count),
            "position": random.random(count) * 100,
            "checksum": [digits[start : start + 32] for start in range(0, 32 * count, 32)],
        }
        | {label: labels[:, column] for column, label in enumerate(source.label_names)}
    )


def forget(file: Path) -> None:
    """Ask the system to drop its cached copy of a file, where it can be asked."""
    if hasattr(os, "posix_fadvise"):
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
            os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
