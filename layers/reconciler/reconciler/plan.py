"""Observation and profile, through the concerns, to a plan. Pure.

The order of the steps is what keeps traffic flowing: what opens comes before what closes, a security group
before what stands behind it, DNS attributes before the private DNS that needs them.
"""

from __future__ import annotations

from .actions import (
    AuthorizeIngress,
    CreateEndpoint,
    CreateSecurityGroup,
    CreateTags,
    DeleteEndpoint,
    EnableVpcAttribute,
    ModifyEndpoint,
    Plan,
    RevokeEgress,
    RevokeIngress,
    Step,
)
from .concerns import Concern, dns, endpoints, security_group, tags
from .model import Observation, Profile
from .ownership import Ownership

CONCERNS: tuple[Concern, ...] = (
    dns.assess,
    security_group.assess,
    tags.assess,
    endpoints.assess,
)

# Tags come early: IAM lets the role change only what bears them.
_ORDER = (
    CreateTags,
    EnableVpcAttribute,
    CreateSecurityGroup,
    AuthorizeIngress,
    CreateEndpoint,
    ModifyEndpoint,
    DeleteEndpoint,
    RevokeIngress,
    RevokeEgress,
)


def plan(observation: Observation, profile: Profile, ownership: Ownership) -> Plan:
    """Hold the VPC against `profile`. The plan of a VPC that is as it should be has no steps."""
    assessments = [assess(observation, profile, ownership) for assess in CONCERNS]
    steps = (step for assessment in assessments for step in assessment.steps)
    return Plan(
        findings=tuple(finding for assessment in assessments for finding in assessment.findings),
        steps=tuple(sorted(steps, key=_rank)),
    )


def _rank(step: Step) -> int:
    return _ORDER.index(type(step.action))
