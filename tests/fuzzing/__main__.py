"""Fuzz the readers: `python -m tests.fuzzing --seconds 60 --format png`, or `--inputs 1000000` for the long form.

Without --format all formats take their turn. What is found and how far it is stays in the folder --keep, and the next
call with the same folder goes on there. Prints a line a format and a JSON text; exits with 1 after a failure.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tests.fuzzing.campaign import Campaign
from tests.fuzzing.formats import FORMATS


def in_words(name: str, campaign: Campaign) -> list[str]:
    count = campaign.count
    rate = count.inputs / count.processor if count.processor else 0
    told = (
        f"{name:9} {count.inputs:>9,} inputs, {rate:>6,.0f} a processor second: "
        f"{count.slices:,} gave slices, {count.refused:,} refused, {count.memory:,} too large, "
        f"{count.failures:,} failed; slowest {count.slowest:.2f} s"
    )
    return [told, *(f"  {one.what}\n  {one.trace.strip().splitlines()[-1:]}" for one in campaign.failures[:5])]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description="Fuzz the readers of files.")
    parser.add_argument("--format", choices=FORMATS, action="append", help="may be repeated; without it: all")
    parser.add_argument("--seconds", type=float, default=None, help="for each format, on the clock")
    parser.add_argument("--inputs", type=int, default=None, help="for each format, of this and earlier calls together")
    parser.add_argument(
        "--processes", type=int, default=2, help="that read at the same time, several formats where there are several"
    )
    parser.add_argument("--keep", type=Path, default=Path(".fuzzing"), help="folder for counts and what is found")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other inputs")
    asked = parser.parse_args()
    if asked.seconds is None and asked.inputs is None:
        parser.error("say how long: --seconds 60 or --inputs 1000000")
    asked.keep.mkdir(parents=True, exist_ok=True)
    (asked.keep / ".gitignore").write_text("*\n")

    formats = asked.format or list(FORMATS)
    at_once = min(asked.processes, len(formats))

    def run(name: str) -> Campaign:
        campaign = Campaign(name, asked.keep, asked.seed)
        campaign.run(asked.inputs or sys.maxsize, asked.seconds or float("inf"), asked.processes // at_once)
        return campaign

    results, failed = {}, False
    with ThreadPoolExecutor(at_once) as side_by_side:
        for name, campaign in zip(formats, side_by_side.map(run, formats), strict=True):
            results[name] = asdict(campaign.count)
            failed = failed or bool(campaign.count.failures)
            print("\n".join(in_words(name, campaign)), flush=True)
    print(json.dumps(results))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
