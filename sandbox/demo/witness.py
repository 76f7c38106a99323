"""What the deployed functions say in their own log lines: who caused a finding, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sandbox.sandbox import Sandbox


def actors(sandbox: Sandbox, vpc: str, since: float) -> list[str]:
    """Who the remediator says caused what it found in a VPC, of the calls since then; each once."""
    causes = [each["cause"] for each in findings(sandbox, vpc) if each.get("cause")]
    return sorted({str(each["actor"]) for each in causes if each["time"] >= int(since)})


def contested_with(sandbox: Sandbox, vpc: str) -> list[str]:
    """With whom the remediator says that it has given up a fight in a VPC; empty where it has not."""
    causes = [each["cause"] for each in findings(sandbox, vpc) if each["status"] == "contested"]
    return sorted({str(each["actor"]) if each else "nobody" for each in causes})


def has_swept_as_leaving(sandbox: Sandbox, vpc: str) -> bool:
    """Whether a sweep counted a VPC among those where something is leaving."""
    return any(vpc in each.get("leaving", ()) for each in _records(sandbox, "SweepFunction"))


def findings(sandbox: Sandbox, vpc: str) -> Iterator[dict[str, Any]]:
    """The lines about findings in a VPC."""
    for each in _records(sandbox, "ReconcileFunction"):
        if each.get("vpc_id") == vpc and "kind" in each:
            yield each


def _records(sandbox: Sandbox, function: str) -> Iterator[dict[str, Any]]:
    for line in sandbox.lines(function):
        if line.message.startswith("{"):
            yield json.loads(line.message)
