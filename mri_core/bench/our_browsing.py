"""Our side of the browsing benchmark: `python -m mri_core.bench.our_browsing NAME QUERIES`.

QUERIES is a JSON list of the fields of `Query`. Prints one line of JSON: the seconds that opening with the first page,
the slowest query with a page from its middle, and the label statistics took, the resident memory after that, and what
each query found.
"""

from __future__ import annotations

import json
import sys
import time

import psutil

from mri_core.datasets.browse import Query, find_slices, page_count, page_rows, slice_records
from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.datasets.gather import gather
from mri_core.datasets.statistics import label_statistics
from mri_core.settings import Settings

_PER_PAGE = 30


def main(name: str, queries: str) -> None:
    """Each query is asked once, so that what is found once and kept is counted as well."""
    began = time.perf_counter()
    dataset = open_dataset(name, Settings())
    look(dataset, Query())
    opened = time.perf_counter() - began
    seconds, pages = [], []
    for fields in json.loads(queries):
        began = time.perf_counter()
        pages.append(look(dataset, Query(**fields | {"labels": tuple(fields["labels"])})))
        seconds.append(time.perf_counter() - began)
    began = time.perf_counter()
    label_statistics(dataset)
    counted = time.perf_counter() - began
    found = {"open": opened, "slowest": max(seconds), "each": seconds, "statistics": counted, "found": pages}
    print(json.dumps(found | {"resident_mb": psutil.Process().memory_info().rss / 1e6}))


def look(dataset: Dataset, query: Query) -> list[str]:
    """Ids of the slices on a page, which are read with their pixels."""
    rows = find_slices(dataset, query)
    page = page_rows(rows, 1 + page_count(len(rows), _PER_PAGE) // 2, _PER_PAGE)
    gather(dataset.pixels, page)
    return [record.id for record in slice_records(dataset, page)]


if __name__ == "__main__":
    main(*sys.argv[1:])
