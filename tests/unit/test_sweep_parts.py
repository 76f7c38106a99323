"""What a sweep reads of EC2, when it does not come to all, and how its parts make one."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from threading import Lock
from typing import Any
from unittest.mock import Mock

import pytest

from functions.sweep import app
from reconciler.domain.model import Observation
from reconciler.domain.rolling import shard_of, trusted
from reconciler.ec2 import filters
from reconciler.ec2.observe import Observer
from reconciler.reconcile import Means
from reconciler.sweep import Sweep, sweep
from sandbox.ec2.rules import pages
from tests.account import Account
from tests.unit.fakes import FakeDynamo, refusal
from tests.unit.installed import Installation


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """EC2 takes two values in a filter, not 200."""
    monkeypatch.setattr(filters, "_VALUES", 2)


def vpcs(account: Account, count: int, *, dns: bool = True) -> list[str]:
    """Opted-in VPCs in which nothing is made yet, in order of their ids."""
    made = []
    for _ in range(count):
        vpc_id = account.customer.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
        account.tag(vpc_id, profile="appmesh")
        account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": dns})
        made.append(vpc_id)
    return sorted(made)


def attributes_read(account: Account, means: Means | None = None, **how: Any) -> tuple[Sweep, list[str]]:
    """A sweep, and the VPCs whose attributes it read."""
    with account.calls() as calls:
        swept = sweep(means or account.means, account.said.append, **how)
    read = Counter(each.params["VpcId"] for each in calls if each.action == "DescribeVpcAttribute")
    assert set(read.values()) <= {2}
    return swept, sorted(read)


class Clock:
    """A clock that goes on by a second with each look at many VPCs, or with each call to EC2 of this name."""

    def __init__(self, account: Account, call: str = "") -> None:
        self.now_is = account.clock.now()
        self._lock = Lock()
        if call:
            account.reconciler.meta.events.register(f"before-send.ec2.{call}", self._go_on)

    def now(self) -> float:
        return self.now_is

    def observer(self, of: Observer) -> Observer:
        """One that takes a second for a look."""

        def many(*given: Any) -> list[Observation]:
            found = of.many(*given)
            self._go_on()
            return found

        return Mock(wraps=of, many=many)

    def means(self, account: Account) -> Means:
        return replace(account.means, now=self.now, observer=self.observer(account.observer))

    def _go_on(self, **_call: Any) -> None:
        with self._lock:
            self.now_is += 1


# ---- attributes


def test_the_first_sweep_reads_all_attributes_and_the_next_one_those_of_a_share(account: Account) -> None:
    made = vpcs(account, 40)
    assert attributes_read(account)[1] == made
    first = min(shard_of(each) for each in made)
    with account.calls() as calls:
        account.sweep()
    due = [each for each in made if shard_of(each) == first]
    assert Counter(call.action for call in calls) == {
        "DescribeVpcAttribute": 2 * len(due),
        "DescribeVpcs": 2,
        "DescribeSecurityGroups": 2,
        "DescribeVpcEndpoints": 2,
        "DescribeSubnets": 1,
        "DescribeRouteTables": 1,
        "DescribeInternetGateways": 1,
        "DescribeNetworkAcls": 1,
    }


def test_a_day_of_sweeps_finds_an_attribute_whose_event_was_lost(account: Account) -> None:
    made = vpcs(account, 30)
    account.sweep()
    account.customer.modify_vpc_attribute(VpcId=made[7], EnableDnsSupport={"Value": False})
    found = []
    for _ in range(24):
        account.clock.advance(3600)
        found.append(attributes_read(account)[1])
    assert {each for some in found for each in some} == set(made)
    assert made[7] in found[-1]


def test_a_vpc_that_is_new_and_one_whose_attribute_is_off_are_read_by_the_next_sweep(
    account: Account,
) -> None:
    vpcs(account, 10)
    [off] = vpcs(account, 1, dns=False)
    account.sweep()
    [new] = vpcs(account, 1)
    assert {new, off} <= set(attributes_read(account)[1])


def test_an_attribute_that_a_run_found_off_and_could_not_turn_on_is_counted_by_the_next_sweep(
    account: Account,
) -> None:
    """It was on when its share was read, and that it went off had an event."""
    made = [account.converged_vpc(number=1)]
    while len({shard_of(each) for each in made}) == 1:
        made.append(account.converged_vpc(number=1 + len(made)))
    assert account.sweep().in_sync == tuple(sorted(made))
    assert account.means.attributes
    [one, *_] = trusted(set(made), account.means.attributes.read() or {})
    others = tuple(sorted(set(made) - {one}))
    account.customer.modify_vpc_attribute(VpcId=one, EnableDnsHostnames={"Value": False})
    account.ec2.faults.before("ModifyVpcAttribute", "UnauthorizedOperation", times=99)
    account.converge(one)
    account.clock.advance(3600)
    for _ in range(2):
        swept, read = attributes_read(account)
        assert (swept.blocked, swept.in_sync) == ((one,), others)
        assert one in read
    account.ec2.faults.clear()
    account.converge(one)
    assert account.sweep().in_sync == tuple(sorted(made))


def test_without_the_ledger_a_sweep_reads_the_attributes_of_all(account: Account) -> None:
    made = vpcs(account, 3)
    account.sweep()
    account.dynamo = FakeDynamo(refusal("ResourceNotFoundException"))
    assert attributes_read(account)[1] == made


def test_attributes_that_the_ledger_would_not_keep_are_read_again(account: Account) -> None:
    made = vpcs(account, 3)

    class Refusing(FakeDynamo):
        def batch_write_item(self, **request: Any) -> Any:
            raise refusal("ThrottlingException", str(request))

    account.dynamo = Refusing()
    account.sweep()
    assert attributes_read(account)[1] == made


# ---- pages


def test_small_pages_give_the_same_answer_as_large_ones(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.converged_vpc(number=1)
    account.vpc("ab", number=2)
    account.opt_out(account.converged_vpc(number=3))
    vpcs(account, 4)
    large = account.sweep()
    assert [len(each) for each in (large.in_sync, large.drifted, large.leftovers)] == [1, 5, 1]
    with account.calls() as of_large:
        assert account.sweep() == large
    monkeypatch.setattr(pages, "LONGEST", 2)
    with account.calls() as of_small:
        assert account.sweep() == large
    assert len(of_small) > 2 * len(of_large)


@pytest.mark.usefixtures("two_at_once")
def test_a_page_that_ec2_refuses_loses_its_own_vpcs_and_no_others(account: Account) -> None:
    made = vpcs(account, 5)
    account.sweep()
    account.ec2.faults.before(
        "DescribeSubnets", "RequestLimitExceeded", when=lambda given: made[2] in str(given["Filters"])
    )
    swept = account.sweep()
    assert swept.rest == (made[2], made[3])
    assert swept.drifted == (made[0], made[1], made[4])
    assert "sweep: 2 VPCs could not be looked at: " in account.said[-1]
    assert sweep(account.means, only=swept.rest).drifted == (made[2], made[3])


# ---- time


@pytest.mark.usefixtures("two_at_once")
def test_when_time_runs_out_what_was_read_is_kept_and_the_rest_is_named(account: Account) -> None:
    made = vpcs(account, 7)
    clock = Clock(account)
    swept, read = attributes_read(account, clock.means(account), deadline=clock.now_is + 1.5)
    assert (swept.drifted, swept.rest) == (tuple(made[:4]), tuple(made[4:]))
    assert read == made[:4]
    rest, read = attributes_read(account, only=swept.rest)
    assert (rest.drifted, rest.rest) == (tuple(made[4:]), ())
    assert read == made[4:]
    account.clock.advance(3600)
    first = min(map(shard_of, made))
    assert attributes_read(account)[1] == [each for each in made if shard_of(each) == first]


def test_a_sweep_that_is_slow_to_read_attributes_ends_in_time_and_keeps_each_vpc_that_it_has_read(
    account: Account,
) -> None:
    """One answer of 200 VPCs has 400 calls for attributes behind it, and each may be throttled."""
    made = vpcs(account, 30)
    clock = Clock(account, "DescribeVpcAttribute")
    means, began = replace(account.means, now=clock.now), clock.now_is
    with account.calls() as calls:
        swept = sweep(means, account.said.append, deadline=began + 20)
    read = Counter(each.params["VpcId"] for each in calls if each.action == "DescribeVpcAttribute")
    assert clock.now_is - began <= 20 + 8, "no more than there are threads are under way"
    assert swept.drifted == tuple(sorted(each for each in made if read[each] == 2))
    assert len(swept.drifted) >= 10
    assert swept.rest == tuple(sorted(set(made) - set(swept.drifted)))
    rest, again = attributes_read(account, only=swept.rest)
    assert (rest.drifted, again) == (swept.rest, list(swept.rest))
    assert not set(attributes_read(account, only=swept.drifted)[1]) & set(swept.drifted)


def test_a_vpc_whose_attribute_a_run_found_off_is_in_the_rest_when_there_is_no_time_to_read_it(
    account: Account,
) -> None:
    vpc_id = account.converged_vpc()
    account.sweep()
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    account.ec2.faults.before("ModifyVpcAttribute", "UnauthorizedOperation", times=99)
    account.converge(vpc_id)
    clock = Clock(account)
    asked = {"only": [vpc_id], "deadline": clock.now_is + 0.5}
    swept, read = attributes_read(account, clock.means(account), **asked)
    assert (swept.rest, swept.in_sync, read) == ((vpc_id,), (), [])
    assert sweep(account.means, only=swept.rest).blocked == (vpc_id,)


def test_a_rest_looks_at_what_it_was_asked_for_alone(account: Account) -> None:
    made = vpcs(account, 3)
    assert sweep(account.means, only=made[:2]).drifted == tuple(made[:2])


@pytest.mark.usefixtures("two_at_once")
def test_a_take_over_completes_with_a_sweep_of_the_whole_alone(account: Account) -> None:
    vpc_ids = sorted(account.converged_vpc(number=number) for number in (1, 2, 3))
    account.dynamo = FakeDynamo()
    account.ledger = account.new_ledger()
    clock = Clock(account)
    swept = sweep(clock.means(account), deadline=clock.now_is + 0.5)
    assert [vpc_id for vpc_id, _ in swept.taken_over] == vpc_ids[:2]
    rest = sweep(account.means, only=swept.rest)
    assert [vpc_id for vpc_id, _ in rest.taken_over] == vpc_ids[2:]
    assert not account.new_ledger().is_complete()
    assert sweep(account.means).taken_over == ()
    assert account.new_ledger().is_complete()


# ---- the handler


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Installation:
    return Installation(capsys)


def message(body: str) -> dict[str, Any]:
    return {"Records": [{"messageId": "message-1", "body": body}]}


def rests(here: Installation) -> Iterator[dict[str, Any]]:
    """What was asked of the queue of sweeps."""
    for url, entries in here.sqs.calls:
        if url == "sweeps":
            yield from (json.loads(each["MessageBody"]) for each in entries)


def published(out: str) -> dict[tuple[str, str], float]:
    """The metrics, by name and status."""
    found = {}
    for line in out.splitlines():
        document = json.loads(line)
        for metric in document["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            found[metric["Name"], document.get("Status", "")] = document[metric["Name"]][0]
    return found


@pytest.mark.usefixtures("two_at_once")
def test_the_rest_is_asked_for_and_counted_with_what_came_before(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    made = vpcs(here.account, 5)
    here.account.ec2.faults.before("DescribeSubnets", when=lambda given: made[0] in str(given["Filters"]))
    app.handle({}, here.runtime, "request-1", math.inf)
    metrics = published(capsys.readouterr().out)
    assert ("SweepCompleted", "") not in metrics
    assert not any(name.startswith("Vpcs") or name == "OldestFindingAge" for name, _ in metrics)
    [rest] = rests(here)
    assert (rest["vpc_ids"], rest["so_far"]) == (made[:2], {"drifted": 3})
    assert here.said().endswith("0 that are not opted in, 2 not looked at yet")
    app.handle(message(json.dumps(rest)), here.runtime, "request-2", math.inf)
    metrics = published(capsys.readouterr().out)
    assert metrics["SweepCompleted", ""] == 1
    assert metrics["VpcsDrifted", ""] == 5
    assert len(list(rests(here))) == 1
    runs = [
        json.loads(each["MessageBody"]) for url, some in here.sqs.calls if url == "passes" for each in some
    ]
    assert sorted(each["vpc_id"] for each in runs) == made
    assert {each["swept"] for each in runs} == {True}


def test_the_oldest_finding_of_all_parts_is_published_with_the_last(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """An alarm on it would go off and on with each part."""
    asked = vpcs(here.account, 1)
    body = {"first_seen": 1, "vpc_ids": asked, "oldest": {"blocked": [7200, "vpc-2"], "drifted": [0, ""]}}
    app.handle(message(json.dumps(body)), here.runtime, "request-1", math.inf)
    metrics = published(capsys.readouterr().out)
    ages = {status: age for (name, status), age in metrics.items() if name == "OldestFindingAge"}
    assert ages == {"drifted": 0, "blocked": 7200, "contested": 0}
    here.account.ec2.faults.before("DescribeSubnets")
    app.handle(message(json.dumps(body)), here.runtime, "request-2", math.inf)
    [rest] = rests(here)
    assert rest["oldest"]["blocked"] == [7200, "vpc-2"]


def test_a_rest_of_a_sweep_that_an_event_asked_for_finds_no_drift_that_no_event_told_of(
    here: Installation,
) -> None:
    [vpc_id] = vpcs(here.account, 1)
    here.account.ec2.faults.before("DescribeSubnets")
    app.handle(message('{"first_seen": 8}'), here.runtime, "request-1", math.inf)
    [rest] = rests(here)
    app.handle(message(json.dumps(rest)), here.runtime, "request-2", math.inf)
    [run] = [
        json.loads(each["MessageBody"]) for url, some in here.sqs.calls if url == "passes" for each in some
    ]
    assert (run["vpc_id"], run["first_seen"], run.get("swept", False)) == (vpc_id, 8, False)


def test_a_rest_that_ec2_never_shows_goes_to_the_dead_letters_after_five_tries(here: Installation) -> None:
    made = vpcs(here.account, 2)
    here.account.ec2.faults.before("DescribeSubnets", "UnauthorizedOperation", times=99)
    app.handle({}, here.runtime, "request-0", math.inf)
    for number in range(1, 5):
        *_, rest = rests(here)
        assert rest["vpc_ids"] == made
        app.handle(message(json.dumps(rest)), here.runtime, f"request-{number}", math.inf)
    *_, rest = rests(here)
    with pytest.raises(app.NotSwept, match=r"^2 VPCs could not be looked at, in 5 tries$"):
        app.handle(message(json.dumps(rest)), here.runtime, "request-5", math.inf)
    assert len(list(rests(here))) == 5


@pytest.mark.usefixtures("two_at_once")
def test_a_rest_that_gets_smaller_is_asked_for_as_often_as_it_takes(here: Installation) -> None:
    """A Region with so many VPCs takes several parts."""
    made = vpcs(here.account, 15)
    clock = Clock(here.account)
    here.runtime.now = clock.now
    here.runtime.__dict__["observer"] = clock.observer(here.runtime.observer)
    event: dict[str, Any] = {}
    for number in range(20):
        before = len(list(rests(here)))
        app.handle(event, here.runtime, f"request-{number}", clock.now_is + 0.5)
        if len(list(rests(here))) == before:
            break
        *_, rest = rests(here)
        event = message(json.dumps(rest))
    assert number > 5
    runs = [
        json.loads(each["MessageBody"]) for url, some in here.sqs.calls if url == "passes" for each in some
    ]
    assert sorted(each["vpc_id"] for each in runs) == made


def test_one_message_asks_for_one_rest_though_the_function_is_called_twice(here: Installation) -> None:
    vpcs(here.account, 1)
    here.account.ec2.faults.before("DescribeSubnets", times=2)
    for _ in range(2):
        app.handle({}, here.runtime, "request-1", math.inf)
    ids = [each["MessageDeduplicationId"] for url, some in here.sqs.calls if url == "sweeps" for each in some]
    assert ids == ["region/rest/request-1"] * 2
