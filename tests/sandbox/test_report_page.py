"""The demo's report says what happened, by nothing but the record of the demo."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest

from sandbox.control_plane.logs import Line
from sandbox.report import aws, markdown
from sandbox.report.findings import findings
from sandbox.report.page import page
from sandbox.report.record import Alarm, Outcome, Seen
from sandbox.report.states import State, states
from tests.sandbox.demo_records import (
    BEGUN,
    NAMESPACE,
    ORDERS,
    PAYMENTS,
    a_body,
    a_deed,
    a_full_record,
    a_metric_widget,
    a_record,
    a_sample,
    found,
    logged,
    published,
)
from tests.template import dashboard

EVIL = "</script><script>alert(1)</script><b title='\"&"


def text_of(html: str) -> str:
    without = re.sub(r"<(style|script).*?</\1>", " ", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", without).split())


def widget_of(widget: Mapping[str, Any], **parts: Any) -> str:
    """The widget, as it is drawn."""
    shown = page(a_record(body=a_body(widget), **parts))
    [drawn] = re.findall(r'<section class="widget.*?</section>', shown, flags=re.S)
    return str(drawn)


def test_every_widget_of_the_template_is_drawn() -> None:
    body = dashboard.body()
    alarms = [arn for each in body["widgets"] for arn in each["properties"].get("alarms", [])]
    shown = page(a_full_record(body, alarms))
    assert shown.count('data-drawn="yes"') == len(body["widgets"])


def test_the_verdict_and_its_figures_are_at_the_top() -> None:
    assert text_of(page(a_record())).index("HEALED") < text_of(page(a_record())).index("1 of 1")


def test_a_demo_that_did_not_heal_says_so_and_why() -> None:
    words = text_of(page(a_record(outcome=Outcome(shown=False, failures=("orders: a group is open",)))))
    assert "NOT HEALED" in words
    assert "orders: a group is open" in words


def test_no_text_becomes_markup() -> None:
    shown = page(
        a_record(
            outcome=Outcome(shown=False, figures=((EVIL, EVIL),), failures=(EVIL,)),
            names={ORDERS: EVIL},
            deeds=(a_deed(1, board=EVIL, vpc=EVIL, what=EVIL, by=EVIL, state=EVIL, note=EVIL),),
            samples=(a_sample(2, orders=Seen("appmesh", faults=(EVIL,))),),
            lines=(found(3, kind=EVIL, resource=EVIL, cure=EVIL, cause={"actor": EVIL, "event_name": EVIL}),),
            metrics=(published("A", 1, Kind=EVIL),),
            alarms={EVIL: Alarm(EVIL, EVIL, EVIL)},
            body=a_body(
                {"type": "text", "properties": {"markdown": f"**{EVIL}** `{EVIL}` [{EVIL}]({EVIL})"}},
                {"type": "alarm", "properties": {"title": EVIL, "alarms": [EVIL]}},
                {"type": "log", "properties": {"query": "fields kind"}},
                {"type": EVIL, "properties": {}},
                a_metric_widget([[NAMESPACE, "A", "Kind", EVIL]], title=EVIL),
                a_metric_widget([[{"expression": EVIL}]]),
            ),
        )
    )
    assert "<script>alert" not in shown
    assert "<b title='" not in shown
    assert shown.count("<script>") == 1
    assert shown.count("&lt;/script&gt;&lt;script&gt;alert(1)") > 20


def test_nothing_outside_the_file_is_asked_for() -> None:
    shown = page(a_full_record(dashboard.body(), []))
    assert not re.search(r"(src|href|action)=|url\(|@import|https?://", shown)
    assert "default-src 'none'" in unescape(shown)


def test_each_deed_has_its_number_its_time_who_did_it_and_how_long_it_took() -> None:
    words = text_of(page(a_record(deeds=(a_deed(7.5, 2.25),))))
    assert "1 7.5 orders security group opened to the world bob healed 2.2" in words


def test_bars_that_overlap_stand_in_different_rows() -> None:
    def heights(*deeds: Any) -> list[str]:
        return re.findall(r'<rect x="[\d.]+" y="([\d.]+)"[^>]*rx=', page(a_record(deeds=deeds)))

    assert len(set(heights(a_deed(5, 10), a_deed(8, 10)))) == 2
    assert len(set(heights(a_deed(5, 10), a_deed(30, 10)))) == 1


def test_a_call_stands_in_the_lane_of_the_vpc_that_it_was_made_for() -> None:
    shown = page(a_full_record(a_body(), []))
    assert "RevokeSecurityGroupIngress (request request-1)" in shown


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (Seen(), State.OUTSIDE),
        (Seen("appmesh"), State.WELL),
        (Seen("appmesh", faults=("x",)), State.FAULTY),
        (Seen("appmesh", "audit", ("x",)), State.AUDITED),
    ],
)
def test_a_vpc_is_in_the_state_that_ec2_shows(seen: Seen, state: State) -> None:
    [(_, names)] = states(a_record(samples=(a_sample(1, orders=seen),)))
    assert dict(names) == {state: ["orders"]}


def test_a_vpc_that_lost_its_tag_is_not_one_that_never_had_it() -> None:
    samples = (
        a_sample(1, orders=Seen("appmesh"), payments=Seen()),
        a_sample(2, orders=Seen(), payments=Seen()),
    )
    assert dict(states(a_record(samples=samples))[-1][1]) == {
        State.LEAVING: ["orders"],
        State.OUTSIDE: ["payments"],
    }


def test_a_fight_is_given_up_from_the_run_on_that_says_so() -> None:
    faulty = Seen("appmesh", faults=("x",))
    record = a_record(
        samples=(a_sample(1, orders=faulty), a_sample(3, orders=faulty)),
        lines=(logged(2, vpc_id=ORDERS, ending="contested"), logged(2, vpc_id=PAYMENTS, ending="blocked")),
    )
    assert [list(names) for _, names in states(record)] == [[State.FAULTY], [State.CONTESTED]]


def test_a_finding_is_one_from_its_first_line_to_its_last() -> None:
    [finding] = findings(
        a_record(
            lines=(
                found(1, status="waiting", done=[], cause=None),
                found(2, status="waiting", done=[{"call": "one", "request_id": "r1"}]),
                found(3, status="remediated", done=[{"call": "two", "request_id": "r2"}]),
            )
        )
    )
    assert finding.statuses == ("waiting", "remediated")
    assert finding.done == (("one", "r1"), ("two", "r2"))
    assert (finding.actor, finding.first, finding.times) == ("bob", BEGUN + 1, 3)


def test_a_finding_that_comes_again_is_another() -> None:
    assert len(findings(a_record(lines=(found(1), found(2, since=5), found(2, vpc=PAYMENTS))))) == 3


def test_lines_of_older_versions_are_findings_too() -> None:
    line = logged(1, vpc_id=ORDERS, kind="x", status="blocked")
    [finding] = findings(a_record(lines=(line, Line("ReconcileFunction", BEGUN, "{broken"))))
    assert (finding.status, finding.cure, finding.done) == ("blocked", "", ())


def test_a_finding_names_cause_requests_and_cure() -> None:
    words = text_of(page(a_record(lines=(found(4, status="blocked", reason="rule-quota", cure="raise it"),))))
    for word in ("bob", "AuthorizeSecurityGroupIngress", "request-1", "rule-quota", "Cure: raise it"):
        assert word in words


def test_a_single_value_is_the_latest_or_that_of_all_the_time() -> None:
    points = (published("A", 5, at=1), published("A", 7, at=50))
    widget = {"stat": "Sum", "view": "singleValue"}
    assert text_of(widget_of(a_metric_widget([[NAMESPACE, "A"]], **widget), metrics=points)) == "7 A"
    whole = a_metric_widget([[NAMESPACE, "A"]], **widget, setPeriodToTimeRange=True)
    assert text_of(widget_of(whole, metrics=points)) == "12 A"


@pytest.mark.parametrize("view", ["bar", "pie", "table"])
def test_a_bar_has_its_label_and_its_value(view: str) -> None:
    shown = widget_of(a_metric_widget([[NAMESPACE, "A"]], view=view), metrics=(published("A", 5),))
    assert text_of(shown) == "A 5"


def test_a_threshold_is_drawn_with_its_label() -> None:
    line = {"horizontal": [{"value": 3, "label": "too many"}]}
    shown = widget_of(a_metric_widget([[NAMESPACE, "A"]], annotations=line), metrics=(published("A", 5),))
    assert "too many" in text_of(shown)


def test_more_series_than_colours_are_added_up() -> None:
    points = [published("A", 10 + n, Kind=f"kind-{n:02}") for n in range(12)]
    search = f"""SEARCH('{{{NAMESPACE},Kind}} MetricName="A"', 'Sum')"""
    shown = widget_of(a_metric_widget([[{"expression": search}]], stacked=True), metrics=tuple(points))
    assert "5 others: 60" in shown
    assert "kind-11: 21" in shown
    assert "kind-04" not in shown


def test_what_the_sandbox_does_not_have_is_said_apart_from_what_did_not_happen() -> None:
    ours = widget_of(a_metric_widget([[NAMESPACE, "RunCrashed"]]))
    assert "nothing of this happened" in ours
    aws_own = widget_of(a_metric_widget([["AWS/SQS", "Age", "QueueName", "a"]]))
    assert "No data in the sandbox: it does not publish AWS/SQS Age." in text_of(aws_own)


@pytest.mark.parametrize(
    "widget",
    [
        {"type": "explorer", "properties": {}},
        {"type": "log", "properties": {"query": "parse @message 'x'"}},
        {"type": "alarm", "properties": {"alarms": ["arn:nobody"]}},
        a_metric_widget([[{"expression": "nobody"}]]),
        a_metric_widget([[NAMESPACE, "A"]], view="heatmap"),
    ],
)
def test_a_widget_that_cannot_be_drawn_says_why_and_the_rest_is_there(widget: Mapping[str, Any]) -> None:
    shown = widget_of(widget, metrics=(published("A", 1),))
    assert 'data-drawn="no"' in shown
    assert "Not drawn: " in shown


def test_alarms_are_named_without_what_they_all_begin_with() -> None:
    alarms = {f"arn:{n}": Alarm(f"stack-{name}", "ALARM") for n, name in enumerate(["drift", "blocked"])}
    shown = widget_of({"type": "alarm", "properties": {"alarms": list(alarms)}}, alarms=alarms)
    assert text_of(shown) == "drift ▲ in alarm blocked ▲ in alarm"


def test_a_stack_without_a_dashboard_has_a_report_too() -> None:
    assert "deployed without its dashboard" in text_of(page(a_record()))


def test_durations_come_out_of_lambdas_own_lines() -> None:
    lines = [
        Line("SweepFunction", BEGUN, "REPORT RequestId: 1\tDuration: 12.5 ms\tBilled Duration: 13 ms"),
        Line("SweepFunction", BEGUN, "START RequestId: 1"),
        Line("Other", BEGUN, "REPORT RequestId: 1\tDuration: 12.5 ms"),
    ]
    [metric] = aws.durations(lines, {"SweepFunction": "stack-sweep"})
    assert (metric.values, metric.dimensions) == ((12.5,), {"FunctionName": "stack-sweep"})


def test_text_widgets_show_their_markdown() -> None:
    shown = markdown.html("# Head\nwith *this* & **that**\n\n- `code`\n- [a link](https://example.com)")
    assert shown == (
        "<h4>Head</h4><p>with <em>this</em> &amp; <strong>that</strong></p>"
        "<ul><li><code>code</code></li><li><span>a link</span></li></ul>"
    )
