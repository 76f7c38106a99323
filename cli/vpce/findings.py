"""What is open in a VPC, as JSON and as words. `status` and `explain` tell it alike."""

from __future__ import annotations

from typing import Any

from reconciler.domain.cures import NOTHING_TO_DO
from reconciler.domain.findings import Status
from reconciler.domain.memory import Cause
from reconciler.event_bus import cause_fields

from .survey import Seen, Standing
from .words import at, duration

# Colours of states and of what became of findings; the same word is the same colour.
STYLES = {
    "in sync": "green",
    "converging": "cyan",
    "waiting": "cyan",
    "drifted": "yellow",
    "remediable": "yellow",
    "audit": "yellow",
    "reported": "yellow",
    "blocked": "bold red",
    "contested": "bold red",
    "leaving": "cyan",
    "impaired": "magenta",
}


def cause_document(cause: Cause | None) -> dict[str, Any] | None:
    """A call, as JSON."""
    if cause is None:
        return None
    return cause_fields(cause) | {"resources": list(cause.resources), "refused": cause.refused}


def finding_document(standing: Standing, now: float) -> dict[str, Any]:
    """A finding, as JSON. What is not known is null."""
    return {
        "kind": standing.kind,
        "resource": standing.resource,
        "status": standing.status,
        "reason": standing.reason,
        "found": standing.found,
        "wanted": standing.wanted,
        "since": at(standing.since) if standing.since else None,
        "age_seconds": int(now - standing.since) if standing.since else None,
        "cause": cause_document(standing.cause),
        "cure": standing.cure,
        "detail": standing.detail or None,
    }


def vpc_document(seen: Seen, now: float) -> dict[str, Any]:
    """A VPC, as JSON."""
    return {
        "vpc_id": seen.vpc_id,
        "name": seen.name,
        "opted_in": seen.opted_in,
        "profile": seen.profile or None,
        "mode": seen.wanted.mode,
        "state": seen.state,
        "since": at(seen.since) if seen.since else None,
        "age_seconds": int(now - seen.since) if seen.since else None,
        "findings": [finding_document(each, now) for each in seen.findings],
    }


def age(standing: Standing, now: float) -> str:
    """How long a finding has stood."""
    return duration(now - standing.since) if standing.since else "not known"


def by(cause: Cause | None) -> str:
    """Whose doing it was."""
    if cause is None:
        return "not known"
    return f"{cause.actor} by {cause.event_name}{' (refused)' if cause.refused else ''}"


def to_do(standing: Standing) -> str:
    """What a person does, empty for nothing."""
    return "" if standing.cure == NOTHING_TO_DO else standing.cure


def status_of(standing: Standing) -> str:
    """What a finding is, and why where that says more."""
    status: str = "drifted" if standing.status is Status.REMEDIABLE else standing.status
    same = standing.reason is None or standing.reason.value == standing.kind.value
    return status if same else f"{status}, {standing.reason}"
