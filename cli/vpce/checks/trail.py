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
    from mypy_boto3_cloudtrail import CloudTrailClient

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

    ALL = "logs management write events of EC2"
    SOME = "logs only some management write events of EC2"
    UNREAD = "logs; whether write events are among what it logs could not be seen"
    NONE = "logs no management write events of EC2"
    OFF = "does not log"


# What a person does where the best trail is of this kind.
_CURES = {
    Logged.SOME: _SELECT,
    Logged.UNREAD: "ask the owner of the trail for its event selectors",
    Logged.NONE: _SELECT,
    Logged.OFF: _CREATE,
}


def look(patient: Patient) -> Iterator[Check]:
    """A line for the best trail, or for what is missing."""
    region, cloudtrail = patient.account.region, patient.account.cloudtrail
    trails = [
        each
        for each in cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
        if each.get("IsMultiRegionTrail") or each.get("HomeRegion", region) == region
    ]
    found: dict[Logged, list[str]] = {each: [] for each in Logged}
    for trail in trails:
        logged, detail = _logged(cloudtrail, trail.get("TrailARN") or trail["Name"])
        if logged is Logged.ALL:
            yield ok(_SUBJECT, f"{trail['Name']} ({_kind(trail)}) {logged}")
            if detail:
                # EventBridge gets the events all the same.
                seen = f"{trail['Name']} cannot deliver its files: {detail}"
                yield warning(_SUBJECT, seen, "look at its bucket's policy")
            return
        found[logged].append(f"{trail['Name']} {logged}{f' ({detail})' if detail else ''}")
    best = next((each for each in Logged if found[each]), Logged.OFF)
    said = "; ".join(each for those in found.values() for each in those) or "there is no trail in this Region"
    if best in (Logged.SOME, Logged.UNREAD):
        yield warning(_SUBJECT, f"{said}: drift of which no event comes waits for the sweep", _CURES[best])
    else:
        yield wrong(_SUBJECT, f"{said}: no event comes, and drift waits for the sweep", _CURES[best])


def _logged(cloudtrail: CloudTrailClient, arn: str) -> tuple[Logged, str]:
    """What a trail logs, and what else there is to say of it."""
    status = cloudtrail.get_trail_status(Name=arn)
    if not status["IsLogging"]:
        return Logged.OFF, ""
    try:
        selectors = cloudtrail.get_event_selectors(TrailName=arn)
    except ClientError as error:
        # A member account may not see what the organization's trail selects.
        return Logged.UNREAD, action(error) if is_refused(error) else str(error)
    return logs_changes(selectors), status.get("LatestDeliveryError", "")


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
