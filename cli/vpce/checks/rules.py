"""Whether the rules that bring events, and the schedule of the sweep, are on and lead where they should."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .check import Check, ok, wrong

if TYPE_CHECKING:
    from .patient import Patient

_SUBJECT = "rules"
_REDEPLOY = "deploy the stack again: it puts back what was changed by hand"
# The stack's rules by their logical ids, and what each leads to.
RULES = ("ChangeRule", "TaggingRule", "OwnedNameRule", "DeletionRefusedRule", "DeployedRule")


def look(patient: Patient) -> Iterator[Check]:
    """A line for each rule that is off or leads nowhere, one for all where none is."""
    events, fine = patient.account.events, 0
    for logical_id in RULES:
        name = patient.resources.get(logical_id)
        if name is None:
            yield wrong(_SUBJECT, f"the stack has no {logical_id}", _REDEPLOY)
            continue
        # Of a rule on another bus than the default one, the id has the bus before the name.
        found = events.describe_rule(Name=name.rpartition("|")[2])
        targets = events.list_targets_by_rule(Rule=name.rpartition("|")[2])["Targets"]
        if found.get("State") == "DISABLED":
            yield wrong(
                _SUBJECT,
                f"{logical_id} is disabled: no event comes by it",
                f"enable it: aws events enable-rule --name {name}",
            )
        elif not targets:
            yield wrong(_SUBJECT, f"{logical_id} leads nowhere: it has no target", _REDEPLOY)
        else:
            fine += 1
    if fine == len(RULES):
        yield ok(_SUBJECT, f"all {fine} rules are on and have their targets")


def look_at_schedule(patient: Patient) -> Iterator[Check]:
    """A line for the sweep's schedule."""
    name = patient.resources.get("Schedule")
    if name is None:
        yield wrong("schedule", "the stack has no schedule of the sweep", _REDEPLOY)
        return
    found = patient.account.scheduler.get_schedule(Name=name.rpartition("|")[2].rpartition("/")[2])
    if found.get("State", "ENABLED") == "ENABLED":
        yield ok("schedule", f"the sweep's schedule is on: {found.get('ScheduleExpression')}")
    else:
        yield wrong("schedule", "the sweep's schedule is off: lost events are not caught", _REDEPLOY)
