"""docs/events.md: its example is as the schema says, its tables have the words of the code, and its rules
work on events that an account really sends."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from unittest.mock import Mock

import pytest
import yaml
from botocore.stub import ANY, Stubber

from reconciler.domain.contest import SAME_CHANGE
from reconciler.domain.memory import Change
from sandbox.truth import LOGS
from tests.account import DEBOUNCE, Account
from tests.documents import DOCS, blocks, section
from tests.finding_events import SCHEMA, Subscriber, delete_endpoint, turn_hostnames_off, valid
from tests.template.deployed import Loader
from tests.template.matching import matches

PAGE = DOCS / "events.md"
Events = Mapping[str, list[dict[str, Any]]]
RESOURCES: dict[str, Any] = {}
for text in blocks(PAGE, "yaml"):
    RESOURCES |= yaml.load(text, Loader)["Resources"]
RULES = {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == "AWS::Events::Rule"}
PLACEHOLDER = re.compile(r'"(?:\\.|[^"\\])*"|<[^<>]*>')


@pytest.fixture(scope="module")
def events() -> Events:
    """Events of an account, at least one of each change."""
    account = Account()
    subscriber = Subscriber(account)
    vpc_id = account.converged_vpc()
    account.clock.advance(3600)
    heard: list[dict[str, Any]] = []

    def converges(vpc: str = vpc_id) -> None:
        heard.extend(subscriber.gets(*account.converge(vpc)))
        account.clock.advance(DEBOUNCE)

    for number in range(SAME_CHANGE[0][0] + 1):
        turn_hostnames_off(account, vpc_id, f"event-{number}")
        converges()
    delete_endpoint(account, vpc_id, LOGS)
    account.clock.advance(60)
    account.ec2.faults.before("CreateVpcEndpoint", "UnauthorizedOperation", times=9)
    options = account.customer.create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name-servers", "Values": ["10.0.0.53"]}]
    )["DhcpOptions"]["DhcpOptionsId"]
    account.customer.associate_dhcp_options(VpcId=vpc_id, DhcpOptionsId=options)
    converges()
    account.opt_out(vpc_id)
    converges()
    converges(account.vpc(profile="apmesh", number=2))
    found: dict[str, list[dict[str, Any]]] = {change: [] for change in Change}
    for each in heard:
        found[each["detail"]["change"]].append(each)
    assert all(found.values()), {change: len(some) for change, some in found.items()}
    return found


def every(events: Events) -> list[dict[str, Any]]:
    return [each for some in events.values() for each in some]


def matched(events: Events, rule: str) -> list[dict[str, Any]]:
    return [each for each in every(events) if matches(RULES[rule]["EventPattern"], each)]


# ---- the words


def first_cells(text: str) -> list[str]:
    return [
        word
        for line in re.findall(r"^\| (`[^|]+`) \|", text, flags=re.M)
        for word in re.findall(r"`([^`]+)`", line)
    ]


def test_the_example_is_an_event_as_it_is_delivered(events: Events) -> None:
    (example,) = [json.loads(each) for each in blocks(PAGE, "json")]
    valid(example["detail"])
    real = events["remediated"][0]
    assert list(example) == list(real)
    assert list(example["detail"]) == list(real["detail"])
    assert list(example["detail"]["cause"]) == list(real["detail"]["cause"])
    assert list(example["detail"]["done"][0]) == list(real["detail"]["done"][0])


def test_every_change_and_every_field_has_one_line() -> None:
    assert sorted(first_cells(section(PAGE, "what-is-sent-when"))) == sorted(Change)
    assert sorted(first_cells(section(PAGE, "fields"))) == sorted(SCHEMA["properties"])


def test_every_detail_type_is_named(events: Events) -> None:
    named = set(re.findall(r"`(Finding [A-Z][a-z]+)`", PAGE.read_text(encoding="utf-8")))
    assert named == {each["detail-type"] for each in every(events)}


# ---- the rules


def test_the_mail_is_of_what_a_person_has_to_look_at(events: Events) -> None:
    told = {"blocked", "contested", "impaired", "leaving"}
    expected = [each for each in every(events) if each["detail"]["change"] in told]
    assert matched(events, "MailRule") == expected


def test_the_channel_hears_all_but_what_was_remediated_at_once(
    events: Events,
) -> None:
    missing = [each for each in every(events) if each not in matched(events, "ChatRule")]
    assert missing
    assert {(each["detail"]["change"], each["detail"]["status"]) for each in missing} == {
        ("detected", "remediated")
    }
    assert {each["detail"]["status"] for each in matched(events, "ChatRule")} >= {"blocked", "remediated"}


def test_security_hub_gets_what_stands_open_and_what_is_over(
    events: Events,
) -> None:
    changes = {each["detail"]["change"] for each in matched(events, "ImportRule")}
    assert changes == set(Change) - {"detected"}


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_hears_nothing_of_others(events: Events, rule: str) -> None:
    pattern = RULES[rule]["EventPattern"]
    assert not any(matches(pattern, {**each, "source": "aws.ec2"}) for each in every(events))


# ---- what they make of an event


def value_at(path: str, event: Any) -> Any:
    """What a path leads to; nothing where it leads nowhere, as the actor of a cause that is not known."""
    for part in path.removeprefix("$.").split("."):
        event = event.get(part, "") if isinstance(event, dict) else ""
    return event


def rendered(transformer: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """What EventBridge makes of an event: a value inside quotation marks stands there as it is, one outside
    of them is JSON."""
    values = {name: value_at(path, event) for name, path in transformer["InputPathsMap"].items()}

    def plain(match: re.Match[str]) -> str:
        value = values[match[0][1:-1]]
        return value if isinstance(value, str) else json.dumps(value).replace('"', "")

    def put(match: re.Match[str]) -> str:
        if match[0].startswith('"'):
            return re.sub(r"<[^<>]*>", plain, match[0])
        return json.dumps(values[match[0][1:-1]])

    return PLACEHOLDER.sub(put, transformer["InputTemplate"])


def transformer_of(rule: str) -> Any:
    (target,) = RULES[rule]["Targets"]
    return target["InputTransformer"]


@pytest.mark.parametrize("rule", ["MailRule", "ChatRule"])
def test_every_path_leads_to_a_field_and_every_variable_is_used(rule: str) -> None:
    transformer = transformer_of(rule)
    used = set(re.findall(r"<([^<>]*)>", transformer["InputTemplate"]))
    assert used == set(transformer["InputPathsMap"])
    cause = SCHEMA["$defs"]["cause"]["properties"]
    for path in transformer["InputPathsMap"].values():
        if path not in ("$.account", "$.region"):
            field, _, part = path.removeprefix("$.detail.").partition(".")
            assert field in SCHEMA["properties"], path
            assert not part or (field == "cause" and part in cause), path


def test_a_mail_is_lines_of_text_that_say_what_it_is_and_what_to_do(
    events: Events,
) -> None:
    for event in matched(events, "MailRule"):
        detail = event["detail"]
        lines = [json.loads(line) for line in rendered(transformer_of("MailRule"), event).splitlines()]
        assert lines[0].startswith(f"{detail['kind']} on {detail['resource']} in {detail['vpc_id']} is ")
        assert f"What to do: {detail['cure']}" in lines


def test_a_message_to_the_channel_has_the_form_that_it_wants_and_one_thread_a_finding(
    events: Events,
) -> None:
    for event in matched(events, "ChatRule"):
        detail = event["detail"]
        # With quotation marks in it, as a tag's value may have.
        detail = {**detail, "found": f'tag = "x"; {detail["found"]}'}
        message = json.loads(rendered(transformer_of("ChatRule"), {**event, "detail": detail}))
        assert (message["version"], message["source"]) == ("1.0", "custom")
        assert len(message["content"]["title"]) <= 250
        assert detail["cure"] in message["content"]["description"]
        assert message["metadata"]["threadId"] == detail["finding_id"]
        assert message["metadata"]["additionalContext"]["found"] == detail["found"]
        assert all(isinstance(each, str) for each in message["metadata"]["additionalContext"].values())


# ---- Security Hub


@pytest.fixture(scope="module")
def imported() -> dict[str, Any]:
    """The names of the function's code."""
    code: dict[str, Any] = {}
    source = RESOURCES["ImportFunction"]["Properties"]["Code"]["ZipFile"]
    assert len(source) <= 4096
    exec(compile(source, "docs/events.md", "exec"), code)
    return code


def test_security_hub_takes_what_the_function_makes_of_every_event(
    events: Events, imported: dict[str, Any]
) -> None:
    """The client holds it to the call's own form."""
    context = Mock(invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:import")
    for event in matched(events, "ImportRule"):
        with Stubber(imported["HUB"]) as stub:
            answer = {"FailedCount": 0, "SuccessCount": 1, "FailedFindings": []}
            stub.add_response("batch_import_findings", answer, {"Findings": [ANY]})
            imported["handler"](event, context)
            stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("change", "state", "compliance", "severity"),
    [
        ("blocked", "ACTIVE", "FAILED", "HIGH"),
        ("impaired", "ACTIVE", "FAILED", "MEDIUM"),
        ("remediated", "ARCHIVED", "PASSED", "LOW"),
        ("cleared", "ARCHIVED", "PASSED", "LOW"),
    ],
)
def test_what_is_over_is_archived_in_security_hub(
    events: Events,
    imported: dict[str, Any],
    change: str,
    state: str,
    compliance: str,
    severity: str,
) -> None:
    event = events[change][0]
    finding = made_of(event, imported)
    assert finding["Id"] == event["detail"]["finding_id"]
    assert (finding["RecordState"], finding["Compliance"]["Status"]) == (state, compliance)
    assert finding["Severity"]["Label"] == severity
    assert finding["ProductArn"] == "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default"
    assert finding["Resources"][0]["Id"].endswith(f":111122223333:vpc/{event['detail']['vpc_id']}")
    assert finding["Remediation"]["Recommendation"]["Text"] == event["detail"]["cure"]


def test_what_security_hub_refuses_is_an_error_so_that_lambda_tries_again(
    events: Events, imported: dict[str, Any]
) -> None:
    with pytest.raises(RuntimeError, match="InvalidInput"):
        made_of(events["blocked"][0], imported, failed=[{"ErrorCode": "InvalidInput"}])


def made_of(event: Any, imported: dict[str, Any], failed: list[Any] | None = None) -> Any:
    """The finding that the function imports."""
    hub = Mock()
    answer = {"FailedCount": len(failed or ()), "FailedFindings": failed or []}
    hub.batch_import_findings.return_value = answer
    context = Mock(invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:import")
    before, imported["HUB"] = imported["HUB"], hub
    try:
        imported["handler"](event, context)
    finally:
        imported["HUB"] = before
    ((finding,),) = [call.kwargs["Findings"] for call in hub.batch_import_findings.call_args_list]
    return finding


@pytest.mark.parametrize("name", sorted(RULES))
def test_who_is_sent_to_lets_eventbridge_in(name: str) -> None:
    (target,) = RULES[name]["Targets"]
    arn = target["Arn"]
    if "Fn::GetAtt" in arn:
        permission = RESOURCES["ImportPermission"]["Properties"]
        assert permission["Principal"] == "events.amazonaws.com"
        assert permission["FunctionName"] == {"Ref": "ImportFunction"}
        return
    policies = [each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::SNS::TopicPolicy"]
    (policy,) = [each for each in policies if arn in each["Topics"]]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("sns:Publish", arn)
