"""From what is observed and what the VPC's tags ask for to the plan, through the concerns and `restraint`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from . import in_vain, making_way
from .actions import CreateTags, DeleteEndpoint, ModifyEndpoint
from .concerns import Assessment, Concern, dns, network_acl, security_group, tags, teardown
from .concerns.endpoint import gateway, interface
from .contest import Contest
from .findings import Finding, Kind
from .installation import Installation
from .intent import Intent
from .making_way import NOBODY_ASKS, Way
from .memory import Adoption, Memory
from .model import Observation
from .plan import Plan, Removal, Step
from .profile import NOTHING
from .restraint import restrain
from .situation import Situation
from .times import as_tag

CONCERNS: tuple[Concern, ...] = (
    dns.assess,
    security_group.assess,
    tags.assess,
    interface.assess,
    gateway.assess,
    teardown.assess,
    network_acl.assess,
)
# How long what someone wants to delete is left alone.
RELEASED_SECONDS = 3600


def make_plan(
    observation: Observation,
    intent: Intent,
    installation: Installation,
    memory: Memory | None = None,
    now: float = 0.0,
    doubt: str = "",
    contests: tuple[Contest, ...] = (),
) -> Plan:
    """Compare the VPC with what its tags ask for. The findings of the intent are the plan's too.

    `memory` is None where the ledger is not there; then `contests` are those that the queue's message
    carries. `now` is in seconds since 1970; `doubt` says why the profiles may not be what people wrote, empty
    where they are.
    """
    way = intent.way
    if intent.profile is None and way == NOBODY_ASKS:
        return replace(Plan.of(intent.findings, ()), looked_at=False)
    profile = intent.profile or NOTHING
    contests = memory.contests if memory else contests
    situation = Situation(observation, profile, installation, memory, now, way.subnet_ids, contests)
    # A VPC that is left as it is makes way all the same, for which what is owned needs its marks.
    concerns = CONCERNS if intent.profile is not None else (tags.assess,)
    assessed = Assessment.joined(assess(situation) for assess in concerns)
    if way != NOBODY_ASKS:
        assessed = _making_way(assessed, situation, way)
    doubt = doubt or _doubt(situation)
    plan = restrain(assessed, situation, doubt, at_once=intent.at_once)
    plan = in_vain.noted(plan, memory) if memory else plan
    return replace(
        plan,
        findings=tuple(dict.fromkeys((*intent.findings, *plan.findings))),
        adopts=tuple(_additions(plan, situation.owned_ids)),
        owned=tuple(sorted(situation.owned_purposes.items())),
        looked_at=intent.profile is not None,
    )


def _doubt(situation: Situation) -> str:
    """Why nothing may be deleted: a service of the profile that the Region does not offer may be a slip of
    the pen for one that is about to go."""
    unknown = [
        spec.service
        for spec in situation.profile.endpoints
        if not spec.optional and situation.service(spec) is None
    ]
    return f"the Region does not offer {', '.join(unknown)}, which the profile names" if unknown else ""


def _making_way(assessed: Assessment, situation: Situation, way: Way) -> Assessment:
    """With what makes way for a refused deletion, and marks on what is left to who deletes it. All else needs
    the mark on the VPC: without it, the next run would heal what this one takes down."""
    until = as_tag(situation.now + RELEASED_SECONDS)
    released = {situation.installation.released_key: until}
    steps = [*assessed.steps, *making_way.steps(situation, way)]
    # Also those that would go late, or wait for doubts to end: the deletion does not wait for that.
    for endpoint_id in sorted(way.endpoint_ids):
        finding = Finding(
            Kind.RELEASED, endpoint_id, "it stands in its last subnet", "gone, so that that can go"
        )
        steps = [step for step in steps if step.changed_id != endpoint_id]
        steps.append(Step(DeleteEndpoint(endpoint_id), (finding,), removal=Removal.AT_ONCE))
    marks = []
    for resource in (*((situation.vpc_id,) if way.vpc else ()), *sorted(way.subnet_ids)):
        finding = Finding(
            Kind.RELEASED,
            resource,
            found="someone was refused its deletion, for what is owned in it",
            wanted=f"left alone until {until}, with nothing owned in it",
        )
        marks.append(Step(CreateTags(resource, released, needed=True), (finding,)))
    steps = [replace(step, needs_tags_on=_mark_needed(step, way, situation)) for step in steps]
    findings = [f for step in steps for f in step.remediates if f not in assessed.findings]
    kept = (f for f in assessed.findings if f.resource not in way.endpoint_ids or f.kind is Kind.UNPROVEN)
    marked = (finding for step in marks for finding in step.remediates)
    return Assessment((*marked, *kept, *findings), (*marks, *steps))


def _mark_needed(step: Step, way: Way, situation: Situation) -> str:
    """What must be marked before a step is taken: the next run would undo it."""
    if way.vpc:
        return situation.vpc_id
    left: Iterable[str] = ()
    if isinstance(step.action, ModifyEndpoint):
        left = step.action.remove_subnet_ids
    elif step.changed_id in way.endpoint_ids:
        endpoints = situation.observation.endpoints
        left = (subnet for each in endpoints if each.id == step.changed_id for subnet in each.subnet_ids)
    return min((each for each in left if each in way.subnet_ids), default="")


def _additions(plan: Plan, owned_ids: frozenset[str]) -> Iterator[Adoption]:
    """What a plan adds to endpoints of others."""
    for step in plan.steps:
        change = step.action
        if not isinstance(change, ModifyEndpoint) or change.endpoint_id in owned_ids:
            continue
        if change.add_groups or change.add_zones or change.enable_private_dns:
            subnets = tuple(candidates[0] for candidates in change.add_zones)
            yield Adoption(change.endpoint_id, subnets, change.enable_private_dns)
