"""The report answers the Logs Insights queries of the dashboard, or says that it cannot."""

from __future__ import annotations

import pytest

from sandbox.report.insights import ask
from sandbox.report.record import Record
from sandbox.report.series import NotDrawable
from tests.sandbox.demo_records import a_record, logged

SOURCE = "SOURCE '/aws/lambda/reconcile' | "


@pytest.fixture
def record() -> Record:
    return a_record(
        log_groups={"/aws/lambda/reconcile": "ReconcileFunction", "/aws/lambda/sweep": "SweepFunction"},
        lines=(
            logged(1, kind="a", status="waiting", n=3, cause={"actor": "bob", "refused": False}),
            logged(2, kind="a", status="blocked", n=20, done=[{"call": "x"}]),
            logged(3, kind="b", status="contested", n=1, reason=None),
            logged(4, message="no finding"),
            logged(5, "SweepFunction", kind="c", status="blocked"),
        ),
    )


def kinds(record: Record, query: str) -> list[str]:
    return ["".join(row) for row in ask(f"{SOURCE}{query} | display kind", record).rows]


def test_a_query_reads_the_log_group_that_it_names(record: Record) -> None:
    assert "c" not in kinds(record, "filter ispresent(kind)")
    assert ask("filter kind = 'c' | display kind", record).rows == (("c",),)


def test_columns_are_the_fields_in_their_order_and_what_a_line_lacks_is_empty(record: Record) -> None:
    table = ask(SOURCE + "fields kind, cause.actor as who, done.0.call | limit 2", record)
    assert table.columns == ("kind", "who", "done.0.call")
    assert table.rows == (("a", "bob", ""), ("a", "", "x"))


def test_without_fields_a_query_shows_time_and_message(record: Record) -> None:
    table = ask(SOURCE + "limit 1", record)
    assert table.columns == ("@timestamp", "@message")
    assert table.rows[0][0] == "2027-01-15 08:00:01.000"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("ispresent(kind)", "aab"),
        ("kind = 'a' and status = \"blocked\"", "a"),
        ("kind = 'b' or n > 10", "ab"),
        ("not (kind = 'a') and ispresent(kind)", "b"),
        ("status in ['blocked', 'contested']", "ab"),
        ("ispresent(kind) and status not in ['blocked']", "ab"),
        ("status like /BLO/i", "a"),
        ("status like 'block'", "a"),
        ("ispresent(kind) and status not like /block|contest/", "a"),
        ("n >= 3 and n <= 20 and n != 4", "aa"),
        ("ispresent(reason)", ""),
        ("n < 'x'", ""),
    ],
)
def test_a_filter_lets_through_what_its_condition_holds_of(
    record: Record, condition: str, found: str
) -> None:
    assert "".join(kinds(record, f"filter {condition}")) == found


def test_rows_are_sorted_by_value_and_numbers_as_numbers(record: Record) -> None:
    table = ask(SOURCE + "filter ispresent(n) | sort n desc | display n", record)
    assert table.rows == (("20",), ("3",), ("1",))
    assert kinds(record, "filter ispresent(kind) | sort kind desc, n asc") == ["b", "a", "a"]


def test_counts_are_by_value(record: Record) -> None:
    table = ask(SOURCE + "filter ispresent(kind) | stats count(*) as n by kind | sort n desc", record)
    assert table.columns == ("kind", "n")
    assert table.rows == (("a", "2"), ("b", "1"))


def test_of_doubles_the_first_stays(record: Record) -> None:
    table = ask(SOURCE + "filter ispresent(kind) | sort n desc | dedup kind | display kind, n", record)
    assert table.rows == (("a", "20"), ("b", "1"))


def test_a_bar_within_quotes_or_a_pattern_ends_no_command(record: Record) -> None:
    assert kinds(record, "filter status like /wait|block/ and status != 'a|b'") == ["a", "a"]


@pytest.mark.parametrize(
    "query",
    [
        "parse @message 'x'",
        "stats pct(n, 95) by kind",
        "fields strlen(kind)",
        "filter n between 1",
        "filter kind",
        "filter kind = ",
        "filter kind = 'a' 'b'",
        "filter kind § 'a'",
        "sort strlen(kind)",
    ],
)
def test_what_cannot_be_answered_is_said(record: Record, query: str) -> None:
    with pytest.raises(NotDrawable):
        ask(SOURCE + query, record)
