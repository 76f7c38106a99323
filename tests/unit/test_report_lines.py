"""The log lines of a run, for a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import report
from reconciler.conclusion import Ending, Run
from reconciler.domain.counts import Concluded
from reconciler.domain.findings import Reason, Status
from reconciler.domain.memory import Cause
from reconciler.ec2.errors import Refusal, Verdict
from reconciler.messages import RunRequest
from tests.unit.reported import (
    DNS,
    FIRST_SEEN,
    NOW,
    VPC_ID,
    Reported,
    a_run,
)


@pytest.fixture
def reported(capsys: pytest.CaptureFixture[str]) -> Reported:
    return Reported(capsys)


def test_a_finding_says_since_when_it_stands_and_who_brought_it_about(reported: Reported) -> None:
    cause = Cause("event-1", "ModifyVpcAttribute", "user ada", 1_795_420_000, (VPC_ID,))
    concluded = Concluded(DNS, Status.WAITING, since=1_795_420_100, cause=cause)
    report.report_run(a_run(Ending.REQUEUED, concluded), NOW, reported.logger)
    line = reported.lines()[0]
    assert line["message"].endswith("wanted on; waiting; caused by ModifyVpcAttribute by user ada")
    assert line["since"] == 1_795_420_100
    assert line["cause"] == {
        "event_id": "event-1",
        "event_name": "ModifyVpcAttribute",
        "actor": "user ada",
        "time": 1_795_420_000,
        "resources": [VPC_ID],
        "refused": False,
    }


def test_a_contested_finding_is_a_warning(reported: Reported) -> None:
    fought = replace(DNS, status=Status.CONTESTED)
    report.report_run(a_run(Ending.REQUEUED, Concluded(fought, Status.CONTESTED)), NOW, reported.logger)
    assert [line["level"] for line in reported.lines()] == ["WARNING", "INFO"]


def test_each_finding_has_a_line_that_a_person_can_read(reported: Reported) -> None:
    done = Run(
        RunRequest(VPC_ID, FIRST_SEEN),
        Ending.BLOCKED,
        (Concluded(DNS, Status.BLOCKED, Reason.UNAUTHORIZED, "UnauthorizedOperation: you may not"),),
    )
    report.report_run(done, NOW, reported.logger)
    finding, whole = reported.lines()
    assert finding["level"] == "WARNING"
    assert finding["message"] == (
        f"{VPC_ID}: dns-support-off on {VPC_ID}: found enableDnsSupport is off; wanted on; "
        "blocked (unauthorized) (UnauthorizedOperation: you may not)"
    )
    assert {name: finding[name] for name in ("vpc_id", "kind", "resource", "status", "reason")} == {
        "vpc_id": VPC_ID,
        "kind": "dns-support-off",
        "resource": VPC_ID,
        "status": "blocked",
        "reason": "unauthorized",
    }
    assert whole["message"] == f"reconciled {VPC_ID}: blocked, 1 findings"


@pytest.mark.parametrize("ending", Ending)
def test_a_run_that_a_person_should_see_is_a_warning(reported: Reported, ending: Ending) -> None:
    report.report_run(a_run(ending, attempts=3), NOW, reported.logger)
    [line] = reported.lines()
    alarming = ending in (Ending.BLOCKED, Ending.CONTESTED, Ending.STUCK)
    assert line["level"] == ("WARNING" if alarming else "INFO")
    assert (line["vpc_id"], line["ending"], line["attempts"]) == (VPC_ID, ending.value, 3)


def test_a_run_that_could_not_read_ec2_says_what_ec2_said(reported: Reported) -> None:
    unread = Refusal(Verdict.RETRY, None, "RequestLimitExceeded", "slower")
    report.report_run(
        Run(RunRequest(VPC_ID, FIRST_SEEN), Ending.REQUEUED, unread=unread), NOW, reported.logger
    )
    assert reported.lines()[0]["message"] == (
        f"reconciled {VPC_ID}: requeued, could not read EC2: RequestLimitExceeded: slower"
    )
