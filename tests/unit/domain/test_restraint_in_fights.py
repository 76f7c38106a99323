"""What of a plan is left alone, since someone keeps undoing it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.actions import (
    NEW_GROUP,
    Action,
    AuthorizeIngress,
    CreateEndpoint,
    CreateSecurityGroup,
    CreateTags,
    EnableVpcAttribute,
    ModifyEndpoint,
    RevokeIngress,
)
from reconciler.domain.contest import Contest, Remediated
from reconciler.domain.findings import Finding, Kind, Status
from reconciler.domain.model import VpcAttribute
from reconciler.domain.plan import Step
from tests.builders import GROUP_ID, INSTALLATION, VPC_ID, https_from
from tests.unit.domain.test_restraint import FAILED, NOON, restrained


def step_on(kind: Kind, resource: str, action: Action) -> Step:
    return Step(action, (Finding(kind, resource, "", "as it should be"),))


RULE = https_from("10.0.0.0/24")
TURN_ON = step_on(Kind.PRIVATE_DNS_OFF, "vpce-1", ModifyEndpoint("vpce-1", enable_private_dns=True))
ENABLE = step_on(Kind.DNS_SUPPORT_OFF, VPC_ID, EnableVpcAttribute(VPC_ID, VpcAttribute.DNS_SUPPORT))
LET_IN = step_on(Kind.GROUP_RULE_MISSING, GROUP_ID, AuthorizeIngress(GROUP_ID, tuple(RULE)))
CLOSE = step_on(Kind.GROUP_RULE_EXTRA, GROUP_ID, RevokeIngress(GROUP_ID, tuple(RULE)))
GROUP = step_on(Kind.GROUP_MISSING, VPC_ID, CreateSecurityGroup(VPC_ID, "endpoints", "", {}))
CREATE = step_on(Kind.ENDPOINT_MISSING, "logs", CreateEndpoint(VPC_ID, "logs", (("a",),), NEW_GROUP, {}))
WITHOUT_DNS = replace(CREATE, action=CreateEndpoint(VPC_ID, "logs", (("a",),), "sg-1", {}, private_dns=False))
ATTACH = step_on(Kind.ENDPOINT_GROUP_MISSING, "vpce-2", ModifyEndpoint("vpce-2", add_groups=("sg-1",)))
MARK = step_on(Kind.TAGS_MISSING, "vpce-sqs", CreateTags("vpce-sqs", {INSTALLATION.owner_key: "our-stack"}))


def about(step: Step, until: float = NOON + 1) -> Contest:
    """A fight about what a step does."""
    [finding] = step.remediates
    change = Remediated.by(finding.kind, finding.resource, step.change)
    return Contest(change.kind, change.resource, change.change, level=1, until=int(until))


def test_a_finding_that_someone_keeps_undoing_is_left_and_everything_else_is_healed() -> None:
    plan = restrained(TURN_ON, ENABLE, LET_IN, ATTACH, contests=(about(TURN_ON),))
    assert set(plan.steps) == {ENABLE, LET_IN, ATTACH}
    [contested] = [each for each in plan.findings if each.status is Status.CONTESTED]
    assert (contested.kind, contested.resource) == (Kind.PRIVATE_DNS_OFF, "vpce-1")
    assert contested.wanted == "as it should be; left until 2026-11-23T12:00:01+00:00"


def test_it_is_tried_again_after_the_pause() -> None:
    assert restrained(TURN_ON, contests=(about(TURN_ON, until=NOON),)).steps == (TURN_ON,)


@pytest.mark.parametrize(
    ("fought", "left"),
    [
        (ENABLE, TURN_ON),
        (ENABLE, CREATE),
        (GROUP, CREATE),
        (LET_IN, CLOSE),
        (LET_IN, TURN_ON),
        (MARK, FAILED),
    ],
)
def test_what_needs_a_step_that_is_left_is_left_with_it(fought: Step, left: Step) -> None:
    plan = restrained(fought, left, ATTACH, WITHOUT_DNS, contests=(about(fought),))
    assert set(plan.steps) == {ATTACH, WITHOUT_DNS}
    assert [each.status for each in plan.findings].count(Status.CONTESTED) == 2
    assert any(each.wanted.endswith("left with what it needs") for each in plan.findings)
