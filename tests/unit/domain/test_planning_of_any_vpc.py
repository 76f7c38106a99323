"""What holds for the plan of any VPC that EC2 could show."""

from __future__ import annotations

import itertools
from dataclasses import replace
from random import Random
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.actions import (
    AuthorizeIngress,
    CreateEndpoint,
    CreateSecurityGroup,
    CreateTags,
    DeleteEndpoint,
    DeleteSecurityGroup,
    EnableVpcAttribute,
    ModifyEndpoint,
    RevokeEgress,
    RevokeIngress,
)
from reconciler.domain.findings import Status
from reconciler.domain.model import EndpointState, Observation
from reconciler.domain.profile import NOTHING, Profile
from tests.builders import (
    APPMESH,
    VpcBuilder,
    situation,
)
from tests.unit.domain.test_planning import kinds_of, plan, steps_of
from tests.unit.simulator import after
from tests.unit.strategies import SETTLED, vpcs

# A whole VPC takes its time to make up.
HALF = settings(max_examples=50)
Thing = TypeVar("Thing")

OPENING = (EnableVpcAttribute, CreateSecurityGroup, AuthorizeIngress, CreateEndpoint, ModifyEndpoint)
CLOSING = (RevokeIngress, RevokeEgress, DeleteEndpoint)


@HALF
@given(vpcs())
def test_what_opens_comes_before_what_closes(vpc: VpcBuilder) -> None:
    kinds = kinds_of(vpc)
    opened = [place for place, kind in enumerate(kinds) if issubclass(kind, OPENING)]
    closed = [place for place, kind in enumerate(kinds) if issubclass(kind, CLOSING)]
    assert max(opened, default=-1) < min(closed, default=len(kinds))


@HALF
@given(vpcs())
def test_every_remediable_finding_has_a_step_and_every_step_a_finding(vpc: VpcBuilder) -> None:
    made = plan(vpc.observed())
    remedied = list(itertools.chain.from_iterable(step.remediates for step in made.steps))
    assert all(step.remediates for step in made.steps)
    assert set(remedied) == {finding for finding in made.findings if finding.status is Status.REMEDIABLE}


@HALF
@given(vpcs())
def test_only_what_is_blocked_or_noted_for_being_so_has_a_reason(vpc: VpcBuilder) -> None:
    for finding in plan(vpc.observed()).findings:
        if finding.status is Status.BLOCKED:
            assert finding.reason is not None
        if finding.status in (Status.REMEDIABLE, Status.WAITING):
            assert finding.reason is None


@HALF
@given(vpcs())
def test_no_finding_is_reported_twice(vpc: VpcBuilder) -> None:
    findings = plan(vpc.observed()).findings
    assert len(set(findings)) == len(findings)


@HALF
@given(vpcs())
def test_what_is_not_owned_is_neither_narrowed_nor_deleted_nor_tagged(vpc: VpcBuilder) -> None:
    observation = vpc.observed()
    ours = situation(observation).owned_ids
    for step in steps_of(observation):
        match step.action:
            case DeleteEndpoint(resource_id) | DeleteSecurityGroup(resource_id) | CreateTags(resource_id):
                assert resource_id in ours
            case ModifyEndpoint(endpoint_id) if endpoint_id not in ours:
                assert not step.narrows
            case AuthorizeIngress(ref) | RevokeIngress(ref) | RevokeEgress(ref) if isinstance(ref, str):
                assert ref in ours


@HALF
@given(vpcs(), st.sampled_from([APPMESH, NOTHING]))
def test_what_lacks_the_marks_of_owner_and_vpc_is_narrowed_only_after_they_are_back(
    vpc: VpcBuilder, profile: Profile
) -> None:
    observation = vpc.observed()
    bare = situation(observation).owned_ids - situation(observation).narrowable
    for step in plan(observation, profile).steps:
        if step.narrows:
            assert step.marks_first is (step.changed_id in bare)


@HALF
@given(vpcs(), st.randoms(use_true_random=False))
def test_the_same_vpc_gets_the_same_plan_in_whatever_order_it_is_read(
    vpc: VpcBuilder, random: Random
) -> None:
    given_order = vpc.observed()
    other_order = replace(
        given_order,
        subnets=_shuffled(given_order.subnets, random),
        route_tables=_shuffled(given_order.route_tables, random),
        endpoints=_shuffled(given_order.endpoints, random),
        groups=_shuffled(given_order.groups, random),
    )
    one, other = plan(given_order), plan(other_order)
    assert set(one.findings) == set(other.findings)
    assert sorted(map(repr, one.steps)) == sorted(map(repr, other.steps))


def _shuffled(things: tuple[Thing, ...], random: Random) -> tuple[Thing, ...]:
    return tuple(random.sample(things, len(things)))


@HALF
@given(vpcs(SETTLED))
def test_runs_bring_any_vpc_to_a_plan_without_steps(vpc: VpcBuilder) -> None:
    """Marks; group, group's end; failed endpoint, endpoint anew; subnets that change places: five at most."""
    observation = vpc.observed()
    for _ in range(5):
        steps = steps_of(observation)
        if not steps:
            break
        observation = after(observation, steps)
    assert steps_of(observation) == ()


@HALF
@given(vpcs(SETTLED))
def test_a_vpc_left_without_steps_is_waiting_for_nothing(vpc: VpcBuilder) -> None:
    observation = vpc.observed()
    for _ in range(5):
        observation = after(observation, steps_of(observation))
    statuses = {finding.status for finding in plan(observation).findings}
    assert statuses <= {Status.BLOCKED, Status.CONTESTED, Status.IMPAIRED, Status.INFORMATIONAL}


# ---- a VPC that asks for nothing


def ids_in(observation: Observation) -> set[str]:
    return {group.id for group in observation.groups} | {endpoint.id for endpoint in observation.endpoints}


@HALF
@given(vpcs([EndpointState.AVAILABLE]))
def test_a_vpc_that_asks_for_nothing_ends_with_nothing_owned_and_all_else_left(vpc: VpcBuilder) -> None:
    """Marks put back, endpoints gone, then the group; but for one that someone else's endpoint has alone, or
    that lets in whom its private names lead there: that is reported, and nothing is waited for."""
    observation = vpc.observed()
    owned = situation(observation).owned_ids
    others = ids_in(observation) - owned
    let_in = {group.id for group in observation.groups if group.id in owned and group.ingress}
    keeping = [
        endpoint.group_ids & owned
        for endpoint in observation.endpoints
        if endpoint.id in others
        and endpoint.group_ids & owned
        and (endpoint.group_ids <= owned or (endpoint.private_dns and endpoint.group_ids & let_in))
    ]
    for _ in range(4):
        observation = after(observation, plan(observation, NOTHING).steps)
    assert situation(observation).owned_ids == set[str]().union(*keeping)
    assert ids_in(observation) == others | situation(observation).owned_ids
    left = plan(observation, NOTHING)
    assert left.steps == ()
    assert {finding.status for finding in left.findings} - {Status.IMPAIRED} == (
        {Status.BLOCKED} if keeping else set()
    )


# ---- the plan as a value


@HALF
@given(vpcs())
def test_every_plan_is_printed_counted_and_compared(vpc: VpcBuilder) -> None:
    made = plan(vpc.observed())
    assert len(made) == len(made.calls) <= len(made.steps)
    assert sum(map(len, made.calls)) == len(made.steps)
    assert made == plan(vpc.observed())
    informed = [f for f in made.findings if f.status is not Status.REMEDIABLE]
    assert len(str(made).splitlines()) == max(1, len(made.steps) + len(informed))
