from __future__ import annotations

import pytest

from reconciler.domain.actions import CreateTags
from reconciler.domain.concerns import Assessment, tags
from reconciler.domain.findings import Kind, Status
from reconciler.domain.memory import Made, Memory
from reconciler.domain.model import EndpointState, Tags
from tests.builders import (
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

GROUP_TAGS = INSTALLATION.group_tags(VPC_ID)
ENVOY_TAGS = INSTALLATION.endpoint_tags(VPC_ID, ENVOY)
WITHOUT_OWNER = {"Name": "our-stack/logs", INSTALLATION.vpc_key: VPC_ID}


def assess(vpc: VpcBuilder) -> Assessment:
    return tags.assess(situation(vpc.observed()))


def without(given: Tags, key: str) -> dict[str, str]:
    return {each: value for each, value in given.items() if each != key}


def test_nothing_is_found_where_the_tags_are_right_whatever_others_added() -> None:
    vpc = a_converged_vpc("a").with_group("sg-0", tags={**GROUP_TAGS, "team": "payments"})
    assert assess(vpc) == Assessment()


@pytest.mark.parametrize("key", GROUP_TAGS)
def test_a_tag_taken_off_the_group_is_put_back_and_no_other(key: str) -> None:
    found = assess(a_vpc().with_group(tags=without(GROUP_TAGS, key)))
    [finding], [step] = found.findings, found.steps
    assert (finding.kind, finding.resource) == (Kind.TAGS_MISSING, GROUP_ID)
    assert finding.found == f"no {key}"
    assert step.action == CreateTags(GROUP_ID, {key: GROUP_TAGS[key]})
    assert step.remediates == (finding,)


@pytest.mark.parametrize("key", ENVOY_TAGS)
def test_a_tag_taken_off_an_endpoint_is_put_back(key: str) -> None:
    found = assess(a_vpc().with_endpoint(ENVOY, id="vpce-1", tags=without(ENVOY_TAGS, key)))
    assert [step.action for step in found.steps] == [CreateTags("vpce-1", {key: ENVOY_TAGS[key]})]


def test_a_tag_that_was_changed_is_set_right() -> None:
    found = assess(a_vpc().with_group(tags={**GROUP_TAGS, "Name": "mine"}))
    assert [step.action for step in found.steps] == [CreateTags(GROUP_ID, {"Name": "our-stack/endpoints"})]
    assert found.findings[0].found == "Name = 'mine'"


@pytest.mark.parametrize("key", GROUP_TAGS)
def test_other_steps_need_the_marks_by_which_iam_lets_the_role_change_a_thing(key: str) -> None:
    [step] = assess(a_vpc().with_group(tags=without(GROUP_TAGS, key))).steps
    assert isinstance(step.action, CreateTags)
    assert step.action.needed is (key != "Name")


@pytest.mark.parametrize("key", ENVOY_TAGS)
def test_what_bears_one_mark_alone_is_reported_and_gets_no_tag(key: str) -> None:
    found = assess(a_vpc().with_endpoint(ENVOY, id="vpce-1", tags={key: ENVOY_TAGS[key]}))
    [finding] = found.findings
    assert found.steps == ()
    assert (finding.kind, finding.resource) == (Kind.UNPROVEN, "vpce-1")
    assert finding.status is Status.IMPAIRED
    assert f"{key} = {ENVOY_TAGS[key]}" in finding.found


def test_what_bears_all_marks_and_the_ledger_does_not_know_is_reported_and_gets_no_tag() -> None:
    seen = a_vpc().with_endpoint(ENVOY, id="vpce-1").with_group(tags=without(GROUP_TAGS, "Name")).observed()
    found = tags.assess(situation(seen, memory=Memory(VPC_ID, made={GROUP_ID: Made(GROUP_ID, "")})))
    assert [(finding.kind, finding.resource) for finding in found.findings] == [
        (Kind.TAGS_MISSING, GROUP_ID),
        (Kind.UNPROVEN, "vpce-1"),
    ]
    assert [step.action for step in found.steps] == [CreateTags(GROUP_ID, {"Name": GROUP_TAGS["Name"]})]


@pytest.mark.parametrize(
    "theirs", [{}, {"team": "payments"}, {**ENVOY_TAGS, INSTALLATION.owner_key: "theirs"}]
)
def test_what_is_not_ours_gets_no_tag(theirs: dict[str, str]) -> None:
    assert assess(a_vpc().with_endpoint(ENVOY, tags=theirs).with_foreign_group()) == Assessment()


@pytest.mark.parametrize("state", [EndpointState.DELETING, EndpointState.DELETED])
def test_an_endpoint_that_goes_is_not_tagged(state: EndpointState) -> None:
    assert assess(a_vpc().with_endpoint(LOGS, tags=WITHOUT_OWNER, state=state)) == Assessment()


@pytest.mark.parametrize("state", [EndpointState.PENDING, EndpointState.FAILED])
def test_an_endpoint_is_tagged_before_it_serves_and_before_it_is_deleted(state: EndpointState) -> None:
    found = assess(a_vpc().with_endpoint(LOGS, tags=WITHOUT_OWNER, state=state))
    assert len(found.steps) == 1
