"""Poison and chaos: VPCs whose runs always fail, functions that die in mid-run, messages that come twice or
late, or side by side though the queue promises otherwise. In the end all is as it should be, once.

For more and other histories set HISTORIES=200 or the like.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.runtime import Runtime
from sandbox.ec2 import Killed
from tests.account import DEBOUNCE, Account
from tests.at_work import AtWork
from tests.ec2.test_faults import Scene, again, broken, left, new, new_and_late, replaced, verdict
from tests.ec2.worlds import LivedIn
from tests.fifo_queue import FifoQueue

HOUR = 3600
SCENES = (new, new_and_late, broken, replaced, left)
HISTORIES = os.environ.get("HISTORIES")
EXAMPLES = settings(max_examples=int(HISTORIES or 12), deadline=None, derandomize=HISTORIES is None)


class Poisoned(AtWork):
    """Every run of one VPC fails, by a fault of the program."""

    def __init__(self, account: Account, vpc_id: str) -> None:
        self._vpc_id = vpc_id
        super().__init__(account)

    def runtime(self) -> Runtime:
        made = super().runtime()
        truly: Any = made.observer.one

        def one(vpc_id: str, *args: Any, **more: Any) -> Any:
            if vpc_id == self._vpc_id:
                raise ZeroDivisionError("a fault of the program")
            return truly(vpc_id, *args, **more)

        made.observer.__dict__["one"] = one
        return made


class OutOfOrder(FifoQueue):
    """A queue that breaks its promise: messages of one VPC are given out side by side."""

    def send(self, entry: Any) -> None:
        super().send({**entry, "MessageGroupId": entry["MessageDeduplicationId"]})


def at_work(vpc: LivedIn, *, delay: float = DEBOUNCE, **how: Any) -> AtWork:
    """The installation at work on the account of a scene; its calls take no time."""
    made = AtWork(vpc.account, quick=True, **how)
    made.queue.delay = delay
    return made


def choosing(choices: list[int]) -> Callable[[int], int]:
    """Goes on with whom these numbers say, over and over."""
    made = [0]

    def choose(due: int) -> int:
        made[0] += 1
        return choices[made[0] % len(choices)] % due if choices else 0

    return choose


# ---- poison


@pytest.fixture(scope="module")
def poisoned() -> Poisoned:
    """Four new VPCs, the second of which is poison."""
    account = Account()
    vpc_ids = [account.vpc("ab", number=number) for number in range(1, 5)]
    made = Poisoned(account, vpc_ids[1])
    made.ask(vpc_ids)
    made.run()
    return made


def test_a_vpc_whose_run_always_fails_holds_up_no_other(poisoned: Poisoned) -> None:
    others = {each.vpc_id for each in poisoned.ran} - {poisoned._vpc_id}
    converged = {each.vpc_id: each.ended for each in poisoned.ran if each.ending == "converged"}
    assert converged.keys() == others
    began = min(each.began for each in poisoned.ran)
    assert max(converged.values()) - began < 10 * DEBOUNCE
    assert [fault for each in others for fault in poisoned.account.truth.faults(each)] == []


def test_it_reaches_the_dead_letters_once_with_all_that_it_takes_to_find_out_why(poisoned: Poisoned) -> None:
    [letter] = poisoned.queue.dead
    body = json.loads(letter.body)
    assert body["vpc_id"] == poisoned._vpc_id
    assert body["correlation_id"] == f"event-{poisoned._vpc_id}"
    crashes = [
        line
        for line in poisoned.lines()
        if line.get("exception_name") == "ZeroDivisionError" and line.get("vpc_id") == poisoned._vpc_id
    ]
    assert len(crashes) >= 5
    for line in crashes:
        assert "a fault of the program" in line["exception"]
        assert "test_chaos.py" in line["exception"]
        assert line["correlation_id"] == body["correlation_id"]


def test_a_vpc_that_kills_the_function_each_time_reaches_the_dead_letters_and_holds_up_no_other() -> None:
    account = Account()
    bad, good = account.vpc("a", number=1), account.vpc("a", number=2)

    def touches_it(params: Any) -> bool:
        return bad in str(params)

    account.ec2.faults.before("DescribeSubnets", Killed, times=1_000, when=touches_it)
    work = AtWork(account)
    work.ask([bad, good])
    work.run()
    assert [json.loads(each.body)["vpc_id"] for each in work.queue.dead] == [bad]
    assert account.truth.faults(good) == []


# ---- chaos


@given(
    st.sampled_from(SCENES),
    st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=4),
    st.lists(st.integers(0, 3), min_size=1, max_size=3),
)
@EXAMPLES
def test_functions_that_die_anywhere_and_messages_that_come_twice_leave_nothing_double(
    scene: Scene, kills: list[tuple[int, bool]], extra: list[int]
) -> None:
    vpc = again(scene)
    work = at_work(vpc)
    work.ask([vpc.vpc_id])
    for number in extra:
        work.at(number * DEBOUNCE, lambda: work.ask([vpc.vpc_id]))
    for nth, done in kills:
        vpc.account.ec2.faults.on_nth_call(nth, Killed, done=done)
    work.run()
    assert work.queue.dead == []
    assert verdict(vpc) == []


@given(st.sampled_from(SCENES), st.lists(st.integers(0, 2), min_size=1, max_size=60))
@EXAMPLES
def test_two_reconcilers_on_one_vpc_call_by_call_make_nothing_double(
    scene: Scene, choices: list[int]
) -> None:
    vpc = again(scene)
    work = at_work(vpc, choose=choosing(choices))
    work.queue = work.sqs.vpc_queue = OutOfOrder(vpc.account.clock.now, DEBOUNCE)
    work.ask([vpc.vpc_id])
    vpc.let_time_pass(1.0 * DEBOUNCE)
    work.ask([vpc.vpc_id])
    vpc.let_time_pass(1.0 * DEBOUNCE)
    work.run()
    assert len(work.ran) > 2
    assert verdict(vpc) == []


@pytest.mark.parametrize("scene", SCENES)
def test_a_queue_that_is_an_hour_late_costs_time_and_nothing_else(scene: Scene) -> None:
    vpc = again(scene)
    work = at_work(vpc, delay=HOUR)
    work.ask([vpc.vpc_id])
    work.run()
    assert work.queue.dead == []
    assert verdict(vpc) == []
