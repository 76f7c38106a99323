from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.exceptions import ConnectTimeoutError

from reconciler.conclusion import Ending, Run, conclude_finding
from reconciler.domain.actions import EnableVpcAttribute
from reconciler.domain.counts import Concluded, Count, Metric
from reconciler.domain.execution import Outcome
from reconciler.domain.findings import Finding, Kind, Reason, Status
from reconciler.domain.model import EndpointState, Mode, VpcAttribute
from reconciler.domain.plan import Step
from reconciler.ec2.errors import Verdict
from tests.builders import ENVOY, LOGS, VPC_ID, VpcBuilder, a_converged_vpc, a_vpc
from tests.unit.fakes import FakeEc2, refusal
from tests.unit.one_run import NOW, a_request, run

DNS_OFF = a_converged_vpc("a").with_dns(hostnames=False)
STEP = Step(EnableVpcAttribute(VPC_ID, VpcAttribute.DNS_SUPPORT), ())


def a_finding(status: Status = Status.REMEDIABLE, reason: Reason | None = None) -> Finding:
    return Finding(Kind.DNS_SUPPORT_OFF, VPC_ID, "off", "on", status, reason)


# ---- how a run ends


def test_a_vpc_that_is_as_it_should_be_has_converged_without_a_call() -> None:
    ec2 = FakeEc2()
    done = run(a_converged_vpc("a", "b"), ec2=ec2)
    assert (done.ending, done.findings, ec2.calls) == (Ending.CONVERGED, (), [])


def test_a_vpc_that_is_gone_is_nothing_to_do() -> None:
    assert run(None).ending is Ending.GONE


def test_a_vpc_that_is_not_tagged_is_left_alone() -> None:
    ec2 = FakeEc2()
    done = run(a_vpc().tagged(owner="our-stack").with_dns(support=False), ec2=ec2)
    assert (done.ending, ec2.calls) == (Ending.LEFT_ALONE, [])


def test_what_was_put_right_is_looked_at_again() -> None:
    ec2 = FakeEc2()
    done = run(DNS_OFF, ec2=ec2)
    assert (done.ending, ec2.calls) == (Ending.REQUEUED, ["modify_vpc_attribute"])
    assert [treated.status for treated in done.findings] == [Status.REMEDIATED]


def test_what_aws_is_at_work_on_is_looked_at_again() -> None:
    vpc = a_vpc().with_private_subnets("a").with_group().with_endpoint(LOGS)
    done = run(vpc.with_endpoint(ENVOY, state=EndpointState.PENDING))
    assert done.ending is Ending.REQUEUED
    assert [treated.status for treated in done.findings] == [Status.WAITING]


def test_what_ec2_refuses_for_good_is_a_persons() -> None:
    done = run(DNS_OFF, ec2=FakeEc2(refusal("UnauthorizedOperation", "you may not")))
    assert done.ending is Ending.BLOCKED
    [treated] = done.findings
    assert (treated.status, treated.reason) == (Status.BLOCKED, Reason.UNAUTHORIZED)
    assert "you may not" in treated.detail


def test_what_ec2_refuses_for_now_is_requeued() -> None:
    for error in (refusal("RequestLimitExceeded"), ConnectTimeoutError(endpoint_url="https://ec2")):
        done = run(DNS_OFF, ec2=FakeEc2(error))
        assert (done.ending, done.failed) == (Ending.REQUEUED, True)
        assert [treated.status for treated in done.findings] == [Status.WAITING]


def test_one_refusal_does_not_keep_the_other_steps_from_being_tried() -> None:
    ec2 = FakeEc2(refusal("UnauthorizedOperation"))
    run(a_converged_vpc("a").with_dns(support=False, hostnames=False), ec2=ec2)
    assert ec2.calls == ["modify_vpc_attribute"] * 2


def test_what_is_only_informational_has_converged() -> None:
    done = run(a_converged_vpc("a").with_internet_gateway())
    assert done.ending is Ending.CONVERGED
    assert [treated.status for treated in done.findings] == [Status.INFORMATIONAL]


# ---- audit, and tags that cannot be understood


@pytest.mark.parametrize(
    ("vpc", "mode"),
    [(DNS_OFF, Mode.AUDIT), (DNS_OFF.tagged(profile="appmesh", mode="audit"), Mode.ENFORCE)],
)
def test_an_audit_reports_and_calls_nothing(vpc: VpcBuilder, mode: Mode) -> None:
    ec2 = FakeEc2()
    done = run(vpc, ec2=ec2, mode=mode)
    assert (done.ending, ec2.calls) == (Ending.REPORTED, [])
    assert [treated.status for treated in done.findings] == [Status.REPORTED]


def test_the_vpcs_own_mode_lets_an_installation_that_audits_write() -> None:
    ec2 = FakeEc2()
    assert (
        run(DNS_OFF.tagged(profile="appmesh", mode="enforce"), ec2=ec2, mode=Mode.AUDIT).ending
        is Ending.REQUEUED
    )
    assert ec2.calls == ["modify_vpc_attribute"]


def test_an_unknown_profile_is_blocked_and_nothing_is_written() -> None:
    ec2 = FakeEc2()
    done = run(DNS_OFF.tagged(profile="appmash"), ec2=ec2)
    assert (done.ending, ec2.calls) == (Ending.BLOCKED, [])
    assert [(t.status, t.reason) for t in done.findings] == [(Status.BLOCKED, Reason.UNKNOWN_PROFILE)]


def test_an_unknown_mode_is_reported_and_nothing_is_written() -> None:
    ec2 = FakeEc2()
    done = run(DNS_OFF.tagged(profile="appmesh", mode="enforced"), ec2=ec2)
    assert ec2.calls == []
    assert [(t.status, t.reason) for t in done.findings] == [
        (Status.BLOCKED, Reason.UNKNOWN_MODE),
        (Status.REPORTED, None),
    ]


# ---- reads that fail


@pytest.mark.parametrize(
    "error", [refusal("RequestLimitExceeded", "slower"), ConnectTimeoutError(endpoint_url="https://slower")]
)
def test_a_vpc_that_cannot_be_read_for_now_is_requeued(error: Exception) -> None:
    done = run(error)
    assert (done.ending, done.failed) == (Ending.REQUEUED, True)
    assert done.unread is not None
    assert done.unread.verdict in (Verdict.RETRY, Verdict.THROTTLED)
    assert "slower" in str(done.unread)


def test_a_vpc_that_may_not_be_read_is_a_persons() -> None:
    done = run(refusal("UnauthorizedOperation"))
    assert done.ending is Ending.BLOCKED
    assert done.unread is not None
    assert done.unread.reason is Reason.UNAUTHORIZED


@pytest.mark.parametrize(
    ("unknowns", "ending"), [(0, Ending.REQUEUED), (4, Ending.REQUEUED), (5, Ending.BLOCKED)]
)
def test_an_error_that_is_not_known_is_asked_again_a_few_times(unknowns: int, ending: Ending) -> None:
    request = replace(a_request(), unknowns=unknowns)
    assert run(refusal("SomethingNew"), request).ending is ending
    done = run(DNS_OFF, request, FakeEc2(refusal("SomethingNew")))
    assert done.ending is ending
    blocked = ending is Ending.BLOCKED
    assert [t.status for t in done.findings] == [Status.BLOCKED if blocked else Status.WAITING]


# ---- stuck

BUSY = refusal("IncorrectState")
THROTTLED = refusal("RequestLimitExceeded")


@pytest.mark.parametrize(
    ("error", "age", "rounds", "ending"),
    [
        (None, 20 * 60 + 1, 3, Ending.STUCK),
        (None, 20 * 60 + 1, 2, Ending.REQUEUED),
        (None, 20 * 60 - 1, 100, Ending.REQUEUED),
        (BUSY, 20 * 60 + 1, 3, Ending.STUCK),
        (THROTTLED, 20 * 60 + 1, 100, Ending.REQUEUED),
        (THROTTLED, 2 * 3600 + 1, 100, Ending.STUCK),
    ],
)
def test_a_vpc_is_stuck_when_it_has_be_requeued_long_and_often_longer_where_ec2_takes_no_calls(
    error: Exception | None, age: float, rounds: int, ending: Ending
) -> None:
    assert run(DNS_OFF, a_request(age, rounds), FakeEc2(error)).ending is ending


def test_a_vpc_whose_event_came_late_is_not_stuck_for_that() -> None:
    late = replace(a_request(24 * 3600, 3), began=int((NOW - 60) * 1000))
    assert run(DNS_OFF, late).ending is Ending.REQUEUED


def test_a_vpc_that_could_not_be_read_for_long_is_stuck() -> None:
    assert run(THROTTLED, a_request(2 * 3600 + 1, 3)).ending is Ending.STUCK


def test_a_vpc_that_has_converged_is_never_stuck() -> None:
    assert run(a_converged_vpc("a"), a_request(age=9999, attempts=99)).ending is Ending.CONVERGED


# ---- what became of a finding


@pytest.mark.parametrize(
    ("status", "treatment"),
    [
        (Status.INFORMATIONAL, Status.INFORMATIONAL),
        (Status.WAITING, Status.WAITING),
        (Status.BLOCKED, Status.BLOCKED),
    ],
)
def test_a_finding_without_a_remedy_is_treated_by_its_status(status: Status, treatment: Status) -> None:
    reason = None if status is Status.WAITING else Reason.ZONE_NOT_OFFERED
    finding = a_finding(status, reason)
    assert conclude_finding(finding, [], 0) == Concluded(finding, treatment, reason)


@pytest.mark.parametrize(
    ("results", "treatment"),
    [
        ([Status.REMEDIATED], Status.REMEDIATED),
        ([Status.REMEDIATED, Status.REMEDIATED], Status.REMEDIATED),
        ([Status.REMEDIATED, Status.WAITING], Status.WAITING),
        ([Status.WAITING, Status.BLOCKED], Status.BLOCKED),
        ([Status.REPORTED, Status.REPORTED], Status.REPORTED),
    ],
)
def test_a_finding_is_as_well_treated_as_its_worst_step(results: list[Status], treatment: Status) -> None:
    finding = a_finding()
    step = Step(STEP.action, (finding,))
    assert conclude_finding(finding, [Outcome(step, result) for result in results], 0).status is treatment


def test_steps_that_are_there_for_other_findings_do_not_count() -> None:
    finding = a_finding()
    mine = Outcome(Step(STEP.action, (finding,)), Status.REMEDIATED)
    other = Outcome(STEP, Status.BLOCKED, Reason.UNAUTHORIZED)
    assert conclude_finding(finding, [other, mine], 0).status is Status.REMEDIATED


def test_a_blocked_finding_says_why_in_ec2s_words() -> None:
    finding = a_finding()
    outcome = Outcome(Step(STEP.action, (finding,)), Status.BLOCKED, Reason.ENDPOINT_QUOTA, "50 is all")
    assert conclude_finding(finding, [outcome], 0) == Concluded(
        finding, Status.BLOCKED, Reason.ENDPOINT_QUOTA, "50 is all"
    )


# ---- what a run counts


def test_a_vpc_that_is_stuck_or_may_not_be_read_is_blocked_for_that_reason() -> None:
    stuck = run(DNS_OFF, a_request(age=20 * 60 + 1, attempts=3))
    assert stuck.tally.new[-1] == Count(Metric.REMEDIATION_BLOCKED, "stuck")
    unread = run(refusal("UnauthorizedOperation"))
    assert unread.tally.new == (Count(Metric.REMEDIATION_BLOCKED, "unauthorized"),)
    assert run(refusal("RequestLimitExceeded")).tally.new == ()


def test_what_was_counted_stays_counted_where_the_run_could_not_look_or_died() -> None:
    before = (Count(Metric.DRIFT_DETECTED, "dns-support-off", "dns-support-off", VPC_ID),)
    request = replace(a_request(), counted=before)
    assert run(refusal("RequestLimitExceeded"), request).tally.carried == before
    assert Run.crashed(request).tally.carried == before
