"""A storm of events within a minute, over VPCs that have opted in and others."""

from __future__ import annotations

from typing import Any

import tests.conftest  # noqa: F401 - the environment of the functions
from tests.storm import storm

TITLE = "Storm"
OURS, OTHERS, EVENTS = 50, 500, 10_000


def measure() -> dict[str, Any]:
    """The whole storm, on a simulated clock: minutes of computing, no waiting."""
    lived = storm(OURS, OTHERS, EVENTS)
    return {
        "events": lived.sent,
        "events of ours": len(lived.told),
        "uncovered": len(lived.uncovered()),
        "runs asked for": lived.asked_runs,
        "bound": len(lived.ours) * (lived.windows + 1),
        "windows": lived.windows,
        "runs in all": len(lived.at_work.ran),
        "runs of others": len({each.vpc_id for each in lived.at_work.ran} - set(lived.ours)),
        "batches": len(lived.batches),
        "most calls of a batch": max(lived.batches),
        "calls of intake": sum(lived.batches),
        "dead letters": lived.dead + len(lived.at_work.queue.dead),
        "sweeps asked for": len(lived.at_work.sqs.sweeps),
        "faults": sum(len(lived.account.truth.faults(each)) for each in lived.ours),
    }


def in_words(found: dict[str, Any]) -> str:
    """The figures, and how to read them."""
    intro = f"""{found["events"]} messages within a minute, of calls truly made in {OURS} VPCs that have
opted in and {OTHERS} others; 0.5 to 90 s late, out of order, two of seven of them twice. Two processes of
intake take up to 500 each 5 s, two of reconcile make runs. Covered is an event after which a run began that
events had asked for; runs that follow from what a run found are not counted there. Not shown here: how
Lambda's pollers share the messages out, since the queues are models and the clock is simulated."""
    rows = [f"| {name} | {value} |" for name, value in found.items()]
    return "\n".join([intro, "", "| what | figure |", "|---|---|", *rows])
