"""The demo's report of the deployed stack: what it gathers, and what it draws of it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from sandbox import access
from sandbox.demo.verdict import Verdict
from sandbox.report import recorder
from sandbox.report.page import page
from sandbox.report.recorder import Recorder, recording
from sandbox.sandbox import Sandbox
from tests.stack.team import Team
from tests.stack.watch import eventually


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the report is written, in place of the project's folder."""
    report = tmp_path / "out" / "report.html"
    monkeypatch.setattr(recorder, "REPORT", report)
    return report


def test_every_widget_of_the_deployed_dashboard_is_drawn_from_what_the_functions_published(
    sandbox: Sandbox, team: Team
) -> None:
    team.fine_vpc()
    vpc = sandbox.customer.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    sandbox.customer.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "reported"}])
    sandbox.invoke("SweepFunction", {})
    eventually(lambda: sandbox.metrics("SweepCompleted"), "no sweep was published")
    record = Recorder(sandbox).record(Verdict())
    assert record.names[vpc] == "reported"
    assert record.dashboard is not None
    assert record.dashboard.name.endswith(access.REGION)
    assert any(each.name == "SweepCompleted" for each in record.metrics)
    assert any((each.namespace, each.name) == ("AWS/Lambda", "Duration") for each in record.metrics)
    assert {each.dimensions["Call"] for each in record.metrics if each.name == "EndpointCalls"} >= {
        "CreateVpcEndpoint"
    }
    assert record.alarms
    shown = page(record)
    assert 'data-drawn="no"' not in shown
    assert shown.count('data-drawn="yes"') > 10


def test_the_report_is_written_when_all_has_ended(sandbox: Sandbox, place: Path) -> None:
    said = io.StringIO()
    with recording(sandbox, Verdict(), Console(file=said)):
        assert not place.exists()
    assert "NOT HEALED" in place.read_text(encoding="utf-8")
    # A long path is broken into lines.
    assert place.name in said.getvalue().replace("\n", "")


def test_a_demo_that_is_stopped_writes_none(sandbox: Sandbox, place: Path) -> None:
    with pytest.raises(KeyboardInterrupt), recording(sandbox, Verdict(), Console(file=io.StringIO())):
        raise KeyboardInterrupt
    assert not place.exists()


def test_where_it_cannot_be_written_the_demo_says_so_and_goes_on(sandbox: Sandbox, place: Path) -> None:
    place.parent.write_text("a file where the folder should be")
    said = io.StringIO()
    with recording(sandbox, Verdict(), Console(file=said)):
        pass
    assert "could not be written" in said.getvalue()
