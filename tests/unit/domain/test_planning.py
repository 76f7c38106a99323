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
    DeleteSecurityGroup,
    EnableVpcAttribute,
    ModifyEndpoint,
    RevokeEgress,
    RevokeIngress,
)
from reconciler.domain.findings import Status
from reconciler.domain.intent import Intent
from reconciler.domain.memory import Adoption
from reconciler.domain.model import NOTHING, EndpointSpec, EndpointState, Mode, Observation, Profile
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
    knowing,
    situation,
)
from tests.unit.simulator import after
from tests.unit.strategies import SETTLED, vpcs

# A whole VPC takes its time to make up.
HALF = settings(max_examples=50)
Thing = TypeVar("Thing")

OPENING = (EnableVpcAttribute, CreateSecurityGroup, AuthorizeIngress, CreateEndpoint, ModifyEndpoint)
CLOSING = (RevokeIngress, RevokeEgress, DeleteEndpoint)


def plan(observation: Observation, profile: Profile = APPMESH) -> Plan:
    """The plan without a ledger. Where nothing is asked for, a person said so in so many words."""
    return make_plan(observation, Intent(Mode.ENFORCE, profile, at_once=profile is NOTHING), INSTALLATION)


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
    marks = {k: v for k, v in INSTALLATION.group_tags(VPC_ID).items() if k != INSTALLATION.owner_key}
    vpc = a_vpc().with_private_subnets("a").with_group(tags=marks, ingress=())
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


def test_what_was_adopted_is_given_back_with_the_groups_that_it_came_with() -> None:
    vpc = a_vpc().with_private_subnets("a").with_group()
    vpc = vpc.with_endpoint(ENVOY, groups=["sg-theirs", GROUP_ID], tags={}, private_dns=False)
    seen = after(vpc.observed(), plan(vpc.observed(), NOTHING).steps)
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


def test_nobody_is_asked_about_a_vpc_that_is_left_as_it_is() -> None:
    made = make_plan(a_vpc().observed(), Intent(Mode.ENFORCE, None), INSTALLATION)
    assert (made.steps, made.findings, made.owned) == ((), (), ())


# ---- doubt, and what the ledger is to keep


SQS = INSTALLATION.service_name("sqs")
NOW = 1_795_420_800.0  # 2026-11-23T08:00:00Z
LONG_DUE = {INSTALLATION.leaving_key: "2026-11-23T07:00:00Z"}


def steps_with_a_leftover(vpc: VpcBuilder, profile: Profile = APPMESH, doubt: str = "") -> list[object]:
    """The steps about an endpoint for SQS of ours that is long due to go."""
    tags = {**INSTALLATION.endpoint_tags(VPC_ID, SQS), **LONG_DUE}
    seen = vpc.with_endpoint(SQS, id="vpce-sqs", tags=tags).observed()
    wanted = Intent(Mode.ENFORCE, profile)
    made = make_plan(seen, wanted, INSTALLATION, knowing(seen), NOW, doubt)
    return [step.action for step in made.steps]


def test_what_the_profile_no_longer_names_goes_when_its_time_has_come_and_the_group_stays() -> None:
    assert steps_with_a_leftover(a_converged_vpc("a")) == [DeleteEndpoint("vpce-sqs")]


def test_nothing_goes_while_the_region_does_not_offer_a_service_that_the_profile_names() -> None:
    assert steps_with_a_leftover(a_converged_vpc("a").without_service(LOGS)) == []


def test_an_optional_service_that_the_region_does_not_offer_is_no_doubt() -> None:
    [envoy, logs] = APPMESH.endpoints
    optional = replace(APPMESH, endpoints=(envoy, replace(logs, optional=True)))
    vpc = a_converged_vpc("a").without_service(LOGS)
    assert steps_with_a_leftover(vpc, optional) == [DeleteEndpoint("vpce-sqs")]


def test_nothing_goes_while_the_profiles_may_not_be_what_people_wrote() -> None:
    assert steps_with_a_leftover(a_converged_vpc("a"), doubt="the document is invalid") == []


def test_a_plan_says_what_is_owned_and_what_it_adds_to_endpoints_of_others() -> None:
    vpc = a_converged_vpc("a").with_private_subnets("b")
    theirs = vpc.with_endpoint(SQS, id="vpce-1", subnets=["private-a"], private_dns=False, tags={}, groups=[])
    profile = replace(APPMESH, endpoints=(EndpointSpec("sqs"),))
    seen = theirs.with_service(SQS, "ab").observed()
    made = make_plan(seen, Intent(Mode.ENFORCE, profile), INSTALLATION, knowing(seen), NOW)
    assert made.adopts == (
        Adoption("vpce-1", subnet_ids=("private-b",)),
        Adoption("vpce-1"),
        Adoption("vpce-1", private_dns=True),
    )
    assert made.owned == (
        (GROUP_ID, "our-stack/endpoints"),
        ("vpce-appmesh-envoy-management", "our-stack/appmesh-envoy-management"),
        ("vpce-logs", "our-stack/logs"),
    )


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
