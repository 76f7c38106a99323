"""Whether a trail logs the calls that change something: without one, EventBridge gets no events (facts,
section 6), and only the sweep heals.

A trail of the Region counts, one of all Regions, and one of the organization.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..problems import action, is_refused
from .check import Check, ok, warning, wrong

if TYPE_CHECKING:
    from .patient import Patient

_SUBJECT = "trail"
_CREATE = (
    "create a trail with management events, or start the logging of one: "
    "aws cloudtrail start-logging --name TRAIL"
)
_SELECT = "have a trail log management events, write or all: aws cloudtrail put-event-selectors"

# What EC2's changes look like to a trail's selectors. Of other fields nothing is known.
_CHANGE = {
    "eventCategory": "Management",
    "readOnly": "false",
    "eventSource": "ec2.amazonaws.com",
    "eventType": "AwsApiCall",
    "resources.type": "",
}


class Logged(StrEnum):
    """Which of EC2's changes a trail logs."""

    ALL = "all"
    SOME = "some"
    NONE = "none"


def look(patient: Patient) -> Iterator[Check]:
    """A line for what logs, or for what is missing."""
    cloudtrail = patient.account.cloudtrail
    trails = cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
    idle: list[str] = []
    partial: list[str] = []
    unread: list[tuple[str, str]] = []
    for trail in trails:
        home = trail.get("HomeRegion", patient.account.region)
        name, arn = trail["Name"], trail.get("TrailARN") or trail["Name"]
        if home != patient.account.region and not trail.get("IsMultiRegionTrail"):
            continue
        status = cloudtrail.get_trail_status(Name=arn)
        if not status["IsLogging"]:
            idle.append(f"{name} does not log")
            continue
        try:
            selectors = cloudtrail.get_event_selectors(TrailName=arn)
        except ClientError as error:
            # A member account may not see what the organization's trail selects.
            unread.append((name, action(error) if is_refused(error) else str(error)))
            continue
        logged = logs_changes(selectors)
        if logged is Logged.ALL:
            kind = _kind(trail)
            yield ok(_SUBJECT, f"{name} ({kind}) logs management write events of EC2")
            if why := status.get("LatestDeliveryError"):
                # EventBridge gets the events all the same.
                yield warning(
                    _SUBJECT, f"{name} cannot deliver its files: {why}", "look at its bucket's policy"
                )
            return
        (partial if logged is Logged.SOME else idle).append(
            f"{name} logs {'only some' if logged is Logged.SOME else 'no'} management write events of EC2"
        )
    if partial:
        yield warning(_SUBJECT, f"{'; '.join(partial)}: drift by the others waits for the sweep", _SELECT)
    elif unread:
        names = ", ".join(name for name, _ in unread)
        yield warning(
            _SUBJECT,
            f"{names} logs; whether write events are among what it logs could not be seen ({unread[0][1]})",
            "ask the owner of the trail for its event selectors",
        )
    else:
        why = "; ".join(idle) or "there is no trail in this Region"
        yield wrong(
            _SUBJECT, f"{why}: no event comes, and drift waits for the sweep", _SELECT if idle else _CREATE
        )


def _kind(trail: Mapping[str, Any]) -> str:
    if trail.get("IsOrganizationTrail"):
        return "organization trail"
    return "trail of all Regions" if trail.get("IsMultiRegionTrail") else "trail of this Region"


def logs_changes(selectors: Mapping[str, Any]) -> Logged:
    """Which of EC2's changes the answer of GetEventSelectors lets through."""
    advanced = selectors.get("AdvancedEventSelectors") or []
    if advanced:
        found = {_admits(each["FieldSelectors"]) for each in advanced}
        return next((each for each in (Logged.ALL, Logged.SOME) if each in found), Logged.NONE)
    for each in selectors.get("EventSelectors") or []:
        # Those that may be left out are KMS and the RDS data API, none of ours.
        if each.get("IncludeManagementEvents", True) and each.get("ReadWriteType", "All") != "ReadOnly":
            return Logged.ALL
    return Logged.NONE


def _admits(fields: Sequence[Mapping[str, Any]]) -> Logged:
    """Whether one advanced selector admits a change of EC2's. All of its fields must."""
    worst = Logged.ALL
    for field in fields:
        known = _CHANGE.get(field["Field"])
        if known is None:
            # By event name or by who called: that narrows, and how much cannot be told.
            worst = Logged.SOME
        elif not _matches(known, field):
            return Logged.NONE
    return worst


def _matches(value: str, field: Mapping[str, Sequence[str]]) -> bool:
    tests: Mapping[str, Callable[[str], bool]] = {
        "Equals": value.__eq__,
        "StartsWith": value.startswith,
        "EndsWith": value.endswith,
    }
    for name, holds in tests.items():
        if field.get(name) and not any(holds(each) for each in field[name]):
            return False
        if any(holds(each) for each in field.get(f"Not{name}") or ()):
            return False
    return True
