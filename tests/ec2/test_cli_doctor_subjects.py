"""What `vpce doctor` sees, subject by subject."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.account import Account
from tests.command_line import a_stack
from tests.unit.cli import healthy
from tests.unit.cli.healthy import FUNCTIONS, RESOURCES
from tests.ward import Ward


@pytest.fixture
def ward(account: Account) -> Ward:
    return Ward(account)


# ---- the trail


def trails(*others: dict[str, Any]) -> dict[str, Any]:
    return {"trailList": [{**healthy.TRAIL, **each} for each in others]}


def test_an_organization_trail_counts(ward: Ward) -> None:
    ward.set("cloudtrail", describe_trails=trails({"IsOrganizationTrail": True}))
    assert ward.ill() == []
    assert any("organization trail" in each["seen"] for each in ward.lines())


def test_a_trail_of_another_region_alone_does_not_count(ward: Ward) -> None:
    ward.set("cloudtrail", describe_trails=trails({"HomeRegion": "us-east-1", "IsMultiRegionTrail": False}))
    assert [each[:2] for each in ward.ill()] == [("trail", "wrong")]


def test_one_good_trail_of_several_is_enough(ward: Ward) -> None:
    ward.set(
        "cloudtrail",
        describe_trails=trails({"Name": "idle", "TrailARN": "idle"}, {}),
        get_trail_status=lambda Name: {"IsLogging": Name != "idle"},  # noqa: N803 - boto3's name
    )
    assert ward.ill() == []


# ---- functions


def metric_data(**sums: float) -> Any:
    """Answers with these sums for the reconcile function."""

    def answer(MetricDataQueries: list[Any], **_: Any) -> Any:  # noqa: N803 - boto3's name
        results = []
        for each in MetricDataQueries:
            metric = each["MetricStat"]["Metric"]
            if metric["Dimensions"][0]["Value"] == FUNCTIONS["ReconcileFunction"]:
                results.append({"Id": each["Id"], "Values": [sums.get(metric["MetricName"], 0.0)]})
        return {"MetricDataResults": results}

    return answer


@pytest.mark.parametrize(("errors", "verdict"), [(1.0, "warning"), (60.0, "wrong")])
def test_errors_of_the_last_day_are_told_and_many_are_wrong(ward: Ward, errors: float, verdict: str) -> None:
    ward.set("cloudwatch", get_metric_data=metric_data(Invocations=100.0, Errors=errors))
    [(subject, told, words)] = ward.ill()
    assert (subject, told) == ("errors", verdict)
    assert f"failed {errors:.0f} of 100 times" in words
    assert RESOURCES["ReconcileLogs"] in words


def test_throttles_are_told(ward: Ward) -> None:
    ward.set("cloudwatch", get_metric_data=metric_data(Invocations=100.0, Throttles=3.0))
    [(_, verdict, words)] = ward.ill()
    assert verdict == "warning"
    assert "throttled 3 times" in words


# ---- sweep and queues


def test_the_last_sweep_is_told_with_what_it_found(ward: Ward) -> None:
    lines = {each["subject"]: each["seen"] for each in ward.lines()}
    assert lines["sweep"] == "the last one ended 10 min ago: 1 in sync, 0 drifted"


def test_where_the_log_has_no_information_the_heartbeat_is_asked(ward: Ward) -> None:
    ward.vpce.cloudformation.stacks = [a_stack(LogLevel="WARNING")]
    ward.set("logs", filter_log_events={"events": []})
    assert [each[:2] for each in ward.ill()] == [("sweep", "wrong")]
    beat = {"Timestamp": healthy.when(ward.account.clock.now() - 900), "Sum": 1.0}
    ward.set(
        "cloudwatch",
        get_metric_statistics=lambda **asked: {
            "Datapoints": [beat] if asked["MetricName"] == "SweepCompleted" else []
        },
    )
    assert ward.ill() == []


def test_a_message_that_waits_for_long_is_told(ward: Ward) -> None:
    point = {"Timestamp": healthy.when(ward.account.clock.now()), "Maximum": 7200.0}
    ward.set("cloudwatch", get_metric_statistics={"Datapoints": [point]})
    told = ward.ill()
    assert {each[:2] for each in told} == {("queues", "warning")}
    assert "2 h ago" in told[0][2]


# ---- settings


def test_a_paused_installation_is_a_warning(ward: Ward) -> None:
    ward.vpce.cloudformation.stacks = [a_stack(Paused="true")]
    assert [each[:2] for each in ward.ill()] == [("mode", "warning")]


def test_audit_as_the_default_is_a_warning(ward: Ward) -> None:
    ward.vpce.cloudformation.stacks = [a_stack(DefaultMode="audit")]
    assert [each[:2] for each in ward.ill()] == [("mode", "warning")]


def test_a_deployment_that_was_rolled_back_is_a_warning(ward: Ward) -> None:
    ward.vpce.cloudformation.stacks = [a_stack(status="UPDATE_ROLLBACK_COMPLETE")]
    assert [each[:2] for each in ward.ill()] == [("stack", "warning")]


def parameter(value: str, now: float) -> dict[str, Any]:
    return {"Parameter": {"Value": value, "Version": 3, "LastModifiedDate": healthy.when(now)}}


def test_a_profiles_document_with_a_mistake_is_wrong_and_says_where(ward: Ward) -> None:
    ward.vpce.cloudformation.stacks = [a_stack(ProfilesParameter="/profiles")]
    ward.set("ssm", get_parameter=parameter("[own]\ncolour = 1\n", ward.account.clock.now()))
    told = [each for each in ward.ill() if each[0] == "profiles"]
    assert [each[:2] for each in told] == [("profiles", "wrong")]
    assert "version 3 of /profiles cannot be used" in told[0][2]
    assert "line 2" in told[0][2]


def test_a_good_profiles_document_is_told_with_what_it_has(ward: Ward) -> None:
    ward.vpce.cloudformation.stacks = [a_stack(ProfilesParameter="/profiles")]
    document = '[own]\n[[own.endpoint]]\nservice = "sqs"\n'
    ward.set("ssm", get_parameter=parameter(document, ward.account.clock.now()))
    assert ward.ill() == []
    assert any("version 3 of /profiles has own" in each["seen"] for each in ward.lines())


# ---- permissions of the role


def simulation(denied: str, **details: Any) -> Any:
    def answer(ActionNames: list[str], **_: Any) -> Any:  # noqa: N803 - boto3's name
        return {
            "EvaluationResults": [
                {"EvalActionName": name, "EvalDecision": "implicitDeny", **details}
                if denied in name
                else {"EvalActionName": name, "EvalDecision": "allowed"}
                for name in ActionNames
            ]
        }

    return answer


@pytest.mark.parametrize(
    ("details", "why"),
    [
        ({}, "no policy allows it"),
        ({"EvalDecision": "explicitDeny"}, "a policy denies it"),
        (
            {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}},
            "a service control policy denies it",
        ),
        (
            {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}},
            "its permissions boundary does not allow it",
        ),
    ],
)
def test_what_the_role_may_not_do_is_wrong_with_the_reason(
    ward: Ward, details: dict[str, Any], why: str
) -> None:
    ward.set("iam", simulate_principal_policy=simulation("DeleteVpcEndpoints", **details))
    assert [each[:2] for each in ward.ill()] == [("permissions", "wrong")]
    assert f"ec2:DeleteVpcEndpoints on vpc-endpoint: {why}" in ward.ill()[0][2]


def test_the_role_is_asked_about_with_the_tags_that_its_policy_asks_for(ward: Ward) -> None:
    asked: list[Any] = []

    def answer(**request: Any) -> Any:
        asked.append(request)
        return healthy.clients(0)["iam"].answers["simulate_principal_policy"](**request)

    ward.set("iam", simulate_principal_policy=answer)
    assert ward.ill() == []
    keys = {entry["ContextKeyName"] for each in asked for entry in each["ContextEntries"]}
    assert {"aws:ResourceTag/vpce-remediator:owner", "aws:RequestTag/vpce-remediator:owner"} <= keys
    assert {each["PolicySourceArn"] for each in asked} == {healthy.ROLE}


def test_a_paused_role_may_write_nothing_and_that_is_right(ward: Ward) -> None:
    ward.vpce.cloudformation.stacks = [a_stack(Paused="true")]
    denied = simulation("ec2:Create")
    ward.set("iam", simulate_principal_policy=denied)
    assert [each[:2] for each in ward.ill()] == [("mode", "warning")]


def test_an_iam_that_minds_no_tags_says_nothing_of_the_role(ward: Ward) -> None:
    def answer(ActionNames: list[str], **_: Any) -> Any:  # noqa: N803 - boto3's name
        free = ("Describe", "route53", "ModifyVpcEndpoint")
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": name,
                    "EvalDecision": "allowed" if any(each in name for each in free) else "implicitDeny",
                }
                for name in ActionNames
            ]
        }

    ward.set("iam", simulate_principal_policy=answer)
    [(subject, verdict, words)] = ward.ill()
    assert (subject, verdict) == ("permissions", "warning")
    assert "does not mind tags" in words


# ---- what the Region offers, and the network


def test_each_service_in_use_is_told_with_its_zones(ward: Ward) -> None:
    told = [each["seen"] for each in ward.lines() if each["subject"] == "services"]
    assert len(told) == 2
    assert all("is offered in" in each and "eu-west-1a (euw1-az" in each for each in told)


def test_a_service_that_the_region_does_not_offer_is_wrong(ward: Ward) -> None:
    ward.account.ec2.aws.withdraw("com.amazonaws.eu-west-1.appmesh-envoy-management")
    told = [each for each in ward.ill() if each[0] == "services"]
    assert [each[:2] for each in told] == [("services", "wrong")]
    assert "AWS ended App Mesh on 2026-09-30" in told[0][2]


def test_a_zone_with_private_subnets_that_the_service_is_not_in_is_a_warning(ward: Ward) -> None:
    name = "com.amazonaws.eu-west-1.logs"
    ward.account.ec2.aws.service(name, zones="a")
    told = [each for each in ward.ill() if each[0] == "services"]
    assert [each[:2] for each in told] == [("services", "warning")]
    assert "not in eu-west-1b" in told[0][2]


def test_a_quota_that_the_plan_does_not_fit_is_wrong(account: Account) -> None:
    ward = Ward(account)
    other = account.vpc("a", number=2)
    ward.set("quotas", get_service_quota={"Quota": {"Value": 1.0}})
    told = [words for subject, verdict, words in ward.ill() if (subject, verdict) == ("quotas", "wrong")]
    assert any("interface endpoints per VPC" in words and "L-29B6F2EB" in words for words in told)
    assert other


def test_a_quota_that_nobody_raised_is_the_one_that_aws_gives(ward: Ward) -> None:
    missing = ClientError({"Error": {"Code": "NoSuchResourceException", "Message": "no"}}, "GetServiceQuota")
    ward.set("quotas", get_service_quota=missing, get_aws_default_service_quota={"Quota": {"Value": 60.0}})
    assert ward.ill() == []
    assert any("of 60 used" in each["seen"] for each in ward.lines())


def test_custom_name_servers_are_a_warning(ward: Ward) -> None:
    ec2 = ward.account.customer
    options = ec2.create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name-servers", "Values": ["10.9.9.9"]}]
    )["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=ward.vpc_id)
    assert [(each[:2]) for each in ward.ill()] == [("DNS", "warning")]
    assert "10.9.9.9" in ward.ill()[0][2]


def test_dns_that_is_off_where_nothing_is_enforced_is_wrong(ward: Ward) -> None:
    ward.account.customer.modify_vpc_attribute(VpcId=ward.vpc_id, EnableDnsSupport={"Value": False})
    ward.account.tag(ward.vpc_id, mode="audit")
    told = [each[:2] for each in ward.ill() if each[0] == "DNS"]
    assert ("DNS", "wrong") in told


def test_a_network_acl_that_denies_clients_the_way_is_a_warning(ward: Ward) -> None:
    ec2 = ward.account.customer
    [acl] = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [ward.vpc_id]}])["NetworkAcls"]
    ec2.create_network_acl_entry(
        NetworkAclId=acl["NetworkAclId"],
        RuleNumber=1,
        Protocol="-1",
        RuleAction="deny",
        Egress=True,
        CidrBlock="10.0.0.0/8",
    )
    assert [each[:2] for each in ward.ill()] == [("network ACLs", "warning")]
    assert acl["NetworkAclId"] in ward.ill()[0][2]
