"""What `make audit` makes of what pip-audit says."""

from __future__ import annotations

import json
import subprocess

import audit
import pytest

FIXED = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"], "description": ""}
OPEN = {"id": "PYSEC-2", "aliases": [], "fix_versions": [], "description": ""}
CLEAN = {"name": "b", "version": "1", "vulns": []}
SKIPPED = {"name": "c", "skip_reason": "not found"}


def document(*dependencies: dict) -> str:
    return json.dumps({"dependencies": list(dependencies), "fixes": []})


@pytest.mark.parametrize(
    ("answers", "status", "told"),
    [
        ([document(CLEAN, SKIPPED)], 0, ["1 packages looked up", "not known to the database: c"]),
        ([document({"name": "a", "version": "2", "vulns": [FIXED]})], 1, ["a 2: PYSEC-1 CVE-1: fixed in 2.1"]),
        ([document({"name": "a", "version": "2", "vulns": [OPEN]}, CLEAN)], 0, ["a 2: PYSEC-2: not fixed yet"]),
        ([document({"name": "a", "version": "2", "vulns": [OPEN, FIXED]})], 1, ["PYSEC-1", "PYSEC-2"]),
        ([document(SKIPPED), "", ""], 0, ["NOT AUDITED"]),
        (["no JSON", document(CLEAN)], 0, ["1 packages looked up"]),
        ([subprocess.TimeoutExpired("pip-audit", 1), ""], 0, ["NOT AUDITED"]),
    ],
)
def test_it_fails_for_what_can_be_repaired(monkeypatch, capsys, answers: list, status: int, told: list[str]) -> None:
    waiting = iter(answers)

    def run(command, **options) -> subprocess.CompletedProcess:
        assert command[2] == "pip_audit" and "requirements.txt" in command
        answer = next(waiting)
        if isinstance(answer, Exception):
            raise answer
        return subprocess.CompletedProcess(command, 1, answer)

    monkeypatch.setattr(audit.subprocess, "run", run)
    assert audit.main("requirements.txt") == status
    printed = capsys.readouterr().out
    assert all(one in printed for one in told)
