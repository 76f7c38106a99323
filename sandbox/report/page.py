"""The report, as one HTML file that asks for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sandbox.report import fleet
from sandbox.report.dashboard import Drawing
from sandbox.report.findings import Finding, findings
from sandbox.report.html import Html, table, tag
from sandbox.report.record import Record
from sandbox.report.timeline import timeline
from sandbox.report.widgets import read

_HERE = Path(__file__).parent
_LOCKED = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_HEADINGS = (
    "at (s)",
    "VPC",
    "finding",
    "found, and wanted",
    "became, and the cure",
    "cause",
    "done, with EC2's request ids",
)


def page(record: Record) -> str:
    """The whole page."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_LOCKED),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", "VPC Endpoint Remediator: the demo"),
        tag("style", _file("page.css")),
    )
    body = tag(
        "body",
        _top(record),
        tag(
            "main",
            _section("timeline", "Breaks and heals", _TIMELINE, timeline(record)),
            tag(
                "div",
                _section("states", "The fleet over time", _STATES, fleet.fleet_states(record)),
                _section("converge", "Time to converge", _CONVERGE, _times(record)),
                class_="pair",
            ),
            _dashboard(record),
            _section("findings", "Findings and their causes", _FINDINGS, _findings(record)),
        ),
        tag("script", _file("page.js")),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


_TIMELINE = (
    "A lane for each VPC. A numbered bar begins when someone changed the VPC, and ends when EC2 itself says"
    " that nothing is wrong with it any more, or when the story has ended. The table says"
    " whom the remediator names for it."
)
_STATES = (
    "How many VPCs were in each state, looked at once a second through EC2's own answers. A fight is"
    " contested from when on the remediator says so."
)
_CONVERGE = (
    "The metric TimeToConverge: from the first event to the run that found the VPC as it must be. AWS takes a"
    " minute or two over an endpoint, the sandbox three seconds."
)
_FINDINGS = "What the remediator logged: each finding once, from the first run that saw it to the last."
_NO_CURE = "nothing to do"
_NO_DASHBOARD = "The stack was deployed without its dashboard."


def _file(name: str) -> Html:
    return Html((_HERE / name).read_text(encoding="utf-8"))


def _section(name: str, title: str, about: str, *inside: Html) -> Html:
    return tag("section", tag("h2", title), tag("p", about, class_="about"), *inside, id=name)


def _top(record: Record) -> Html:
    outcome = record.outcome
    word, class_, mark = ("HEALED", "good", "✔") if outcome.shown else ("NOT HEALED", "bad", "✘")
    times = outcome.healing_seconds or (0.0,)
    writes = len(record.writes)
    figures = [
        *outcome.figures,
        ("median to heal", f"{median(times):.1f} s"),
        ("slowest to heal", f"{max(times):.1f} s"),
        ("calls that changed EC2", str(writes)),
        ("watched, after deploying", f"{record.seconds:.0f} s"),
    ]
    at = datetime.fromtimestamp(record.ended, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return tag(
        "header",
        tag("h1", "VPC Endpoint Remediator: the demo"),
        tag("p", f"The real template, deployed to a sandbox on this machine; {at}.", class_="about"),
        tag("p", tag("span", mark, aria_hidden="true"), f" {word}", class_=f"verdict {class_}"),
        tag(
            "ul",
            *(tag("li", tag("b", value), tag("span", label)) for label, value in figures),
            class_="figures",
        ),
        tag("ul", *(tag("li", each) for each in outcome.failures), class_="failures")
        if outcome.failures
        else None,
    )


def _times(record: Record) -> Html:
    return fleet.distribution(fleet.converging_times(record), "Time to converge, distribution")


def _dashboard(record: Record) -> Html:
    title = "The deployed dashboard"
    if record.dashboard is None:
        return _section("dashboard", title, _NO_DASHBOARD)
    drawing = Drawing(record, read(record.dashboard.body))
    clock = drawing.clock
    periods = sorted({each.period for widget in drawing.body.widgets for each in widget.queries})
    scaled = ", ".join(f"{_span(each)} as {clock.step(each):.1f}\u00a0s" for each in periods)
    about = (
        f"This is what the dashboard {record.dashboard.name} will look like: its own widgets, drawn from the"
        f" metrics and log lines of this demo. It shows {_span(clock.window)} in CloudWatch. Here that is the"
        f" {clock.seconds:.0f} s of the demo, and its periods are shorter to match"
        + (f": {scaled}." if scaled else ".")
    )
    return _section("dashboard", title, about, drawing.html())


def _findings(record: Record) -> Html:
    rows = [_row(record, each) for each in findings(record)]
    return table(_HEADINGS, rows, id="finding-table")


def _row(record: Record, finding: Finding) -> Html:
    caused = finding.actor or "not known"
    done = [
        tag("div", call, " ", tag("code", request) if request else None) for call, request in finding.done
    ]
    differs = [
        tag("div", tag("span", word, class_="small"), f" {value}")
        for word, value in (("found", finding.found), ("wanted", finding.wanted))
        if value
    ]
    became = [
        tag("b", ", then ".join(finding.statuses)),
        *(tag("div", word, class_="small") for word in (finding.reason, _cure(finding)) if word),
    ]
    seen = f"seen {finding.times} times, last at {finding.last - record.begun:.0f} s"
    return tag(
        "tr",
        tag("td", f"{finding.first - record.begun:.1f}", class_="figure"),
        tag("td", finding.vpc, title=finding.vpc_id),
        tag("td", tag("b", finding.kind), tag("div", finding.resource, class_="small")),
        tag("td", *differs),
        tag("td", *became, title=seen),
        tag(
            "td",
            caused,
            tag("div", finding.event, class_="small", title=f"CloudTrail event {finding.event_id}"),
        ),
        tag("td", *done) if done else tag("td", "-"),
        data_vpc=finding.vpc,
        data_status=finding.status,
    )


def _cure(finding: Finding) -> str:
    return "" if finding.cure in ("", _NO_CURE) else f"Cure: {finding.cure}"


def _span(seconds: float) -> str:
    """A time in words."""
    for size, word in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return f"{count} {word}{'' if count == 1 else 's'}"
    return f"{seconds:g} seconds"
