"""What is known of a demo when it ends: plain values, from which the whole report is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.control_plane.emf import Metric
from sandbox.control_plane.logs import Line


@dataclass(frozen=True)
class Deed:
    """One row of the demo's boards: what was done to a VPC, by whom, and what became of it."""

    board: str
    """The title of the board."""
    vpc: str
    """The VPC's name."""
    what: str
    by: str
    state: str
    note: str
    begun: float
    """Seconds since the epoch."""
    seconds: float

    @property
    def ended(self) -> float:
        """When it was done with, in seconds since the epoch."""
        return self.begun + self.seconds


@dataclass(frozen=True)
class Seen:
    """One VPC at one moment, by EC2's own answers."""

    profile: str = ""
    """The value of the opt-in tag; empty without the tag."""
    mode: str = ""
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """The account at one moment."""

    at: float
    """Seconds since the epoch."""
    vpcs: Mapping[str, Seen] = field(default_factory=dict)
    """By id. A VPC that is gone is not there."""
    depths: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By the queue's name: CloudWatch's metric of its depth, and the value."""


@dataclass(frozen=True)
class Write:
    """A call of the remediator that could change something."""

    at: float
    action: str
    request_id: str
    error: str | None = None


@dataclass(frozen=True)
class Alarm:
    """An alarm of the stack, as CloudWatch has it."""

    name: str
    state: str
    description: str = ""


@dataclass(frozen=True)
class Dashboard:
    """The deployed dashboard: its name, and its body as CloudWatch gives it."""

    name: str
    body: str


@dataclass(frozen=True)
class Outcome:
    """What the demo's last line says."""

    shown: bool
    figures: tuple[tuple[str, str], ...] = ()
    """Each a label and what it stands at."""
    failures: tuple[str, ...] = ()
    healing_seconds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Record:
    """All of it."""

    begun: float
    """Seconds since the epoch."""
    ended: float
    outcome: Outcome
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of VPCs, by id."""
    deeds: tuple[Deed, ...] = ()
    samples: tuple[Sample, ...] = ()
    writes: tuple[Write, ...] = ()
    lines: tuple[Line, ...] = ()
    log_groups: Mapping[str, str] = field(default_factory=dict)
    """The functions' logical ids, by the name of their log group."""
    metrics: tuple[Metric, ...] = ()
    """What the functions published, and of AWS's own what the sandbox has."""
    dashboard: Dashboard | None = None
    alarms: Mapping[str, Alarm] = field(default_factory=dict)
    """By ARN."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.begun

    def name(self, vpc_id: str) -> str:
        """What a VPC's team calls it; its id where it has no name."""
        return self.names.get(vpc_id, vpc_id)

    def logged(self) -> list[tuple[Line, Mapping[str, Any]]]:
        """The lines that are JSON, each with what it says."""
        return [(line, said) for line in self.lines if (said := _read(line.message))]


def _read(message: str) -> Mapping[str, Any] | None:
    if not message.startswith("{"):
        return None
    try:
        found = json.loads(message)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
