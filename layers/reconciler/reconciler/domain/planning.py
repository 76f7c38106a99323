"""From what is observed and what the VPC's tags ask for to the plan, through the concerns."""

from __future__ import annotations

from dataclasses import replace

from .actions import CreateTags
from .concerns import Assessment, Concern, dns, security_group, tags, teardown
from .concerns.endpoint import gateway, interface
from .findings import Finding, Kind
from .installation import Installation
from .intent import Intent
from .model import Observation
from .plan import Plan, Step
from .situation import Situation

CONCERNS: tuple[Concern, ...] = (
    dns.assess,
    security_group.assess,
    tags.assess,
    interface.assess,
    gateway.assess,
    teardown.assess,
)


def make_plan(observation: Observation, intent: Intent, installation: Installation) -> Plan:
    """Compare the VPC with what its tags ask for. The findings of the intent are the plan's too."""
    if intent.profile is None:
        return Plan.of(intent.findings, ())
    situation = Situation(observation, intent.profile, installation)
    assessed = Assessment.joined(assess(situation) for assess in CONCERNS)
    if not intent.make_way_until:
        return Plan.of((*intent.findings, *assessed.findings), assessed.steps)
    mark = _mark(situation, intent.make_way_until)
    steps = (mark, *(replace(step, needs_tags_on=situation.vpc_id) for step in assessed.steps))
    return Plan.of((*mark.remediates, *intent.findings, *assessed.findings), steps)


def _mark(situation: Situation, until: str) -> Step:
    """The step that leaves the VPC to who wants to delete it. All others need it: without the mark, the next
    run would heal what this one takes down."""
    refused = Finding(
        Kind.RELEASED,
        situation.vpc_id,
        found="someone was refused its deletion, for what is owned in it",
        wanted=f"left alone until {until}, with nothing owned in it",
    )
    released = {situation.installation.released_key: until}
    return Step(CreateTags(situation.vpc_id, released, needed=True), (refused,))
