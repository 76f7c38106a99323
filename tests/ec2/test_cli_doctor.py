"""`vpce doctor` as a whole: all well, one thing after another that is not, and checks that cannot be made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.account import Account
from tests.command_line import CommandLine
from tests.unit.cli import healthy
from tests.unit.cli.healthy import RESOURCES, refused
from tests.ward import Ward
from vpce.checks.examine import SUBJECTS


@pytest.fixture
def ward(account: Account) -> Ward:
    return Ward(account)


def test_a_well_installation_is_all_ok_and_exits_0(ward: Ward) -> None:
    answer = ward.vpce("doctor")
    assert answer.status == 0
    assert ward.ill() == []
    assert "0 wrong, 0 warnings" in answer.out
    assert {each["subject"] for each in ward.lines()} == {subject for subject, _ in SUBJECTS}


def test_doctor_changes_nothing(ward: Ward) -> None:
    with ward.account.calls() as calls:
        ward.vpce("doctor")
    assert calls
    assert ward.account.writes(calls) == []


WRONG: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("trail", "cloudtrail", {"describe_trails": {"trailList": []}}, "there is no trail", "create a trail"),
    ("trail", "cloudtrail", {"get_trail_status": {"IsLogging": False}}, "org does not log", "start"),
    (
        "trail",
        "cloudtrail",
        {"get_event_selectors": {"EventSelectors": [{"ReadWriteType": "ReadOnly"}]}},
        "org logs no management write events",
        "put-event-selectors",
    ),
    ("rules", "events", {"describe_rule": {"State": "DISABLED"}}, "ChangeRule is disabled", "enable-rule"),
    ("rules", "events", {"list_targets_by_rule": {"Targets": []}}, "it has no target", "deploy"),
    ("schedule", "scheduler", {"get_schedule": {"State": "DISABLED"}}, "schedule is off", "deploy"),
    (
        "functions",
        "functions",
        {"get_function_configuration": {"State": "Failed", "StateReason": "no image", "Role": healthy.ROLE}},
        "is Failed: no image",
        "deploy",
    ),
    (
        "functions",
        "functions",
        {
            "get_function_configuration": {
                "State": "Active",
                "LastUpdateStatus": "Failed",
                "Role": healthy.ROLE,
            }
        },
        "the last update of",
        "deploy",
    ),
    (
        "concurrency",
        "functions",
        {"get_function_concurrency": {"ReservedConcurrentExecutions": 0}},
        "reserved concurrency of 0",
        "delete-function-concurrency",
    ),
    (
        "queues are read",
        "functions",
        {"list_event_source_mappings": {"EventSourceMappings": [{"State": "Disabled", "UUID": "u-1"}]}},
        "the mapping is off",
        "--uuid u-1",
    ),
    (
        "queues are read",
        "functions",
        {"list_event_source_mappings": {"EventSourceMappings": []}},
        "reads no queue",
        "deploy",
    ),
    ("sweep", "logs", {"filter_log_events": {"events": []}}, "no sweep ended within 2 h 10 min", "SweepLogs"),
    (
        "alarms",
        "cloudwatch",
        {
            "describe_alarms": lambda **_: {
                "MetricAlarms": [
                    {
                        "AlarmName": "blocked-for-long",
                        "StateValue": "ALARM",
                        "StateReason": "1 datapoint",
                        "AlarmDescription": "First: `vpce status`",
                    }
                ]
            }
        },
        "blocked-for-long is in ALARM: 1 datapoint",
        "First: `vpce status`",
    ),
    (
        "dead letters",
        "sqs",
        {"get_queue_attributes": {"Attributes": {"ApproximateNumberOfMessages": "2"}}},
        "IntakeDeadLetters has 2 dead letters",
        "vpce redrive",
    ),
    (
        "ledger",
        "dynamodb",
        {"describe_table": {"Table": {"TableStatus": "DELETING"}}},
        "is DELETING",
        "deploy",
    ),
]


@pytest.mark.parametrize(("subject", "service", "answers", "seen", "cure"), WRONG)
def test_what_is_wrong_is_told_with_its_cure_and_exits_2(
    ward: Ward, subject: str, service: str, answers: dict[str, Any], seen: str, cure: str
) -> None:
    ward.set(service, **answers)
    told = ward.ill()
    assert {(each, verdict) for each, verdict, _ in told} == {(subject, "wrong")}
    assert any(
        seen in words and cure.replace("SweepLogs", RESOURCES["SweepLogs"]) in words for *_, words in told
    )
    assert ward.vpce("doctor").status == 2


WARNINGS: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "trail",
        "cloudtrail",
        {"get_event_selectors": refused("cloudtrail", "GetEventSelectors")},
        "could not be seen (cloudtrail:GetEventSelectors)",
    ),
    (
        "trail",
        "cloudtrail",
        {"get_trail_status": {"IsLogging": True, "LatestDeliveryError": "AccessDenied"}},
        "cannot deliver its files",
    ),
    (
        "backups",
        "dynamodb",
        {"describe_continuous_backups": {"ContinuousBackupsDescription": {}}},
        "no point-in-time recovery",
    ),
    (
        "alarms",
        "cloudwatch",
        {
            "describe_alarms": lambda **_: {
                "MetricAlarms": [{"AlarmName": "a", "StateValue": "OK", "ActionsEnabled": False}]
            }
        },
        "1 of 2 alarms notify nobody",
    ),
    (
        "quotas",
        "quotas",
        {"get_service_quota": {"Quota": {"Value": 2.0}}},
        "interface endpoints per VPC: 2 of 2",
    ),
]


@pytest.mark.parametrize(("subject", "service", "answers", "seen"), WARNINGS)
def test_what_a_person_should_look_at_is_a_warning_and_exits_0(
    ward: Ward, subject: str, service: str, answers: dict[str, Any], seen: str
) -> None:
    ward.set(service, **answers)
    told = ward.ill()
    assert {(each, verdict) for each, verdict, _ in told} == {(subject, "warning")}
    assert any(seen in words for *_, words in told)
    assert ward.vpce("doctor").status == 0


PERMISSIONS = [
    ("trail", "cloudtrail", "describe_trails", "cloudtrail", "DescribeTrails"),
    ("rules", "events", "describe_rule", "events", "DescribeRule"),
    ("schedule", "scheduler", "get_schedule", "scheduler", "GetSchedule"),
    ("concurrency", "functions", "get_function_concurrency", "lambda", "GetFunctionConcurrency"),
    ("queues are read", "functions", "list_event_source_mappings", "lambda", "ListEventSourceMappings"),
    ("errors", "cloudwatch", "get_metric_data", "cloudwatch", "GetMetricData"),
    ("sweep", "logs", "filter_log_events", "logs", "FilterLogEvents"),
    ("alarms", "cloudwatch", "describe_alarms", "cloudwatch", "DescribeAlarms"),
    ("dead letters", "sqs", "get_queue_attributes", "sqs", "GetQueueAttributes"),
    ("queues", "cloudwatch", "get_metric_statistics", "cloudwatch", "GetMetricStatistics"),
    ("ledger", "dynamodb", "describe_table", "dynamodb", "DescribeTable"),
    ("backups", "dynamodb", "describe_continuous_backups", "dynamodb", "DescribeContinuousBackups"),
    ("permissions", "iam", "simulate_principal_policy", "iam", "SimulatePrincipalPolicy"),
    ("quotas", "quotas", "get_service_quota", "servicequotas", "GetServiceQuota"),
]


@pytest.mark.parametrize(("subject", "client", "method", "service", "operation"), PERMISSIONS)
def test_a_check_that_may_not_be_made_is_one_warning_that_names_the_permission(
    ward: Ward, subject: str, client: str, method: str, service: str, operation: str
) -> None:
    ward.set(client, **{method: refused(service, operation)})
    [(told, verdict, words)] = ward.ill()
    assert (told, verdict) == (subject, "warning")
    assert f"the permission {service}:{operation} is missing" in words
    assert len(ward.lines()) >= len(SUBJECTS)


def test_an_answer_that_makes_no_sense_stops_no_other_check(ward: Ward) -> None:
    ward.set("cloudtrail", describe_trails={})
    [(subject, verdict, words)] = ward.ill()
    assert (subject, verdict) == ("trail", "warning")
    assert "cannot be read" in words


def test_where_ec2_refuses_to_be_read_the_checks_that_need_no_ec2_are_made(ward: Ward) -> None:
    ward.account.ec2.faults.deny("DescribeSubnets")
    told = ward.ill()
    assert {subject for subject, *_ in told} == {"services", "quotas", "network ACLs", "DNS"}
    assert all("DescribeSubnets" in words for *_, words in told)


def test_without_a_stack_there_is_nothing_to_look_at(account: Account) -> None:
    answer = CommandLine(account, stacks=[])("doctor")
    assert answer.status == 1
    assert "is not deployed in eu-west-1" in answer.err


def test_what_the_stack_lacks_is_wrong(ward: Ward) -> None:
    for each in ("ChangeRule", "Schedule", "SweepFunction"):
        del ward.vpce.cloudformation.resources[each]  # type: ignore[attr-defined]
    told = {(subject, verdict) for subject, verdict, _ in ward.ill()}
    assert {("rules", "wrong"), ("schedule", "wrong"), ("functions", "wrong")} <= told
