"""The runbook has what the alarms, the dashboard and the code have, no more and no less."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from reconciler import report, sweep
from reconciler.conclusion import Ending
from reconciler.domain.counts import Concluded, Done
from reconciler.domain.findings import Reason, Status
from reconciler.domain.memory import Cause
from reconciler.published import Rejection
from tests.documents import DOCS, blocks, section, sections
from tests.template.dashboard import widgets
from tests.template.deployed import VALUES, resolve, resources
from tests.template.insights import Query
from tests.unit.reported import DNS, GONE, NOW, VPC_ID, Reported, a_run
from vpce.commands.status import STATES

RUNBOOK = DOCS / "operating.md"
ALARMS = {name: resolve(each, VALUES) for name, each in resources("AWS::CloudWatch::Alarm").items()}
# A section of the alarms that is of what has none.
NO_ALARM = "what-has-no-alarm"
QUERIES = [*blocks(RUNBOOK, ""), *blocks(DOCS / "findings.md", "")]
OF_LOGS = {"@timestamp", "@message"}
each_alarm = pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS)
each_query = pytest.mark.parametrize("text", QUERIES)


def heading_of(alarm: Mapping[str, Any]) -> str:
    """The anchor that an alarm's description ends with."""
    [found] = re.findall(r"docs/operating\.md#(\S+)$", alarm["AlarmDescription"].strip())
    return str(found)


def own_name(alarm: Mapping[str, Any]) -> str:
    """The alarm's name after the stack's."""
    return str(alarm["AlarmName"]).removeprefix(f"{VALUES['AWS::StackName']}-")


def under(title: str) -> list[str]:
    """The anchors of the sections right under one."""
    page = list(sections(RUNBOOK))
    [(number, above)] = [(n, each) for n, each in enumerate(page) if each.title == title]
    return [each.anchor for each in page[number + 1 :] if f"\n### {each.title}\n" in above.text]


@each_alarm
def test_an_alarm_has_a_section_that_says_what_it_is_how_to_look_and_when_it_clears(
    alarm: Mapping[str, Any],
) -> None:
    text = section(RUNBOOK, heading_of(alarm))
    assert "\n- **Look:**" in text
    assert "\n- **Clears**" in text
    assert text.count("\n- ") >= 3


@each_alarm
def test_an_alarms_section_says_as_the_alarm_does_whether_to_wake_someone(alarm: Mapping[str, Any]) -> None:
    severity = alarm["AlarmDescription"].partition(".")[0].lower()
    first = section(RUNBOOK, heading_of(alarm)).strip().partition("\n\n")[0]
    if heading_of(alarm) == "a-function-fails":
        [first] = [each for each in first.split("**") if f"`{own_name(alarm)}`" in each]
    assert severity in first.lower()
    [row] = [each for each in section(RUNBOOK, "the-alarms").splitlines() if _names(each, own_name(alarm))]
    assert f"| {severity} |" in row


def _names(row: str, alarm: str) -> bool:
    """Whether a row of the table is an alarm's: it may name several, or how the names of several begin."""
    linked = re.match(r"\| \[([^\]]+)\]", row)
    names = linked[1].split(", ") if linked else []
    return any(alarm == each or (each.endswith("…") and alarm.startswith(each[:-1])) for each in names)


def test_every_section_of_the_alarms_is_of_an_alarm() -> None:
    assert {*under("The alarms")} == {NO_ALARM, *(heading_of(each) for each in ALARMS.values())}


def test_every_dead_letter_queue_has_its_row() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| `(\w+)` \|", section(RUNBOOK, "dead-letters"), flags=re.MULTILINE)
    assert dict(rows) == {
        own_name(each): each["Dimensions"][0]["Value"].partition(".")[0]
        for each in ALARMS.values()
        if heading_of(each) == "dead-letters"
    }


def test_every_row_of_the_dashboard_is_explained_in_its_order() -> None:
    drawn = [re.match(r"\*\*(.+?)\*\*", each["markdown"]) for each in widgets("text")]
    rows = re.findall(r"^\| \*\*(.+?)\*\* \|", section(RUNBOOK, "reading-the-dashboard"), flags=re.MULTILINE)
    assert rows == [each[1] for each in drawn if each]


def test_the_states_and_endings_are_those_of_the_code() -> None:
    words = re.findall(
        r"^\| `([^`]+)` \|", section(RUNBOOK, "the-words-status-state-ending"), flags=re.MULTILINE
    )
    endings = [str(each) for each in Ending]
    assert sorted(words) == sorted([*STATES, *endings])
    assert {each.replace("_", " ") for each in vars(sweep.Sweep())} >= set(STATES) - {"audit"}


def test_every_saved_query_is_named() -> None:
    for each in resources("AWS::Logs::QueryDefinition").values():
        name = resolve(each["Name"], VALUES).partition("/")[2]
        text = RUNBOOK.read_text(encoding="utf-8")
        assert f"*{name}*" in text or f"\n{name} (saved query" in text


# ---- queries


def paths(line: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The names by which Logs Insights knows what is in a line."""
    for key, value in line.items():
        yield f"{prefix}{key}"
        if isinstance(value, list):
            value = {str(number): each for number, each in enumerate(value)}
        if isinstance(value, dict):
            yield from paths(value, f"{prefix}{key}.")


@pytest.fixture
def fields(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """What is in the lines and metrics of runs, of a crash and of an input that was turned away."""
    reported = Reported(capsys)
    reported.logger.set_correlation_id("5ddb5d4e-3a1b-4a6c-8d1c-0f6a2d7c9b10")
    cause = Cause("event-1", "ModifyVpcAttribute", "ada (Ops) via console", 1_795_420_000, (VPC_ID,))
    remediated = Concluded(
        DNS, Status.REMEDIATED, cause=cause, done=(Done("ModifyVpcAttribute", "request-1"),)
    )
    blocked = Concluded(GONE, Status.BLOCKED, Reason.SERVICE_UNAVAILABLE)
    run = replace(a_run(Ending.BLOCKED, remediated, blocked), unforeseen=1)
    report.report_run(run, NOW, reported.logger)
    report.report_run(a_run(Ending.CONVERGED, attempts=1), NOW, reported.logger)
    report.report_rejection(Rejection.MALFORMED_EVENT, "no detail", reported.logger)
    try:
        raise RuntimeError
    except RuntimeError:
        report.report_crash(VPC_ID, reported.logger)
    return {path for line in [*reported.lines(), *reported.emf()] for path in paths(line)}


@each_query
def test_every_field_of_a_query_is_in_a_log_line(text: str, fields: set[str]) -> None:
    assert Query.read(text).fields() <= fields | OF_LOGS


@each_query
def test_a_query_ends_and_so_costs_no_more_than_it_shows(text: str) -> None:
    *_, (command, rest) = Query.read(text).commands
    assert command == "limit"
    assert 0 < int(rest) <= 10_000


def test_the_runbook_has_queries_at_all() -> None:
    assert len(blocks(RUNBOOK, "")) > 5
