"""When a VPC is looked at again, and what its next run has to know of this one."""

from __future__ import annotations

from dataclasses import replace

from .conclusion import Run
from .domain.findings import Reason
from .messages import RunRequest

# A VPC whose run failed is looked at again after the queue's delay; each further time after twice as long, up
# to this.
_LONGEST_PAUSE_SECONDS = 300


def next_request(run: Run, debounce: int, now: float) -> RunRequest:
    """The request for the VPC's next run. `debounce` is the queue's delay in seconds, `now` in seconds since
    1970.
    """
    request = run.request
    failures = request.failures + 1 if run.failed else request.failures if run.is_early else 0
    unknown = run.failed and any(each.reason is Reason.UNKNOWN for each in run.findings)
    unread = run.unread is not None and run.unread.reason is Reason.UNKNOWN
    goes_on = run.is_early or run.was_unknown
    waits = run.paced and not run.in_vain
    awaits_turn = run.awaits_turn or request.awaits_turn
    begins = not request.began or (not failures and not run.in_vain and awaits_turn)
    pause = 0.0
    if run.failed and failures > 1:
        pause = min(max(debounce, 1) * 2 ** (failures - 1), _LONGEST_PAUSE_SECONDS)
    return replace(
        request,
        # A VPC that waits for its turn spends no attempt, and the time for its attempts begins with its turn;
        # unless it asked for something else that EC2 could not do, or did so before. Else several such VPCs,
        # which keep each other waiting, would do so without end.
        # That time goes on where EC2 throttles it again and again.
        attempts=max(1, request.attempts if waits else request.attempts + 1),
        paced=run.paced,
        awaits_turn=run.awaits_turn,
        turns=request.turns + 1 if run.paced else request.turns,
        precedence=run.precedence,
        began=int(now * 1000) if begins else request.began,
        failures=failures,
        # What waits for its turn is asked again later.
        unknowns=request.unknowns + 1 if unknown or unread else request.unknowns if goes_on else 0,
        not_before=int((now + pause) * 1000) if pause else 0,
        refused=run.refused,
        counted=run.tally.carried,
        made=run.unproven,
        contests=run.contests,
        asked=run.asked,
    )
