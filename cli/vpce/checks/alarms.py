"""The stack's alarms that are in ALARM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .check import Check, ok, warning, wrong

if TYPE_CHECKING:
    from .patient import Patient

_AT_ONCE = 100
_RUNBOOK = "look it up in docs/operating.md"


def look(patient: Patient) -> Iterator[Check]:
    """A line for each alarm that is in ALARM, one for all where none is."""
    names = sorted(name for logical_id, name in patient.resources.items() if logical_id.endswith("Alarm"))
    if not names:
        yield ok("alarms", "the stack has no alarms")
        return
    ringing = silent = deaf = 0
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        for alarm in patient.account.cloudwatch.describe_alarms(AlarmNames=some)["MetricAlarms"]:
            silent += not alarm.get("ActionsEnabled", True)
            deaf += not alarm.get("AlarmActions")
            if alarm.get("StateValue") == "ALARM":
                ringing += 1
                seen = (
                    f"{alarm.get('AlarmName')} is in ALARM: {alarm.get('StateReason', 'no reason is given')}"
                )
                yield wrong("alarms", seen, alarm.get("AlarmDescription") or _RUNBOOK)
    if silent:
        yield warning(
            "alarms",
            f"{silent} of {len(names)} alarms notify nobody: their actions are off",
            "turn them on: aws cloudwatch enable-alarm-actions",
        )
    if deaf == len(names):
        yield warning(
            "alarms",
            "no alarm notifies anyone: the stack has no topic",
            "deploy with AlarmTopicArn; README has the parameter",
        )
    if not ringing:
        yield ok("alarms", f"none of {len(names)} is in ALARM")
