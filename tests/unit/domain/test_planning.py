from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.actions import (
    AuthorizeIngress,
    CreateEndpoint,
    CreateSecurityGroup,
    CreateTags,
    DeleteEndpoint,
    EnableVpcAttribute,
    ModifyEndpoint,
    RevokeEgress,
)
from reconciler.domain.findings import Status
from reconciler.domain.intent import Intent
from reconciler.domain.memory import Adoption
from reconciler.domain.model import EndpointState, Mode, Observation
from reconciler.domain.plan import Plan, Step
from reconciler.domain.planning import make_plan
from reconciler.domain.profile import NOTHING, EndpointSpec, Profile
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
)
from tests.unit.simulator import after


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


# ---- a VPC that asks for nothing


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
    memory = replace(knowing(seen), leaving={"vpce-sqs": 0})
    made = make_plan(seen, wanted, INSTALLATION, memory, NOW, doubt)
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
