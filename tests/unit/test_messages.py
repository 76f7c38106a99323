from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.contest import Contest
from reconciler.domain.counts import Count, Metric
from reconciler.domain.findings import Reason, Status, zone_uncovered
from reconciler.domain.memory import InVain, Made
from reconciler.domain.pace import EndpointCall, Precedence
from reconciler.messages import MalformedMessage, RunRequest, SweepRequest

NUMBERS = st.integers(0, 2**48 - 1)
WORDS = st.lists(st.text()).map(tuple)
COUNT = Count(Metric.DRIFT_DETECTED, "dns-support-off", "dns-support-off", "vpc-2")


@given(
    st.builds(
        RunRequest,
        vpc_id=st.from_regex("vpc-[0-9a-f]{1,17}", fullmatch=True),
        first_seen=NUMBERS,
        attempts=NUMBERS,
        failures=NUMBERS,
        paced=st.none() | st.sampled_from(EndpointCall),
        awaits_turn=st.booleans(),
        turns=NUMBERS,
        precedence=st.sampled_from(Precedence),
        not_before=NUMBERS,
        refused=WORDS,
        swept=st.booleans(),
        counted=st.lists(st.builds(Count, st.sampled_from(Metric), st.text(), st.text(), st.text())).map(
            tuple
        ),
        made=st.lists(st.builds(Made, st.text(), st.text(), NUMBERS, st.booleans())).map(tuple),
        contests=st.lists(
            st.builds(
                Contest, st.text(), st.text(), st.text(), st.lists(NUMBERS).map(tuple), NUMBERS, NUMBERS
            )
        ).map(tuple),
        asked=st.lists(
            st.builds(
                InVain,
                st.text(),
                NUMBERS,
                st.sampled_from(Status),
                st.none() | st.sampled_from(Reason),
                st.text(),
                st.booleans(),
                st.sampled_from([(), (zone_uncovered("vpce-1", "found", Status.BLOCKED, Reason.IN_USE),)]),
            )
        ).map(tuple),
    )
)
def test_a_message_says_what_the_request_says(request: RunRequest) -> None:
    assert RunRequest.from_json(request.to_json()) == request


def test_a_message_of_the_last_version_is_read_without_what_it_counted() -> None:
    body = (
        '{"vpc_id": "vpc-1", "first_seen": 7, "rounds": 2, "release": true, "counted": ["dns-support-off"]}'
    )
    assert RunRequest.from_json(body) == RunRequest("vpc-1", 7, attempts=2, refused=("vpc-1",))


def test_a_message_of_the_last_version_that_waits_for_a_turn_does_so_as_long_as_that_takes() -> None:
    body: dict[str, Any] = {"vpc_id": "vpc-1", "first_seen": 7, "paced": "CreateVpcEndpoint"}
    assert RunRequest.from_json(json.dumps(body)).awaits_turn
    assert not RunRequest.from_json(json.dumps({**body, "awaits_turn": False})).awaits_turn


@pytest.mark.parametrize("key", ["release", "deletion_refused"])
def test_a_message_of_an_earlier_version_says_that_the_vpcs_own_deletion_was_refused(key: str) -> None:
    body: dict[str, Any] = {"vpc_id": "vpc-1", "first_seen": 7, key: True}
    assert RunRequest.from_json(json.dumps(body)).refused == ("vpc-1",)
    assert RunRequest.from_json(json.dumps({**body, key: False})).refused == ()


def test_a_message_may_leave_out_what_a_first_run_does_not_have() -> None:
    assert RunRequest.from_json('{"vpc_id": "vpc-1", "first_seen": 7}') == RunRequest("vpc-1", 7)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "asked": [{"status": "odd"}]}', "asked cannot be read"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "asked": 7}', "asked cannot be read"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("{}", "vpc_id is None"),
        ('{"vpc_id": "subnet-1", "first_seen": 7}', "vpc_id is 'subnet-1'"),
        ('{"vpc_id": 7, "first_seen": 7}', "vpc_id is 7"),
        ('{"vpc_id": "vpc-1"}', "first_seen is None, not a whole number"),
        ('{"vpc_id": "vpc-1", "first_seen": -1}', "first_seen is -1"),
        ('{"vpc_id": "vpc-1", "first_seen": 1.5}', "first_seen is 1.5"),
        ('{"vpc_id": "vpc-1", "first_seen": true}', "first_seen is True"),
        ('{"vpc_id": "vpc-1", "first_seen": "7"}', "first_seen is '7'"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "attempts": null}', "attempts is None"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "attempts": -2}', "attempts is -2"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "failures": "1"}', "failures is '1'"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "not_before": 0.5}', "not_before is 0.5"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "began": 1e400}', "began is inf"),
        (f'{{"vpc_id": "vpc-1", "first_seen": {10**4000}}}', "first_seen is 1000"),
        (f'{{"vpc_id": "vpc-1", "first_seen": {"9" * 5000}}}', "not JSON"),
        (f'{{"vpc_id": "vpc-1", "first_seen": {"[" * 900 + "]" * 900}}}', "first_seen is [["),
        (f'{{"vpc_id": "vpc-{"1" * 100}", "first_seen": 7}}', "not a VPC's id"),
        ('{"vpc_id": "vpc-1 2", "first_seen": 7}', "vpc_id is 'vpc-1 2'"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "counted": "dns"}', "list of words"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "counted": [1]}', "list of words"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "counted": [{"metric": "x"}]}', "list of words"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "refused": "subnet-1"}', "refused is no list of ids"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "refused": [1]}', "refused is no list of ids"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "paced": "RunInstances"}', "paced is 'RunInstances'"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "paced": [1]}', "paced is [1]"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "precedence": "first"}', "precedence is 'first'"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "made": ["vpce-1"]}', "made cannot be read"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "made": 1}', "made cannot be read"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "made": [{"id": "vpce-1"}]}', "made cannot be read"),
        ('{"vpc_id": "vpc-1", "first_seen": 7, "contests": [{"what": 1}]}', "contests cannot be read"),
    ],
)
def test_a_message_that_is_not_ours_is_refused_with_what_is_wrong(body: str, complaint: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        RunRequest.from_json(body)
    assert complaint in str(refusal.value)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_whatever_message_comes_is_read_or_refused(body: str) -> None:
    try:
        RunRequest.from_json(body)
    except MalformedMessage:
        return


@pytest.mark.parametrize("body", ["hello", "{}", '{"first_seen": -1}', "[]"])
def test_a_sweeps_message_that_is_not_ours_is_refused(body: str) -> None:
    with pytest.raises(MalformedMessage):
        SweepRequest.from_json(body)
