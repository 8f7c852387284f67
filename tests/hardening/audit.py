"""Looks the pinned packages up in the databases of known vulnerabilities: `make audit`.

Fails for a vulnerability that has a fixed version. Where neither database can be reached it says so and does not fail,
because who checks out the project on a train has done nothing wrong.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

SERVICES = ("pypi", "osv")
SECONDS = 180


def look_up(files: Sequence[str], service: str) -> dict[str, Any] | None:
    """What pip-audit says of the packages pinned in requirement files; None where the database is out of reach.

    Nothing is resolved or installed: the files name every package with its version.
    """
    named = [part for file in files for part in ("--requirement", file)]
    command = [sys.executable, "-m", "pip_audit", *named, "--disable-pip", "--no-deps", "--format", "json"]
    options = ["--vulnerability-service", service, "--progress-spinner", "off", "--timeout", "10"]
    try:
        told = subprocess.run([*command, *options], capture_output=True, text=True, timeout=SECONDS, check=False)
        document = json.loads(told.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None
    return document if any("vulns" in one for one in document["dependencies"]) else None


def verdict(document: Mapping[str, Any]) -> tuple[list[str], bool]:
    """Lines to print, and whether a package has to be replaced: a vulnerability is known, and a version without it."""
    looked_up = [one for one in document["dependencies"] if "vulns" in one]
    skipped = [one["name"] for one in document["dependencies"] if "vulns" not in one]
    lines, to_replace = [f"{len(looked_up)} packages looked up"], False
    if skipped:
        lines.append(f"not known to the database: {', '.join(skipped)}")
    for one in looked_up:
        for found in one["vulns"]:
            to_replace |= bool(found["fix_versions"])
            names = " ".join([found["id"], *found.get("aliases", [])])
            fixed = f"fixed in {', '.join(found['fix_versions'])}" if found["fix_versions"] else "not fixed yet"
            lines.append(f"{one['name']} {one['version']}: {names}: {fixed}")
    return lines, to_replace


def main(*files: str) -> int:
    for service in SERVICES:
        if document := look_up(files, service):
            lines, to_replace = verdict(document)
            print("\n".join(lines))
            return int(to_replace)
    print(f"NOT AUDITED: no database of vulnerabilities ({', '.join(SERVICES)}) can be reached from here")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
