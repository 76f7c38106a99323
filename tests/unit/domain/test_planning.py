from __future__ import annotations

import itertools
from dataclasses import replace
from random import Random
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.actions import (
    AuthorizeIngress,
    CreateEndpoint,
    CreateSecurityGroup,
    CreateTags,
    DeleteEndpoint,
    EnableVpcAttribute,
    ModifyEndpoint,
    RevokeEgress,
    RevokeIngress,
)
from reconciler.domain.findings import Status
from reconciler.domain.intent import Intent
from reconciler.domain.model import NOTHING, EndpointState, Mode, Observation, Profile
from reconciler.domain.plan import Plan, Step
from reconciler.domain.planning import make_plan
from tests.builders import (
    APPMESH,
    ENVOY,
    GROUP_ID,
    INSTALLATION,
    LOGS,
    VPC_ID,
    VpcBuilder,
    a_converged_vpc,
    a_vpc,
    situation,
)
from tests.unit.simulator import after
from tests.unit.strategies import SETTLED, vpcs

# A whole VPC takes its time to make up.
HALF = settings(max_examples=50)
Thing = TypeVar("Thing")

OPENING = (EnableVpcAttribute, CreateSecurityGroup, AuthorizeIngress, CreateEndpoint, ModifyEndpoint)
CLOSING = (RevokeIngress, RevokeEgress, DeleteEndpoint)


def plan(observation: Observation, profile: Profile = APPMESH, make_way_until: str = "") -> Plan:
    return make_plan(observation, Intent(Mode.ENFORCE, profile, (), make_way_until), INSTALLATION)


def steps_of(observation: Observation) -> tuple[Step, ...]:
    return plan(observation).steps


def kinds_of(vpc: VpcBuilder) -> list[type]:
    return [type(step.action) for step in steps_of(vpc.observed())]


@pytest.mark.parametrize("zones", ["a", "ab", "abc"])
def test_a_vpc_that_is_as_it_should_be_has_an_empty_plan(zones: str) -> None:
    made = plan(a_converged_vpc(*zones).observed())
    assert made.findings == ()
    assert made.steps == ()


def test_a_new_vpc_gets_its_group_before_its_endpoints_and_loses_egress_last() -> None:
    assert kinds_of(a_vpc().with_dns(support=False, hostnames=False).with_private_subnets("a", "b")) == [
        EnableVpcAttribute,
        EnableVpcAttribute,
        CreateSecurityGroup,
        AuthorizeIngress,
        CreateEndpoint,
        CreateEndpoint,
        RevokeEgress,
    ]


def test_tags_are_put_back_before_anything_that_iam_allows_by_them() -> None:
    untagged = {"Name": INSTALLATION.group_tags(VPC_ID)["Name"]}
    vpc = a_vpc().with_private_subnets("a").with_group(tags=untagged, ingress=())
    assert kinds_of(vpc.with_endpoint(ENVOY).with_endpoint(LOGS)) == [CreateTags, AuthorizeIngress]


def test_a_failed_endpoint_is_deleted_in_one_pass_and_made_anew_in_the_next() -> None:
    vpc = a_vpc().with_private_subnets("a").with_group().with_endpoint(LOGS)
    failed = vpc.with_endpoint(ENVOY, state=EndpointState.FAILED).observed()
    first = steps_of(failed)
    assert [type(step.action) for step in first] == [DeleteEndpoint]
    assert [type(step.action) for step in steps_of(after(failed, first))] == [CreateEndpoint]


# ---- what holds for any VPC


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
    group = situation(observation).owned_group
    ours = {group.id} if group else set()
    for endpoint in observation.endpoints:
        wanted = INSTALLATION.endpoint_tags(VPC_ID, endpoint.service_name)
        if INSTALLATION.owns(endpoint.tags, wanted):
            ours.add(endpoint.id)
    for step in steps_of(observation):
        match step.action:
            case DeleteEndpoint(resource_id) | CreateTags(resource_id):
                assert resource_id in ours
            case ModifyEndpoint(endpoint_id) if endpoint_id not in ours:
                assert step.action.remove_subnet_ids == ()
                assert step.action.remove_group_ids == ()
            case AuthorizeIngress(ref) | RevokeIngress(ref) | RevokeEgress(ref) if isinstance(ref, str):
                assert ref in ours


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
    """Group, group's end; failed endpoint, endpoint anew; subnets that change places: four at most."""
    observation = vpc.observed()
    for _ in range(4):
        steps = steps_of(observation)
        if not steps:
            break
        observation = after(observation, steps)
    assert steps_of(observation) == ()


@HALF
@given(vpcs(SETTLED))
def test_a_vpc_left_without_steps_is_waiting_for_nothing(vpc: VpcBuilder) -> None:
    observation = vpc.observed()
    for _ in range(4):
        observation = after(observation, steps_of(observation))
    statuses = {finding.status for finding in plan(observation).findings}
    assert statuses <= {Status.BLOCKED, Status.INFORMATIONAL}


# ---- a VPC that asks for nothing


def ids_in(observation: Observation) -> set[str]:
    return {group.id for group in observation.groups} | {endpoint.id for endpoint in observation.endpoints}


def owned_in(observation: Observation) -> set[str]:
    owned = {group.id for group in situation(observation).owned_groups}
    return owned | {e.id for e in observation.endpoints if INSTALLATION.owns_endpoint(e, VPC_ID)}


@HALF
@given(vpcs([EndpointState.AVAILABLE]))
def test_a_vpc_that_asks_for_nothing_ends_with_nothing_owned_and_all_else_left(vpc: VpcBuilder) -> None:
    """Tags put back, endpoints gone, then the group; but for one that someone else's endpoint has alone, and
    so keeps: that is reported, and nothing is waited for."""
    observation = vpc.observed()
    owned = owned_in(observation)
    others = ids_in(observation) - owned
    theirs = [endpoint for endpoint in observation.endpoints if endpoint.id not in owned]
    keeping = [e.group_ids for e in theirs if e.group_ids and e.group_ids <= owned]
    for _ in range(3):
        observation = after(observation, plan(observation, NOTHING).steps)
    assert owned_in(observation) == set[str]().union(*keeping)
    assert ids_in(observation) == others | owned_in(observation)
    left = plan(observation, NOTHING)
    assert left.steps == ()
    assert {finding.status for finding in left.findings} == ({Status.BLOCKED} if keeping else set())


def test_what_was_adopted_is_given_back_with_the_groups_that_it_came_with() -> None:
    vpc = a_vpc().with_private_subnets("a").with_group()
    seen = vpc.with_endpoint(ENVOY, groups=["sg-theirs", GROUP_ID], tags={}).observed()
    seen = after(seen, plan(seen, NOTHING).steps)
    assert [endpoint.group_ids for endpoint in seen.endpoints] == [{"sg-theirs"}]
    assert after(seen, plan(seen, NOTHING).steps).groups == ()


@pytest.mark.parametrize("state", [EndpointState.FAILED, EndpointState.DELETING, EndpointState.DELETED])
def test_what_was_adopted_and_serves_no_more_is_not_touched(state: EndpointState) -> None:
    vpc = a_vpc().with_private_subnets("a").with_group().with_endpoint(ENVOY, tags={}, state=state)
    steps = plan(vpc.observed(), NOTHING).steps
    assert not any(isinstance(step.action, ModifyEndpoint | DeleteEndpoint) for step in steps)


def test_the_group_goes_when_nothing_stands_behind_it_any_more() -> None:
    made = plan(a_converged_vpc("a").observed(), NOTHING)
    assert [type(step.action) for step in made.steps] == [DeleteEndpoint, DeleteEndpoint]
    [waiting] = [finding for finding in made.findings if finding.status is Status.WAITING]
    assert waiting.resource == GROUP_ID


def test_a_service_that_the_profile_no_longer_names_loses_its_endpoint_and_the_group_stays() -> None:
    other = INSTALLATION.service_name("sqs")
    theirs = ["sg-theirs", GROUP_ID]
    vpc = a_converged_vpc("a").with_endpoint(other, id="vpce-sqs")
    vpc = vpc.with_endpoint(other, id="vpce-0", groups=theirs, tags={})
    actions = [step.action for step in steps_of(vpc.observed())]
    given_back = ModifyEndpoint("vpce-0", remove_group_ids=(GROUP_ID,))
    assert actions == [given_back, DeleteEndpoint("vpce-sqs")]


# ---- a VPC that someone was refused to delete


def test_a_vpc_that_makes_way_is_marked_first_and_everything_else_needs_the_mark() -> None:
    until = "2026-11-23T09:00:00+00:00"
    mark, *others = plan(a_converged_vpc("a").observed(), NOTHING, until).steps
    assert mark.action == CreateTags(VPC_ID, {"vpce-remediator:released-until": until})
    assert [type(step.action) for step in others] == [DeleteEndpoint, DeleteEndpoint]
    assert {step.needs_tags_on for step in others} == {VPC_ID}


# ---- the plan as a value


def test_a_plan_is_printed_as_a_person_reads_it() -> None:
    made = plan(a_vpc().with_dns(support=False).with_private_subnets("a").without_service(LOGS).observed())
    lines = str(made).splitlines()
    assert lines[0].startswith(f"~ turn on enableDnsSupport of {VPC_ID}  (dns-support-off: ")
    assert [line[0] for line in lines] == ["~", "+", "+", "+", "-", "!"]
    assert lines[-1].startswith(f"! {LOGS}: service-unavailable: ")
    assert str(plan(a_converged_vpc("a").observed())) == "nothing to do"


@HALF
@given(vpcs())
def test_every_plan_is_printed_counted_and_compared(vpc: VpcBuilder) -> None:
    made = plan(vpc.observed())
    assert len(made) == len(made.calls) <= len(made.steps)
    assert sum(map(len, made.calls)) == len(made.steps)
    assert made == plan(vpc.observed())
    informed = [f for f in made.findings if f.status is not Status.REMEDIABLE]
    assert len(str(made).splitlines()) == max(1, len(made.steps) + len(informed))
