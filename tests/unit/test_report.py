from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from aws_lambda_powertools import Logger

from reconciler import conclusion, report
from reconciler.conclusion import Ending, Run
from reconciler.domain import counts
from reconciler.domain.counts import Concluded, Count, Tally
from reconciler.domain.findings import Reason, Status
from reconciler.domain.pace import EndpointCall
from reconciler.ec2.errors import Refusal, Verdict
from reconciler.ec2.meter import Metered
from reconciler.messages import RunRequest, SweepRequest
from reconciler.published import METRICS, Function, Open, Rejection
from reconciler.sweep import Oldest, Sweep
from tests.unit.reported import (
    DNS,
    FIRST_SEEN,
    GONE,
    MORE_TAGS,
    NOW,
    PENDING,
    SURPLUS,
    TAGS,
    VPC_ID,
    Reported,
    a_run,
)


@pytest.fixture
def reported(capsys: pytest.CaptureFixture[str]) -> Reported:
    return Reported(capsys)


# ---- the drift metrics


def test_a_metric_is_the_namespace_the_name_and_one_dimension_with_the_id_as_metadata(
    reported: Reported,
) -> None:
    report.report_run(a_run(Ending.REQUEUED, Concluded(DNS, Status.WAITING)), NOW, reported.logger)
    [line] = reported.emf()
    timestamp = line["_aws"].pop("Timestamp")
    assert isinstance(timestamp, int)
    assert line == {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": "VpcEndpointRemediator",
                    "Dimensions": [["Kind"]],
                    "Metrics": [{"Name": "DriftDetected", "Unit": "Count"}],
                }
            ]
        },
        "Kind": "dns-support-off",
        "DriftDetected": [1.0],
        "vpc_id": VPC_ID,
    }


def test_drift_is_counted_by_kind_when_it_is_found_and_when_it_is_put_right(reported: Reported) -> None:
    done = a_run(
        Ending.REQUEUED,
        Concluded(DNS, Status.WAITING),
        Concluded(TAGS, Status.REMEDIATED),
        Concluded(MORE_TAGS, Status.REMEDIATED),
    )
    report.report_run(done, NOW, reported.logger)
    assert reported.metrics() == [
        ("DriftDetected", "Count", 1.0, {"Kind": "dns-support-off"}),
        ("DriftDetected", "Count", 2.0, {"Kind": "tags-missing"}),
        ("DriftRemediated", "Count", 2.0, {"Kind": "tags-missing"}),
    ]


def test_drift_that_an_earlier_run_counted_is_not_counted_again(reported: Reported) -> None:
    done = a_run(
        Ending.REQUEUED,
        Concluded(DNS, Status.REMEDIATED),
        Concluded(TAGS, Status.WAITING),
        attempts=1,
        counted=(Count(counts.Metric.DRIFT_DETECTED, "dns-support-off", "dns-support-off", VPC_ID),),
    )
    report.report_run(done, NOW, reported.logger)
    assert reported.metrics() == [
        ("DriftRemediated", "Count", 1.0, {"Kind": "dns-support-off"}),
        ("DriftDetected", "Count", 1.0, {"Kind": "tags-missing"}),
    ]


def test_what_is_reported_in_an_audit_is_drift_and_not_put_right(reported: Reported) -> None:
    report.report_run(a_run(Ending.REPORTED, Concluded(DNS, Status.REPORTED)), NOW, reported.logger)
    assert reported.metrics() == [("DriftDetected", "Count", 1.0, {"Kind": "dns-support-off"})]


def test_what_aws_is_at_work_on_and_what_is_only_informational_is_no_drift(reported: Reported) -> None:
    done = a_run(
        Ending.REQUEUED, Concluded(PENDING, Status.WAITING), Concluded(SURPLUS, Status.INFORMATIONAL)
    )
    report.report_run(done, NOW, reported.logger)
    assert reported.metrics() == []


def test_blocked_findings_are_counted_by_reason(reported: Reported) -> None:
    done = a_run(
        Ending.BLOCKED,
        Concluded(GONE, Status.BLOCKED, Reason.SERVICE_UNAVAILABLE),
        Concluded(DNS, Status.BLOCKED, Reason.UNAUTHORIZED),
        Concluded(TAGS, Status.BLOCKED, Reason.UNAUTHORIZED),
        Concluded(MORE_TAGS, Status.BLOCKED),
    )
    report.report_run(done, NOW, reported.logger)
    assert [metric for metric in reported.metrics() if metric[0] == "RemediationBlocked"] == [
        ("RemediationBlocked", "Count", 1.0, {"Reason": "service-unavailable"}),
        ("RemediationBlocked", "Count", 2.0, {"Reason": "unauthorized"}),
        ("RemediationBlocked", "Count", 1.0, {"Reason": "unknown"}),
    ]


@pytest.mark.parametrize("reason", [Reason.STUCK, Reason.UNAUTHORIZED, Reason.UNKNOWN])
def test_a_run_that_is_blocked_as_a_whole_is_counted_by_its_reason(
    reported: Reported, reason: Reason
) -> None:
    blocked = Tally((counts.blocked_run(reason),))
    report.report_run(
        Run(RunRequest(VPC_ID, FIRST_SEEN), Ending.BLOCKED, tally=blocked), NOW, reported.logger
    )
    assert reported.metrics() == [("RemediationBlocked", "Count", 1.0, {"Reason": reason.value})]


def test_a_vpc_that_cannot_be_read_for_now_is_not_blocked(reported: Reported) -> None:
    unread = Refusal(Verdict.RETRY, None, "RequestLimitExceeded", "slower")
    report.report_run(
        Run(RunRequest(VPC_ID, FIRST_SEEN), Ending.REQUEUED, unread=unread), NOW, reported.logger
    )
    assert reported.metrics() == []


def test_the_time_to_converge_is_from_the_first_event_and_has_no_dimension(reported: Reported) -> None:
    report.report_run(a_run(Ending.CONVERGED, attempts=2), NOW, reported.logger)
    [line] = reported.emf()
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "VpcEndpointRemediator",
        "Dimensions": [[]],
        "Metrics": [{"Name": "TimeToConverge", "Unit": "Milliseconds"}],
    }
    assert line["TimeToConverge"] == [61_500.0]
    assert line["vpc_id"] == VPC_ID


def test_a_vpc_that_was_right_at_first_sight_took_no_time(reported: Reported) -> None:
    report.report_run(a_run(Ending.CONVERGED, attempts=0), NOW, reported.logger)
    assert reported.metrics() == []


@pytest.mark.parametrize("ending", sorted(set(Ending) - {Ending.CONVERGED}))
def test_only_a_run_that_found_the_vpc_converged_took_its_time(reported: Reported, ending: Ending) -> None:
    report.report_run(a_run(ending, attempts=2), NOW, reported.logger)
    assert "TimeToConverge" not in {metric[0] for metric in reported.metrics()}


def test_a_clock_that_runs_behind_does_not_make_the_time_negative(reported: Reported) -> None:
    report.report_run(a_run(Ending.CONVERGED, attempts=1), NOW - 3600, reported.logger)
    assert reported.metrics() == [("TimeToConverge", "Milliseconds", 0.0, {})]


def test_what_someone_keeps_undoing_is_drift_and_contested(reported: Reported) -> None:
    fought = replace(DNS, status=Status.CONTESTED)
    report.report_run(a_run(Ending.CONTESTED, Concluded(fought, Status.CONTESTED)), NOW, reported.logger)
    assert reported.metrics() == [
        ("DriftDetected", "Count", 1.0, {"Kind": "dns-support-off"}),
        ("DriftContested", "Count", 1.0, {"Kind": "dns-support-off"}),
    ]


@pytest.mark.parametrize("status", [Status.LEAVING, Status.IMPAIRED])
def test_what_is_leaving_or_impaired_is_no_drift(reported: Reported, status: Status) -> None:
    concluded = Concluded(replace(DNS, status=status), status)
    report.report_run(a_run(Ending.CONVERGED, concluded), NOW, reported.logger)
    assert reported.metrics() == []


def test_drift_that_no_event_foretold_is_counted_by_the_sweep(reported: Reported) -> None:
    done = replace(a_run(Ending.REQUEUED, Concluded(DNS, Status.WAITING), swept=True), unforeseen=2)
    report.report_run(done, NOW, reported.logger)
    assert reported.metrics() == [
        ("DriftDetected", "Count", 1.0, {"Kind": "dns-support-off"}),
        ("DriftFoundBySweep", "Count", 2.0, {}),
    ]


# ---- sweeps and rejections


def test_a_sweep_is_a_count_for_each_state_without_dimensions_nought_included(reported: Reported) -> None:
    swept = Sweep(
        in_sync=("vpc-1", "vpc-2"),
        converging=("vpc-10", "vpc-11"),
        drifted=("vpc-3",),
        contested=("vpc-5", "vpc-6", "vpc-7"),
        leaving=("vpc-8",),
        impaired=("vpc-9",),
        leftovers=("vpc-4",),
    )
    report.report_sweep(swept, reported.logger, SweepRequest(0))
    emf = reported.emf()
    counts = {name: line[name] for line in emf for name in line if name.startswith("Vpcs")}
    assert [line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] for line in emf][: len(counts)] == [
        [[]] for _ in counts
    ]
    assert counts == {
        "VpcsInSync": [2.0],
        "VpcsConverging": [2.0],
        "VpcsDrifted": [1.0],
        "VpcsBlocked": [0.0],
        "VpcsContested": [3.0],
        "VpcsLeaving": [1.0],
        "VpcsImpaired": [1.0],
    }
    [line] = reported.lines()
    assert line["message"] == (
        "sweep: 2 in sync, 2 converging, 1 drifted, 0 blocked, 3 contested, 1 leaving, 1 impaired, "
        "1 that are not opted in"
    )
    assert (line["contested"], line["leaving"]) == (["vpc-5", "vpc-6", "vpc-7"], ["vpc-8"])


def test_a_sweep_publishes_the_age_of_the_oldest_finding_of_each_sort_nought_included_and_that_it_was_made(
    reported: Reported,
) -> None:
    oldest = {
        Open.DRIFTED: Oldest(),
        Open.BLOCKED: Oldest(7200, "vpc-3"),
        Open.CONTESTED: Oldest(60, "vpc-1"),
    }
    report.report_sweep(Sweep(oldest=oldest), reported.logger, SweepRequest(0))
    emf = reported.emf()
    of_status = {line["Status"]: line for line in emf if "Status" in line}
    ages = {status: (line["OldestFindingAge"], line.get("vpc_id")) for status, line in of_status.items()}
    assert ages == {
        "drifted": ([0.0], None),
        "blocked": ([7200.0], "vpc-3"),
        "contested": ([60.0], "vpc-1"),
    }
    assert [line["SweepCompleted"] for line in emf if "SweepCompleted" in line] == [[1.0]]


def test_calls_to_ec2_are_counted_by_function_and_nought_is_not_published(reported: Reported) -> None:
    report.report_ec2_calls(Function.INTAKE, Metered())
    report.report_ec2_calls(Function.RECONCILE, Metered(9))
    report.report_ec2_calls(Function.SWEEP, Metered(12, 2))
    assert reported.metrics() == [
        ("Ec2Calls", "Count", 9.0, {"Function": "reconcile"}),
        ("Ec2Calls", "Count", 12.0, {"Function": "sweep"}),
        ("Ec2Throttles", "Count", 2.0, {"Function": "sweep"}),
    ]


def test_calls_that_the_budget_is_about_are_counted_by_their_name(reported: Reported) -> None:
    made = Metered(9, 1, {EndpointCall.CREATE: 2, EndpointCall.DELETE: 1})
    report.report_ec2_calls(Function.RECONCILE, made)
    assert reported.metrics()[2:] == [
        ("EndpointCalls", "Count", 2.0, {"Call": "CreateVpcEndpoint"}),
        ("EndpointCalls", "Count", 1.0, {"Call": "DeleteVpcEndpoints"}),
    ]


def test_a_run_that_found_no_room_in_the_budget_is_counted_and_its_line_says_for_what_it_waits(
    reported: Reported,
) -> None:
    paced = replace(a_run(Ending.REQUEUED, Concluded(PENDING, Status.WAITING)), paced=EndpointCall.CREATE)
    report.report_run(paced, NOW, reported.logger)
    assert reported.metrics() == [("RunPutOff", "Count", 1.0, {})]
    assert reported.lines()[-1]["waits_for"] == "CreateVpcEndpoint"


def test_a_run_whose_turn_has_not_come_is_counted_too_and_says_so_to_who_debugs_alone(
    reported: Reported,
) -> None:
    reported.logger.setLevel("DEBUG")
    early = conclusion.not_due(RunRequest(VPC_ID, FIRST_SEEN, paced=EndpointCall.MODIFY))
    report.report_run(early, NOW, reported.logger)
    assert reported.metrics() == [("RunPutOff", "Count", 1.0, {})]
    [line] = reported.lines()
    assert line["message"] == f"{VPC_ID}: its turn to call ModifyVpcEndpoint has not come"
    assert line["level"] == "DEBUG"
    assert (line["vpc_id"], line["ending"], line["waits_for"]) == (VPC_ID, "requeued", "ModifyVpcEndpoint")


@pytest.mark.parametrize("why", Rejection)
def test_an_input_that_is_turned_away_is_named_in_a_line_and_counted_by_reason(
    reported: Reported, why: Rejection
) -> None:
    report.report_rejection(why, "eventName is missing, in event 1", reported.logger)
    assert reported.metrics() == [("InputRejected", "Count", 1.0, {"Reason": why.value})]
    [line] = reported.lines()
    assert line["level"] == "WARNING"
    assert line["message"] == f"{why.value}: eventName is missing, in event 1"


def test_a_run_that_crashed_is_reported_with_its_trace_and_counted_without_a_dimension(
    reported: Reported,
) -> None:
    try:
        raise ZeroDivisionError("a fault")
    except ZeroDivisionError:
        report.report_crash(VPC_ID, reported.logger)
    assert reported.metrics() == [("RunCrashed", "Count", 1.0, {}), ("PassDied", "Count", 1.0, {})]
    [line] = reported.lines()
    assert (line["level"], line["message"]) == ("ERROR", f"run of {VPC_ID}: crashed")
    assert "a fault" in line["exception"]


TELLINGS: list[Callable[[Logger], None]] = [
    lambda logger: report.report_run(
        a_run(
            Ending.STUCK,
            Concluded(TAGS, Status.REMEDIATED),
            Concluded(GONE, Status.BLOCKED, Reason.SERVICE_UNAVAILABLE),
        ),
        NOW,
        logger,
    ),
    lambda logger: report.report_run(a_run(Ending.CONVERGED, attempts=1), NOW, logger),
    lambda logger: report.report_sweep(
        Sweep(("vpc-1",), ("vpc-2",), ("vpc-3",), ("vpc-4",)), logger, SweepRequest(0)
    ),
    lambda _logger: report.report_ec2_calls(Function.RECONCILE, Metered(9, 1, {EndpointCall.MODIFY: 2})),
    lambda logger: report.report_run(replace(a_run(Ending.CONTESTED), unforeseen=1), NOW, logger),
    lambda logger: report.report_run(
        conclusion.not_due(RunRequest(VPC_ID, FIRST_SEEN, paced=EndpointCall.CREATE)), NOW, logger
    ),
    lambda logger: report.report_rejection(Rejection.FOREIGN_ACCOUNT, "DeleteVpc of 999999999999", logger),
]


@pytest.mark.parametrize("tell", TELLINGS)
def test_a_dimension_is_a_word_of_a_closed_list_and_never_an_id(
    reported: Reported, tell: Callable[[Logger], None]
) -> None:
    tell(reported.logger)
    metrics = reported.metrics()
    assert metrics
    for name, unit, _, dimensions in metrics:
        published = METRICS[name]
        assert unit == published.unit
        assert list(dimensions) == ([published.dimension] if published.dimension else [])
        assert all(value in published.values for value in dimensions.values())
