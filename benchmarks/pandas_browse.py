"""Peer of finding slices: pandas on the whole table, with masks, `sort_values` and `value_counts`.

    python benchmarks/pandas_browse.py FOLDER QUERIES

FOLDER holds a data set, QUERIES is a JSON list of the fields of `mri_core.datasets.browse.Query`. Prints one line of
JSON: the seconds that opening with the first page, the slowest query with a page from its middle, and the label
statistics took, the resident memory after that, and what each query found.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

PER_PAGE = 30
SORTS = {"id": ["id"], "patient": ["patient", "position", "id"], "position": ["position", "id"]}
ALL = {"split": None, "labels": [], "no_finding": False, "match": "all", "patient": None, "sort": "id"}


def main(folder: str, queries: str) -> None:
    began = time.perf_counter()
    labels = json.loads((Path(folder) / "dataset.json").read_text())["label_names"]
    slices = np.load(Path(folder) / "slices.npy", mmap_mode="r")
    table = pd.read_parquet(Path(folder) / "index.parquet")
    look(table, labels, slices, ALL | {"descending": False})
    opened = time.perf_counter() - began
    seconds, pages = [], []
    for query in json.loads(queries):
        began = time.perf_counter()
        pages.append(look(table, labels, slices, query))
        seconds.append(time.perf_counter() - began)
    began = time.perf_counter()
    count(table, labels)
    counted = time.perf_counter() - began
    found = {"open": opened, "slowest": max(seconds), "each": seconds, "statistics": counted, "found": pages}
    print(json.dumps(found | {"resident_mb": psutil.Process().memory_info().rss / 1e6}))


def look(table: pd.DataFrame, labels: list[str], pixels: np.ndarray, query: dict) -> list[str]:
    keep = pd.Series(True, index=table.index)
    if query["split"]:
        keep &= table["split"] == query["split"]
    if query["patient"]:
        keep &= table["patient"] == query["patient"]
    if query["labels"] or query["no_finding"]:
        keep &= has(table[labels] == 1, query)
    found = table[keep].sort_values(SORTS[query["sort"]], ascending=not query["descending"])
    pages = -(-len(found) // PER_PAGE)
    middle = pages // 2 * PER_PAGE
    page = found.iloc[middle : middle + PER_PAGE]
    pixels[page.index.to_numpy()]
    return [slice["id"] for slice in page.to_dict("records")]


def has(on: pd.DataFrame, query: dict) -> pd.Series:
    present = on.assign(none=~on.any(axis=1))
    wanted = [*query["labels"], *(["none"] if query["no_finding"] else [])]
    if query["match"] == "exactly":
        return present[wanted].all(axis=1) & ~present.drop(columns=wanted).any(axis=1)
    return present[wanted].any(axis=1) if query["match"] == "any" else present[wanted].all(axis=1)


def count(table: pd.DataFrame, labels: list[str]) -> None:
    splits = table.groupby("split", observed=True)
    splits[labels].agg(["sum", "mean"])
    carried = table[labels].sum(axis=1)
    carried.groupby(table["split"], observed=True).mean()
    (carried == 0).groupby(table["split"], observed=True).mean()
    table[labels].value_counts()
    on = table[labels].astype("int64")
    on.T @ on


if __name__ == "__main__":
    main(*sys.argv[1:])
