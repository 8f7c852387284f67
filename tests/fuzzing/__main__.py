"""Fuzz the readers: `python -m tests.fuzzing --seconds 60 --format png`, or `--inputs 1000000` for the long form.

Without --format all formats take their turn. What is found and how far it is stays in the folder --keep, and the next
call with the same folder goes on there. Prints a line a format and a JSON text; exits with 1 after a failure.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.fuzzing.campaign import Campaign
from tests.fuzzing.formats import FORMATS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description="Fuzz the readers of files.")
    parser.add_argument("--format", choices=FORMATS, action="append", help="may be repeated; without it: all")
    parser.add_argument("--seconds", type=float, default=None, help="for each format, on the clock")
    parser.add_argument("--inputs", type=int, default=None, help="for each format, of this and earlier calls together")
    parser.add_argument("--processes", type=int, default=2, help="that read at the same time")
    parser.add_argument("--keep", type=Path, default=Path(".fuzzing"), help="folder for counts and what is found")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other inputs")
    asked = parser.parse_args()
    if asked.seconds is None and asked.inputs is None:
        parser.error("say how long: --seconds 60 or --inputs 1000000")
    asked.keep.mkdir(parents=True, exist_ok=True)
    (asked.keep / ".gitignore").write_text("*\n")

    results, failed = {}, False
    for name in asked.format or FORMATS:
        campaign = Campaign(name, asked.keep, asked.seed)
        campaign.run(asked.inputs or sys.maxsize, asked.seconds or float("inf"), asked.processes)
        count = campaign.count
        results[name] = asdict(count)
        failed = failed or bool(count.failures)
        rate = count.inputs / count.processor if count.processor else 0
        print(
            f"{name:9} {count.inputs:>9,} inputs, {rate:>6,.0f} a processor second: "
            f"{count.slices:,} gave slices, {count.refused:,} refused, {count.memory:,} too large, "
            f"{count.failures:,} failed; slowest {count.slowest:.2f} s",
            flush=True,
        )
        for failure in campaign.failures[:5]:
            print(f"  {failure.what}\n  {failure.trace.strip().splitlines()[-1:]}", flush=True)
    print(json.dumps(results))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
