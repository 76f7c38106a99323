"""The dashboard and the alarms as they were deployed: they are there, and they change state with what the
functions publish."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from sandbox.control_plane.alarms import State
from sandbox.sandbox import Sandbox
from tests.stack.watch import eventually


def alarms(sandbox: Sandbox) -> dict[str, Any]:
    """The alarms as CloudWatch describes them, by logical id."""
    described = sandbox.client("cloudwatch").describe_alarms()["MetricAlarms"]
    by_name = {each["AlarmName"]: each for each in described}
    deployed = sandbox.stack.physical_ids("AWS::CloudWatch::Alarm")
    return {logical_id: by_name[name] for logical_id, name in deployed.items()}


def is_in(sandbox: Sandbox, alarm: str, state: State) -> bool:
    return bool(alarms(sandbox)[alarm]["StateValue"] == state)


@pytest.fixture
def publish(sandbox: Sandbox) -> Callable[..., None]:
    """Publishes a metric to CloudWatch, as a function's log line would."""

    def put(metric: str, value: float, **dimensions: str) -> None:
        named = [{"Name": name, "Value": each} for name, each in dimensions.items()]
        datum = {"MetricName": metric, "Value": value, "Dimensions": named}
        sandbox.client("cloudwatch").put_metric_data(Namespace="VpcEndpointRemediator", MetricData=[datum])

    return put


def test_the_dashboard_names_what_was_deployed(sandbox: Sandbox) -> None:
    name = sandbox.stack.outputs["DashboardName"]
    body = json.loads(sandbox.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
    drawn = json.dumps(body)
    functions = sandbox.stack.physical_ids("AWS::Lambda::Function").values()
    queues = [url.rpartition("/")[2] for url in sandbox.queues.urls.values()]
    assert [each for each in (*functions, *queues) if f'"{each}"' not in drawn] == []
    assert f"SOURCE '{sandbox.logs.groups['ReconcileFunction']}'" in drawn
    [shown] = [each["properties"]["alarms"] for each in body["widgets"] if each["type"] == "alarm"]
    assert sorted(shown) == sorted(each["AlarmArn"] for each in alarms(sandbox).values())


def test_a_sweep_ends_the_alarm_of_a_new_stack_that_there_was_none(sandbox: Sandbox) -> None:
    sandbox.invoke("SweepFunction", {})
    eventually(partial(is_in, sandbox, "SweepAlarm", State.OK), "the sweep was not seen")


def test_a_dead_letter_is_an_alarm_of_its_own_queue(sandbox: Sandbox) -> None:
    sqs, url = sandbox.client("sqs"), sandbox.queues.urls["SweepDeadLetters"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    eventually(partial(is_in, sandbox, "SweepDeadLettersAlarm", State.ALARM), "there was no alarm")
    eventually(partial(is_in, sandbox, "IntakeDeadLettersAlarm", State.OK), "another queue is in alarm")
    sqs.purge_queue(QueueUrl=url)


def test_an_age_is_an_alarm_of_its_own_status(sandbox: Sandbox, publish: Callable[..., None]) -> None:
    publish("OldestFindingAge", 90_000, Status="contested")
    eventually(partial(is_in, sandbox, "ContestedAlarm", State.ALARM), "there was no alarm")
    sandbox.invoke("SweepFunction", {})
    for other in ("DriftAlarm", "BlockedAlarm"):
        eventually(partial(is_in, sandbox, other, State.OK), f"{other} is not over")
