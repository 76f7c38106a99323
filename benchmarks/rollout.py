"""A roll-out under EC2's buckets, with the budget of endpoint calls and without it."""

from __future__ import annotations

from typing import Any

import tests.conftest  # noqa: F401 - the environment of the functions
from tests.roll_out import ENDPOINTS, RollOut, roll_out

TITLE = "Roll-out"
VPCS = (10, 30, 100)
# Without a budget, runs are throttled, and their VPCs given up in the end.
UNPACED = 100
HOW_TO_READ = f"""So many new VPCs with {ENDPOINTS} endpoints each are asked for at once, in an account
whose buckets are EC2's: 4 endpoint calls at once, one each 3.3 s. Debounce 30 s, two runs at a time. The
handlers and the write budget are the real ones; EC2 is the sandbox's, the queue a model
(`tests/fifo_queue.py`), and the clock is simulated: a read takes 10 to 50 ms, a write 0.2 to 1.2 s, an
endpoint is pending for 60 s. Seconds count from the first run.

The ratio is that of the last endpoint's making to the time in which the bucket gives all calls. With few
VPCs the queue's delay is what counts, since a VPC that waits is looked at twice in some 45 s. Not shown
here: PrivateLink's bucket of the whole organisation, cold starts, and SQS being later than asked."""


def measure() -> dict[str, Any]:
    """Roll-outs of several sizes on a simulated clock: minutes of computing, no waiting."""
    paced = {str(count): _summary(roll_out(count)) for count in VPCS}
    return {"with": paced, "without": {str(UNPACED): _summary(roll_out(UNPACED, paced=False))}}


def _summary(done: RollOut) -> dict[str, Any]:
    return {
        "ideal": round(done.ideal),
        "made": round(done.last_created),
        "ratio": round(done.last_created / done.ideal, 2),
        "throttled": round(done.throttled, 3),
        "converged": len(done.converged),
        "last converged": round(max(done.converged.values(), default=0.0)),
        "median converged": round(sorted(done.converged.values())[len(done.converged) // 2]),
        "half done": round(done.longest_half_done),
        "calls": len(done.calls),
        "invocations": len(done.ran),
    }


def in_words(found: dict[str, Any]) -> str:
    """The table, and how to read it."""
    lines = [
        HOW_TO_READ,
        "",
        "| VPCs | budget | bucket's time | last endpoint | ratio | throttled | converged | median | last "
        "| longest half done | EC2 calls | invocations |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for budget, sizes in (("yes", found["with"]), ("no", found["without"])):
        lines += [
            f"| {count} | {budget} | {each['ideal']} s | {each['made']} s | {each['ratio']} "
            f"| {each['throttled']:.1%} | {each['converged']} | {each['median converged']} s "
            f"| {each['last converged']} s | {each['half done']} s | {each['calls']} "
            f"| {each['invocations']} |"
            for count, each in sizes.items()
        ]
    return "\n".join(lines)
