"""The conventions that the template keeps."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from reconciler.settings import Settings
from tests.template.deployed import VALUES, is_made, resolve, resources, template

FUNCTIONS = resources("AWS::Serverless::Function")
QUEUES = resources("AWS::SQS::Queue")
GLOBALS = template()["Globals"]["Function"]


def reference(node: Any) -> str:
    """The logical id that a `Ref` or `Fn::GetAtt` is about."""
    [name] = node.values()
    assert isinstance(name, str)
    return name.partition(".")[0]


def queues_of(function: Any) -> list[str]:
    events = function.get("Events", {}).values()
    return [reference(event["Properties"]["Queue"]) for event in events if event["Type"] == "SQS"]


def test_the_parameters_are_those_that_are_promised() -> None:
    parameters = template()["Parameters"]
    assert {name: parameter["Default"] for name, parameter in parameters.items()} == {
        "TagPrefix": "vpce-remediator",
        "DefaultMode": "enforce",
        "DebounceSeconds": 30,
        "SweepSchedule": "rate(1 hour)",
        "SweepJitterMinutes": 5,
        "MaxConcurrency": 2,
        "EndpointWriteRate": "0.3",
        "EndpointWriteBurst": "4",
        "LogRetentionDays": 30,
        "ProfilesParameter": "",
        "InstallationId": "",
        "Paused": "false",
        "GracePeriodMinutes": 1440,
        "TeardownLimit": 5,
        "Dashboard": "true",
        "SavedQueries": "true",
        "LogLevel": "INFO",
        "Tracing": "false",
        "AlarmTopicArn": "",
        "DriftAlarmSeconds": 7200,
        "BlockedAlarmSeconds": 86400,
        "ContestedAlarmSeconds": 86400,
        "SweepAlarmAfter": "3h",
        "SweepDriftAlarmCount": 1,
        "ErrorAlarmMinutes": 3,
        "ConvergeAlarmMilliseconds": 900000,
        "ThrottleAlarmCount": 20,
    }
    assert parameters["DefaultMode"]["AllowedValues"] == ["enforce", "audit"]
    debounce = parameters["DebounceSeconds"]
    assert (debounce["MinValue"], debounce["MaxValue"]) == (0, 900)


# ---- functions


def test_there_are_the_three_functions() -> None:
    assert set(FUNCTIONS) == {"IntakeFunction", "ReconcileFunction", "SweepFunction"}


def test_the_functions_run_python_3_13_on_arm() -> None:
    assert (GLOBALS["Runtime"], GLOBALS["Architectures"]) == ("python3.13", ["arm64"])
    assert not any({"Runtime", "Architectures"} & set(function) for function in FUNCTIONS.values())


def test_the_functions_environment_makes_their_settings() -> None:
    environment = resolve(GLOBALS["Environment"]["Variables"], VALUES)
    settings = Settings.from_environment({**environment, "AWS_REGION": "eu-west-1"})
    assert settings.installation.id == "vpc-endpoint-remediator"
    assert (settings.pass_queue_url, settings.sweep_queue_url) == ("PassQueue", "SweepQueue")


def test_the_log_level_is_a_level_that_the_logger_reads() -> None:
    variables = GLOBALS["Environment"]["Variables"]
    assert variables["POWERTOOLS_LOG_LEVEL"] == {"Ref": "LogLevel"}
    for level in template()["Parameters"]["LogLevel"]["AllowedValues"]:
        assert isinstance(logging.getLevelName(level), int)


def test_invocations_are_traced_only_where_it_is_asked_for() -> None:
    traced = {**VALUES, "Tracing": "true"}
    assert [resolve(GLOBALS["Tracing"], values) for values in (VALUES, traced)] == ["PassThrough", "Active"]
    for name in (reference(function["Role"]) for function in FUNCTIONS.values()):
        attached = resources("AWS::IAM::Role")[name]["ManagedPolicyArns"]
        assert "WriteTraces" not in resolve(attached, VALUES)
        assert "WriteTraces" in resolve(attached, traced)
    assert [is_made("WriteTraces", values) for values in (VALUES, traced)] == [False, True]


def test_each_function_has_a_role_of_its_own() -> None:
    roles = [reference(function["Role"]) for function in FUNCTIONS.values()]
    assert len(set(roles)) == len(FUNCTIONS)
    assert set(roles) <= set(resources("AWS::IAM::Role"))


def test_each_function_has_a_log_group_of_its_own_kept_as_long_as_the_parameter_says() -> None:
    groups = [reference(function["LoggingConfig"]["LogGroup"]) for function in FUNCTIONS.values()]
    assert len(set(groups)) == len(FUNCTIONS)
    for group in groups:
        assert resources("AWS::Logs::LogGroup")[group]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_function_fails_on_for_good_is_kept(name: str) -> None:
    """What it is invoked with by an event, in its destination; what it takes from a queue, in that one's."""
    function = FUNCTIONS[name]
    invoked = {reference(permission["FunctionName"]) for permission in resources(PERMISSION).values()}
    if name in invoked:
        failed = function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
        assert failed["Type"] == "SQS"
        assert not QUEUES[reference(failed["Destination"])].get("FifoQueue")
    assert name in invoked or queues_of(function)
    for queue in queues_of(function):
        assert "RedrivePolicy" in QUEUES[queue]


PERMISSION = "AWS::Lambda::Permission"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_queue_hides_a_message_for_longer_than_the_function_may_take(name: str) -> None:
    for queue in queues_of(FUNCTIONS[name]):
        assert QUEUES[queue]["VisibilityTimeout"] > FUNCTIONS[name]["Timeout"]


def test_reconcile_reports_the_messages_that_failed_and_no_others() -> None:
    [source] = FUNCTIONS["ReconcileFunction"]["Events"].values()
    assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["Properties"]["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MaxConcurrency"}}


# ---- queues and rules


@pytest.mark.parametrize("name", QUEUES)
def test_every_queue_is_encrypted(name: str) -> None:
    assert QUEUES[name].get("SqsManagedSseEnabled") is True or "KmsMasterKeyId" in QUEUES[name]


@pytest.mark.parametrize("name", [name for name in QUEUES if "RedrivePolicy" in QUEUES[name]])
def test_dead_letters_of_a_fifo_queue_go_to_a_fifo_queue_that_keeps_them_two_weeks(name: str) -> None:
    dead_letters = QUEUES[reference(QUEUES[name]["RedrivePolicy"]["deadLetterTargetArn"])]
    assert dead_letters.get("FifoQueue") == QUEUES[name].get("FifoQueue")
    assert dead_letters["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize("name", ["PassQueue", "SweepQueue"])
def test_a_queue_holds_messages_back_for_a_debounce_and_a_few_seconds_without_one(name: str) -> None:
    assert QUEUES[name]["FifoQueue"] is True
    assert QUEUES[name]["DelaySeconds"] == {"Fn::If": ["NoDebounce", 5, {"Ref": "DebounceSeconds"}]}


@pytest.mark.parametrize("name", resources("AWS::Events::Rule"))
def test_what_a_rule_cannot_deliver_is_kept_in_a_standard_queue_that_lets_it(name: str) -> None:
    [policy] = resources("AWS::SQS::QueuePolicy").values()
    for target in resources("AWS::Events::Rule")[name]["Targets"]:
        queue = reference(target["DeadLetterConfig"]["Arn"])
        assert not QUEUES[queue].get("FifoQueue")
        assert {"Ref": queue} in policy["Queues"]


def sends_to_a_queue(name: str) -> bool:
    """Whether a rule does."""
    [target] = resources("AWS::Events::Rule")[name]["Targets"]
    return reference(target["Arn"]) in QUEUES


@pytest.mark.parametrize("name", resources("AWS::Events::Rule"))
def test_a_rule_sends_nothing_before_its_queues_take_it(name: str) -> None:
    [policy] = resources("AWS::SQS::QueuePolicy")
    assert template()["Resources"][name]["DependsOn"] == policy


@pytest.mark.parametrize("name", [each for each in resources("AWS::Events::Rule") if sends_to_a_queue(each)])
def test_the_rules_of_this_account_alone_may_put_events_into_the_event_queue(name: str) -> None:
    [target] = resources("AWS::Events::Rule")[name]["Targets"]
    assert not QUEUES[reference(target["Arn"])].get("FifoQueue")
    [policy] = resources("AWS::SQS::QueuePolicy").values()
    assert {"Ref": reference(target["Arn"])} in policy["Queues"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert target["Arn"] in statement["Resource"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_events_are_taken_hundreds_at_a_time_and_those_that_failed_come_again() -> None:
    [source] = FUNCTIONS["IntakeFunction"]["Events"].values()
    batches = source["Properties"]
    assert batches["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert batches["BatchSize"] >= 100
    # SQS takes no batch of more than ten without a window.
    assert batches["MaximumBatchingWindowInSeconds"] >= 1


@pytest.mark.parametrize(
    "name", [each for each in resources("AWS::Events::Rule") if not sends_to_a_queue(each)]
)
def test_only_its_own_rule_may_start_a_function(name: str) -> None:
    [target] = resources("AWS::Events::Rule")[name]["Targets"]
    started = [
        permission
        for permission in resources(PERMISSION).values()
        if permission["SourceArn"] == {"Fn::GetAtt": f"{name}.Arn"}
    ]
    assert [reference(permission["FunctionName"]) for permission in started] == [reference(target["Arn"])]


def test_every_parameter_is_in_one_group_of_the_console_and_has_a_label() -> None:
    interface = template()["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template()["Parameters"])
    assert set(interface["ParameterLabels"]) == set(grouped)
