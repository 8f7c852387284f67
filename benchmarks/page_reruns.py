"""How long each page of the dashboard takes to draw itself again, and between any two an empty page.

    python benchmarks/page_reruns.py RUN TIMES

Drives the pages with Streamlit's own test driver on the home that MRI_HOME names, with RUN in the address. Prints one
line of JSON: page -> seconds of "ours" and of "bare", or the "problem" that the page showed.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60  # seconds


def main(run: str, times: str) -> None:
    bare = AppTest.from_file(str(ROOT / "benchmarks" / "bare_streamlit.py"), default_timeout=PATIENCE).run()
    pages = sorted(path.stem for path in (ROOT / "app" / "views").glob("[!_]*.py"))
    print(json.dumps({"pages": {page: reruns(page, run, bare, int(times)) for page in pages}}))


def reruns(page: str, run: str, bare: AppTest, times: int) -> dict[str, list[float] | str]:
    shown = AppTest.from_file(str(ROOT / "app" / "Home.py"), default_timeout=PATIENCE).run()
    shown.query_params["run"] = run
    shown.switch_page(f"views/{page}.py").run()
    timed(shown)
    if shown.exception:
        return {"problem": shown.exception[0].message}
    pairs = [(timed(shown), timed(bare)) for _ in range(times)]
    return {"ours": [ours for ours, _ in pairs], "bare": [theirs for _, theirs in pairs]}


def timed(shown: AppTest) -> float:
    began = time.perf_counter()
    shown.run()
    return time.perf_counter() - began


if __name__ == "__main__":
    main(*sys.argv[1:])
