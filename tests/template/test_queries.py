"""What the saved queries and the dashboard's table ask for is in the log lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from reconciler import report
from reconciler.conclusion import Ending
from reconciler.domain.counts import Concluded, Done
from reconciler.domain.findings import Reason, Status
from reconciler.domain.memory import Cause
from tests.template.dashboard import widgets
from tests.template.deployed import VALUES, is_made, resolve, resources
from tests.template.insights import Query
from tests.unit.reported import DNS, GONE, NOW, VPC_ID, Reported, a_run

QUERIES = resources("AWS::Logs::QueryDefinition")
TABLE = widgets("log")[0]["query"].partition(" | ")[2]
TEXTS = {**{name: each["QueryString"] for name, each in QUERIES.items()}, "the dashboard's table": TABLE}
# What Logs itself gives every line.
OF_LOGS = {"@timestamp", "@message"}
each_query = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


def paths(line: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The names by which Logs Insights knows what is in a line."""
    for key, value in line.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from paths(value, f"{prefix}{key}.")


@pytest.fixture
def keys(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """What is in the lines of a run: of a finding with a cause, of a blocked one, of the run itself."""
    reported = Reported(capsys)
    reported.logger.set_correlation_id("5ddb5d4e-3a1b-4a6c-8d1c-0f6a2d7c9b10")
    cause = Cause("event-1", "ModifyVpcAttribute", "ada (Ops) via console", 1_795_420_000, (VPC_ID,))
    run = a_run(
        Ending.BLOCKED,
        Concluded(DNS, Status.REMEDIATED, cause=cause, done=(Done("ModifyVpcAttribute", "request-1"),)),
        Concluded(GONE, Status.BLOCKED, Reason.SERVICE_UNAVAILABLE),
    )
    report.report_run(run, NOW, reported.logger)
    return {path for line in reported.lines() for path in paths(line)}


@each_query
def test_every_field_of_a_query_is_in_a_log_line(text: str, keys: set[str]) -> None:
    assert Query.read(text).fields() <= keys | OF_LOGS


@each_query
def test_a_query_ends_and_so_costs_no_more_than_it_shows(text: str) -> None:
    *_, (command, rest) = Query.read(text).commands
    assert command == "limit"
    assert 0 < int(rest) <= 10_000


def test_there_are_the_three_questions_that_people_on_call_ask() -> None:
    names = [resolve(each["Name"], VALUES) for each in QUERIES.values()]
    assert names == [
        "vpc-endpoint-remediator/What happened to a VPC",
        "vpc-endpoint-remediator/Who caused drift this week",
        "vpc-endpoint-remediator/What is blocked and its cure",
    ]


def test_the_history_of_a_vpc_has_the_correlation_and_is_of_all_functions() -> None:
    assert "correlation_id" in Query.read(TEXTS["VpcHistoryQuery"]).fields()
    named = {each["Ref"] for each in QUERIES["VpcHistoryQuery"]["LogGroupNames"]}
    assert named == set(resources("AWS::Logs::LogGroup"))


def test_what_is_blocked_comes_with_its_cure_and_the_dashboards_table_with_the_cause_too() -> None:
    assert {"reason", "cure", "vpc_id"} <= Query.read(TEXTS["BlockedQuery"]).fields()
    table = {"@timestamp", "vpc_id", "kind", "status", "reason", "cause.actor", "cure"}
    assert Query.read(TABLE).fields() == table


@pytest.mark.parametrize("name", QUERIES)
def test_queries_read_the_stacks_own_logs_and_are_saved_unless_the_parameter_says_no(name: str) -> None:
    assert {each["Ref"] for each in QUERIES[name]["LogGroupNames"]} <= set(resources("AWS::Logs::LogGroup"))
    assert is_made(name, VALUES)
    assert not is_made(name, {**VALUES, "SavedQueries": "false"})


# ---- the test's own reading of queries


@pytest.mark.parametrize(
    "text",
    [
        'filter kind = "x',
        "fields kind\n| sorted kind",
        "fields kind |",
        "stats latest(kind",
        "stats newest(kind) by vpc_id",
    ],
)
def test_what_is_no_query_is_found_out(text: str) -> None:
    with pytest.raises(ValueError, match="not "):
        Query.read(text).fields()


def test_names_that_a_query_gives_are_no_fields_and_text_is_none_either() -> None:
    text = '# kind\nstats latest(status) as state by vpc_id\n| filter state in ["a|b", "c"]\n| sort state'
    assert Query.read(text).fields() == {"status", "vpc_id"}
