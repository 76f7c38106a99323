"""What the deployed rules match, and what they do not."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.trail import WATCHED
from tests.template.deployed import STACK_ID, VALUES, pattern_texts, patterns
from tests.template.examples import API_CALLS, NAMES, NOT_OF_RULES, REFUSED, example
from tests.template.matching import matching

RULES = patterns()
LONGEST = {
    **VALUES,
    "AWS::StackName": "s" * 128,
    "AWS::StackId": f"arn:aws-us-gov:cloudformation:us-gov-west-1:111122223333:stack/{'s' * 128}/{'0' * 36}",
    "TagPrefix": "p" * 64,
    "ReconcileRole.Arn": f"arn:aws-us-gov:iam::111122223333:role/{'r' * 64}",
}
TAGGING = ("CreateTags", "DeleteTags")


def a_call(name: str, **detail: Any) -> Any:
    event = example(name)
    event["detail"].update(detail)
    return event


def an_assumed_role(arn: str) -> Any:
    issuer = {"type": "Role", "arn": arn, "accountId": "111122223333"}
    return {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer, "attributes": {}}}


def a_tagging_call(name: str, keys: list[str], *resource_ids: str) -> Any:
    request = {
        "resourcesSet": {"items": [{"resourceId": each} for each in resource_ids]},
        "tagSet": {"items": [{"key": key, "value": "x"} for key in keys]} if keys else {},
    }
    return a_call(name, requestParameters=request)


# ---- their size, and what they are about


@pytest.mark.parametrize("rule", RULES)
def test_a_pattern_stays_under_eventbridges_default_quota_whatever_things_are_called(rule: str) -> None:
    assert len(pattern_texts(LONGEST)[rule]) < 2048


def test_the_rules_and_the_reader_of_events_watch_the_same_calls() -> None:
    succeeded = [RULES[rule]["detail"]["eventName"] for rule in ("ChangeRule", "TaggingRule")]
    matched = [name for names in succeeded for name in names]
    assert set(matched) == WATCHED
    assert len(matched) == len(WATCHED)
    assert set(RULES["DeletionRefusedRule"]["detail"]["eventName"]) <= WATCHED


def test_every_watched_call_has_an_example_of_its_name() -> None:
    assert set(API_CALLS) == WATCHED
    assert all(example(name)["detail"]["eventName"] == name for name in API_CALLS)


@pytest.mark.parametrize("name", sorted(set(NAMES) - NOT_OF_RULES))
def test_each_example_matches_one_rule(name: str) -> None:
    expected = dict.fromkeys(REFUSED, "DeletionRefusedRule") | {
        "CreateTags": "TaggingRule",
        "DeleteTags": "TaggingRule",
        "TagChangeOnResource": "OwnedNameRule",
        "CloudFormationStackStatusChange": "DeployedRule",
    }
    assert matching(RULES, example(name)) == {expected.get(name, "ChangeRule")}


def test_the_examples_show_every_kind_of_caller_and_both_dialects() -> None:
    details = [example(name)["detail"] for name in API_CALLS]
    assert {detail["userIdentity"]["type"] for detail in details} == {"IAMUser", "AssumedRole", "Root"}
    users = [d["userIdentity"] for d in details if d["userIdentity"]["type"] == "IAMUser"]
    assert {"sessionContext" in user for user in users} == {True, False}
    wrapped = [f"{detail['eventName']}Request" in detail["requestParameters"] for detail in details]
    assert set(wrapped) == {True, False}


# ---- whose calls


@pytest.mark.parametrize("name", API_CALLS)
def test_the_reconcile_roles_own_calls_do_not_match(name: str) -> None:
    own = an_assumed_role(VALUES["ReconcileRole.Arn"])
    assert matching(RULES, a_call(name, userIdentity=own)) == set()


@pytest.mark.parametrize("name", API_CALLS)
@pytest.mark.parametrize(
    "caller",
    [
        {"type": "IAMUser", "userName": "dana"},
        {"type": "IAMUser", "userName": "dana", "sessionContext": {"sessionIssuer": {}, "attributes": {}}},
        {"type": "Root", "sessionContext": {"attributes": {}}},
        an_assumed_role("arn:aws:iam::111122223333:role/Admin"),
        an_assumed_role(f"{VALUES['ReconcileRole.Arn']}2"),
        {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"},
    ],
    ids=["user", "user in the console", "root", "role", "role of a similar name", "service"],
)
def test_everybody_elses_calls_match(name: str, caller: Any) -> None:
    assert len(matching(RULES, a_call(name, userIdentity=caller))) == 1


@pytest.mark.parametrize("name", API_CALLS)
def test_failed_calls_do_not_match(name: str) -> None:
    failed = a_call(name, errorCode="Client.UnauthorizedOperation", responseElements=None)
    assert matching(RULES, failed) == set()


@pytest.mark.parametrize(
    "name", ["RunInstances", "DescribeVpcs", "CreateInternetGateway", "DeleteNatGateway"]
)
def test_calls_that_do_not_change_what_a_vpc_has_do_not_match(name: str) -> None:
    assert matching(RULES, a_call("DeleteVpc", eventName=name)) == set()


# ---- tagging


@pytest.mark.parametrize("name", TAGGING)
@pytest.mark.parametrize("resource_id", ["vpc-0a", "vpce-0a", "sg-0a", "i-0a"])
def test_tagging_with_others_keys_does_not_match(name: str, resource_id: str) -> None:
    for key in ("team", "Name", "vpce-remediator", "vpce-remediator2:profile", "x-vpce-remediator:profile"):
        assert matching(RULES, a_tagging_call(name, [key], resource_id)) == set()


@pytest.mark.parametrize("name", TAGGING)
@pytest.mark.parametrize("word", ["profile", "mode", "owner", "vpc"])
def test_tagging_with_a_key_of_ours_among_others_matches(name: str, word: str) -> None:
    call = a_tagging_call(name, ["team", f"vpce-remediator:{word}", "Name"], "i-0a", "vpc-0a")
    assert matching(RULES, call) == {"TaggingRule"}


def test_untagging_by_key_alone_matches() -> None:
    call = a_tagging_call("DeleteTags", ["vpce-remediator:owner"], "sg-0a")
    del call["detail"]["requestParameters"]["tagSet"]["items"][0]["value"]
    assert matching(RULES, call) == {"TaggingRule"}


@pytest.mark.parametrize("resource_id", ["vpc-0a", "vpce-0a", "sg-0a"])
def test_taking_every_tag_off_a_thing_of_a_kind_that_we_own_or_look_at_matches(resource_id: str) -> None:
    assert matching(RULES, a_tagging_call("DeleteTags", [], "i-0a", resource_id)) == {"TaggingRule"}
    without = a_tagging_call("DeleteTags", [], resource_id)
    del without["detail"]["requestParameters"]["tagSet"]
    assert matching(RULES, without) == {"TaggingRule"}


@pytest.mark.parametrize("resource_id", ["i-0a", "subnet-0a", "vol-0a", "vpclattice-0a"])
def test_taking_every_tag_off_anything_else_does_not(resource_id: str) -> None:
    assert matching(RULES, a_tagging_call("DeleteTags", [], resource_id)) == set()


@pytest.mark.parametrize(
    ("kind", "tags", "matched"),
    [
        ("vpc-endpoint", {"vpce-remediator:owner": "vpc-endpoint-remediator"}, True),
        ("security-group", {"vpce-remediator:owner": "vpc-endpoint-remediator", "Name": "mine"}, True),
        (
            "vpc-endpoint",
            {"vpce-remediator:owner": "vpc-endpoint-remediator", "Name": "vpc-endpoint-remediator/logs"},
            False,
        ),
        ("vpc-endpoint", {"vpce-remediator:owner": "theirs"}, False),
        ("vpc-endpoint", {"Name": "mine"}, False),
        ("vpc-endpoint", {}, False),
        ("subnet", {"vpce-remediator:owner": "vpc-endpoint-remediator"}, False),
    ],
)
def test_only_owned_things_with_a_name_that_is_not_ours_match(kind: str, tags: Any, matched: bool) -> None:
    event = example("TagChangeOnResource")
    event["detail"].update({"resource-type": kind, "tags": tags})
    assert matching(RULES, event) == ({"OwnedNameRule"} if matched else set())


# ---- deployments


@pytest.mark.parametrize(
    ("stack_id", "status", "matched"),
    [
        (STACK_ID, "CREATE_COMPLETE", True),
        (STACK_ID, "UPDATE_COMPLETE", True),
        (STACK_ID, "UPDATE_ROLLBACK_COMPLETE", True),
        (STACK_ID, "UPDATE_IN_PROGRESS", False),
        (STACK_ID, "DELETE_COMPLETE", False),
        (f"{STACK_ID}0", "CREATE_COMPLETE", False),
    ],
)
def test_only_this_stacks_own_deployment_starts_a_sweep(stack_id: str, status: str, matched: bool) -> None:
    event = example("CloudFormationStackStatusChange")
    event["detail"].update({"stack-id": stack_id, "status-details": {"status": status}})
    assert matching(RULES, event) == ({"DeployedRule"} if matched else set())
