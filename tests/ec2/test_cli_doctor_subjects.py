"""What `vpce doctor` sees, subject by subject."""

from __future__ import annotations

from datetime import timedelta
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


def test_a_trail_that_logs_only_some_calls_is_a_warning(ward: Ward) -> None:
    fields = [
        {"Field": "eventCategory", "Equals": ["Management"]},
        {"Field": "eventName", "NotEquals": ["DeleteVpcEndpoints"]},
    ]
    ward.set("cloudtrail", get_event_selectors={"AdvancedEventSelectors": [{"FieldSelectors": fields}]})
    [(subject, verdict, words)] = ward.ill()
    assert (subject, verdict) == ("trail", "warning")
    assert "logs only some management write events" in words


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


def test_runs_that_crashed_in_the_last_day_are_told_with_where_to_look(ward: Ward) -> None:
    def points(**asked: Any) -> Any:
        if asked["MetricName"] != "RunCrashed":
            return {"Datapoints": []}
        assert asked["EndTime"] - asked["StartTime"] >= timedelta(days=1)
        return {"Datapoints": [{"Sum": 2.0}, {"Sum": 1.0}]}

    ward.set("cloudwatch", get_metric_statistics=points)
    [(subject, verdict, words)] = ward.ill()
    assert (subject, verdict) == ("crashes", "warning")
    assert "3 runs of the Region crashed in the last day" in words
    assert RESOURCES["ReconcileLogs"] in words
    assert "vpce explain" in words
    assert "operating.md#a-run-crashed" in words


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


@pytest.mark.parametrize(
    ("queue", "seconds", "told"),
    [
        ("EventQueue", 299, False),
        ("EventQueue", 301, True),
        ("PassQueue", 899, False),
        ("PassQueue", 901, True),
    ],
)
def test_events_may_wait_for_five_minutes_and_runs_for_fifteen(
    ward: Ward, queue: str, seconds: float, told: bool
) -> None:
    point = {"Timestamp": healthy.when(ward.account.clock.now()), "Maximum": seconds}

    def points(**asked: Any) -> Any:
        ours = {"Name": "QueueName", "Value": queue} in asked.get("Dimensions", [])
        return {"Datapoints": [point] if ours else []}

    ward.set("cloudwatch", get_metric_statistics=points)
    assert [each[0] for each in ward.ill()] == ["queues"] * told
    if told and queue == "EventQueue":
        assert "operating.md#when-events-wait" in ward.ill()[0][2]


@pytest.mark.parametrize("function", ["IntakeFunction", "ReconcileFunction", "SweepFunction"])
def test_a_queue_that_is_not_read_is_wrong_whichever_it_is(ward: Ward, function: str) -> None:
    off = {"State": "Disabled", "UUID": "u-1"}
    on = {"State": "Enabled", "UUID": "u-2"}
    name = RESOURCES[function]
    ward.set(
        "functions",
        list_event_source_mappings=lambda FunctionName: {  # noqa: N803 - boto3's name
            "EventSourceMappings": [off if FunctionName == name else on]
        },
    )
    [ill] = ward.ill()
    assert ill[:2] == ("queues are read", "wrong")
    assert ill[2].startswith(name)


def test_a_version_without_an_event_queue_has_two_queues_to_read(ward: Ward) -> None:
    there = {name: each for name, each in RESOURCES.items() if name != "EventQueue"}
    ward.vpce.cloudformation.resources = there
    assert ward.ill() == []
    assert "all 2 queues are read" in {each["seen"] for each in ward.lines()}


# ---- the write budget


def used(ward: Ward, **sums: float) -> None:
    """The last day's metrics: each under each of its values."""
    now = healthy.when(ward.account.clock.now())
    ward.set(
        "cloudwatch",
        get_metric_statistics=lambda **asked: {
            "Datapoints": [{"Timestamp": now, "Sum": sums[asked["MetricName"]]}]
            if asked["MetricName"] in sums
            else []
        },
    )


def test_the_budget_is_told_with_what_was_used_of_it(ward: Ward) -> None:
    used(ward, EndpointCalls=4.0, RunPutOff=1.0)
    lines = {each["subject"]: each["seen"] for each in ward.lines()}
    assert lines["write budget"] == (
        "0.3 endpoint calls of each kind a second, 4 at once; in the last day 12 endpoint calls made, "
        "1 run put off, 0 calls of reconcile throttled by EC2"
    )


@pytest.mark.parametrize(
    ("parameters", "throttles", "ill"),
    [
        ({"EndpointWriteRate": "0.31"}, 1, True),
        ({"EndpointWriteBurst": "5"}, 1, True),
        ({"EndpointWriteRate": "10", "EndpointWriteBurst": "50"}, 0, False),
        ({}, 500, False),
    ],
)
def test_a_budget_above_what_ec2_gives_everyone_is_a_warning_only_where_ec2_throttles(
    ward: Ward, parameters: dict[str, str], throttles: float, ill: bool
) -> None:
    ward.vpce.cloudformation.stacks = [a_stack(**parameters)]
    used(ward, Ec2Throttles=throttles)
    assert [each[:2] for each in ward.ill()] == [("write budget", "warning")] * ill


def test_a_version_without_a_budget_is_no_fault(ward: Ward) -> None:
    stack = a_stack()
    stack["Parameters"] = [each for each in stack["Parameters"] if "Write" not in each["ParameterKey"]]
    ward.vpce.cloudformation.stacks = [stack]
    assert ward.ill() == []


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
    assert {"aws:RequestedRegion", "aws:PrincipalArn"} <= keys
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
    assert "does not look at tags" in words
    assert "operating.md#put-a-role-back" in words


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


def test_a_quota_that_the_plan_does_not_fit_is_wrong(ward: Ward) -> None:
    other = ward.account.vpc("a", number=2)
    ward.account.customer.create_vpc_endpoint(
        VpcId=other, ServiceName="com.amazonaws.eu-west-1.sqs", VpcEndpointType="Interface"
    )
    ward.set("quotas", get_service_quota={"Quota": {"Value": 2.0}})
    told = [words for subject, verdict, words in ward.ill() if (subject, verdict) == ("quotas", "wrong")]
    assert len(told) == 1
    assert f"interface endpoints per VPC: 1 of 2 used in {other}, 1 left; 2 more are wanted" in told[0]


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
