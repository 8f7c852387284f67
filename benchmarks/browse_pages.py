"""The pages that show a whole data set, and the memory of a process that has drawn them; or an empty page.

    python benchmarks/browse_pages.py [NAME QUERIES]

Drives Overview, Labels and Browse with Streamlit's own test driver on data set NAME of the home that MRI_HOME names.
QUERIES is a JSON list of the fields of `mri_core.datasets.browse.Query`. Prints one line of JSON: the seconds of the
slowest rerun after each page was drawn once, and the resident memory after all.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psutil
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60  # seconds


def main(name: str = "", queries: str = "[]") -> None:
    seconds = pages(name, json.loads(queries)) if name else bare()
    print(json.dumps({"seconds": max(seconds), "resident_mb": psutil.Process().memory_info().rss / 1e6}))


def bare() -> list[float]:
    page = AppTest.from_file(str(ROOT / "benchmarks" / "bare_streamlit.py"), default_timeout=PATIENCE).run()
    return [timed(page)]


def pages(name: str, queries: list[dict]) -> list[float]:
    home = AppTest.from_file(str(ROOT / "app" / "Home.py"), default_timeout=PATIENCE)
    home.query_params["dataset"] = name
    home.run()
    seconds = [timed(home)]
    home.switch_page("views/labels.py").run()
    seconds.append(timed(home))
    for query in queries:
        shown = AppTest.from_file(str(ROOT / "app" / "Home.py"), default_timeout=PATIENCE)
        shown.query_params["dataset"] = name
        shown.run().switch_page("views/browse.py")
        for key, value in address(query).items():
            shown.query_params[key] = value
        shown.run()
        seconds.append(timed(shown))
    return seconds


def address(query: dict) -> dict[str, str | list[str]]:
    flags = {"no_finding": query["no_finding"], "last_first": query["descending"]}
    asked = {"label": query["labels"]} | {key: query[key] for key in ("split", "match", "patient", "sort")}
    return {key: value for key, value in asked.items() if value} | {key: "yes" for key, on in flags.items() if on}


def timed(shown: AppTest) -> float:
    began = time.perf_counter()
    shown.run()
    seconds = time.perf_counter() - began
    if shown.exception:
        raise SystemExit(shown.exception[0].message)
    return seconds


if __name__ == "__main__":
    main(*sys.argv[1:])
