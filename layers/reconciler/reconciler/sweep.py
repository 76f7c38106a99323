"""The sweep: every tagged VPC of the Region, observed in bulk, to those that need a pass.

It is what heals at install time, what catches lost events, and what counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import intent
from .locate import opted_in
from .model import Finding, Observation, Profile, Status
from .plan import plan

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

    from .observe import Observer
    from .settings import Settings


@dataclass(frozen=True)
class Sweep:
    """The tagged VPCs, by how they stand. `drifted` are those that a pass may do something about."""

    in_sync: tuple[str, ...]
    drifted: tuple[str, ...]
    blocked: tuple[str, ...]


def sweep(observer: Observer, ec2: EC2Client, profiles: Mapping[str, Profile], settings: Settings) -> Sweep:
    """Look at every tagged VPC. Writes nothing.

    Raises:
        botocore.exceptions.ClientError, HTTPClientError: when EC2 refuses a read.
    """
    standing: dict[Status | None, list[str]] = {None: [], Status.REMEDIABLE: [], Status.BLOCKED: []}
    for observation in observer.many(list(opted_in(ec2, settings.ownership))):
        findings = _findings(observation, profiles, settings)
        standing[_standing(findings)].append(observation.vpc.id)
    return Sweep(*(tuple(standing[status]) for status in (None, Status.REMEDIABLE, Status.BLOCKED)))


def _findings(
    observation: Observation, profiles: Mapping[str, Profile], settings: Settings
) -> tuple[Finding, ...]:
    asked = intent.read(observation.vpc, profiles, settings.default_mode, settings.ownership)
    if asked.profile is None:
        return asked.findings
    return (*asked.findings, *plan(observation, asked.profile, settings.ownership).findings)


def _standing(findings: tuple[Finding, ...]) -> Status | None:
    statuses = {finding.status for finding in findings}
    if statuses & {Status.REMEDIABLE, Status.CONVERGING}:
        return Status.REMEDIABLE
    return Status.BLOCKED if Status.BLOCKED in statuses else None
