"""The budget of endpoint calls, on a DynamoDB of one table."""

from __future__ import annotations

import pytest
from botocore.exceptions import ConnectTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.pace import EndpointCall, Pace, Precedence
from reconciler.table import Item, Key, Table
from reconciler.write_budget import WriteBudget
from tests.unit.fakes import FakeDynamo, refusal

NOW = 1_795_420_800.0
CREATE, MODIFY = EndpointCall.CREATE, EndpointCall.MODIFY
NEW, BEGUN, URGENT = Precedence.NEW, Precedence.BEGUN, Precedence.URGENT
PACE = Pace(0.25, 4)


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time


def a_budget(dynamo: FakeDynamo, clock: Clock, pace: Pace = PACE, table: str = "ledger") -> WriteBudget:
    return WriteBudget(Table(lambda: dynamo.client, table, lambda _: None), pace, clock.now)


def taken(budget: WriteBudget, times: int, call: EndpointCall = CREATE, who: Precedence = BEGUN) -> int:
    return sum(budget.take(call, who) for _ in range(times))


@given(
    st.builds(Pace, rate=st.sampled_from([0.1, 0.25, 1.0]), burst=st.integers(1, 5)),
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(Precedence)), max_size=40),
)
def test_a_slot_is_granted_when_it_is_due_and_never_ahead(
    pace: Pace, asked: list[tuple[int, Precedence]]
) -> None:
    clock = Clock()
    budget, arrival = a_budget(FakeDynamo(), clock, pace), 0
    for quarters, who in asked:
        clock.time += quarters * pace.interval / 4000
        now = int(clock.time * 1000)
        due = pace.wait(arrival, now, who) == 0
        assert budget.is_due(CREATE, who) is due
        assert budget.take(CREATE, who) is due
        arrival = max(arrival, now) + pace.interval if due else arrival


def test_the_calls_have_a_bucket_each() -> None:
    budget = a_budget(FakeDynamo(), Clock())
    assert [taken(budget, 9, call) for call in EndpointCall] == [3, 3, 3]


def test_slots_are_left_for_who_goes_before_and_come_again() -> None:
    clock = Clock()
    budget = a_budget(FakeDynamo(), clock)
    assert taken(budget, 9, who=NEW) == 2
    assert taken(budget, 9) == 1
    assert taken(budget, 9, who=URGENT) == 1
    clock.time += 4
    assert taken(budget, 9) == 0
    assert taken(budget, 9, who=URGENT) == 1


def test_a_slot_costs_one_call_of_the_ledger_while_others_take_some_and_two_after_a_rest() -> None:
    clock, dynamo = Clock(), FakeDynamo()
    budget = a_budget(dynamo, clock)
    asked = []
    for _ in range(4):
        dynamo.calls.clear()
        budget.take(CREATE, BEGUN)
        asked.append(len(dynamo.calls))
    assert asked == [2, 1, 1, 1]
    dynamo.calls.clear()
    assert not budget.is_due(CREATE, BEGUN)
    assert dynamo.calls == ["get_item"]


def test_processes_share_it() -> None:
    dynamo, clock = FakeDynamo(), Clock()
    assert sum(taken(a_budget(dynamo, clock), 2) for _ in range(5)) == 3


class Raced(Table):
    """Somebody else takes a slot just before each write of this one, `times` times."""

    rival: WriteBudget
    times = 0

    def update_if(self, key: Key, expression: str, condition: str, values: Item) -> bool | Item | None:
        if self.times and "OR" in condition:
            self.times -= 1
            self.rival.take(CREATE, URGENT)
        return super().update_if(key, expression, condition, values)


def test_who_loses_a_race_for_a_full_bucket_takes_the_next_slot() -> None:
    dynamo, clock = FakeDynamo(), Clock()
    table = Raced(lambda: dynamo.client, "ledger", lambda _: None)
    table.rival, table.times = a_budget(dynamo, clock), 1
    assert WriteBudget(table, PACE, clock.now).take(CREATE, BEGUN)
    assert taken(a_budget(dynamo, clock), 9, who=URGENT) == 2


def test_what_is_charged_makes_the_next_ones_due_later() -> None:
    clock = Clock()
    budget = a_budget(FakeDynamo(), clock)
    assert taken(budget, 3) == 3
    budget.charge(CREATE)
    assert taken(budget, 9, who=URGENT) == 0
    clock.time += 4
    assert (taken(budget, 9), taken(budget, 9, who=URGENT)) == (0, 1)


def test_others_throttles_empty_the_bucket() -> None:
    clock = Clock()
    budget = a_budget(FakeDynamo(), clock)
    budget.empty(CREATE)
    assert taken(budget, 9, who=URGENT) == 0
    assert taken(budget, 9, MODIFY) == 3
    clock.time += 4
    assert (taken(budget, 9), taken(budget, 9, who=URGENT)) == (0, 1)


def test_a_bucket_of_a_slower_pace_or_of_a_broken_clock_is_begun_anew() -> None:
    dynamo, clock = FakeDynamo(), Clock()
    a_budget(dynamo, clock, Pace(0.001, 4)).empty(CREATE)
    budget = a_budget(dynamo, clock)
    assert budget.is_due(CREATE, BEGUN)
    assert taken(budget, 9) == 3


@pytest.mark.parametrize(
    "error",
    [
        refusal("ResourceNotFoundException"),
        refusal("AccessDeniedException"),
        ConnectTimeoutError(endpoint_url="https://dynamodb"),
    ],
)
def test_where_the_ledger_refuses_every_call_is_due(error: Exception) -> None:
    budget = a_budget(FakeDynamo(error), Clock())
    assert budget.is_due(CREATE, BEGUN)
    assert taken(budget, 9) == 9
    budget.empty(CREATE)


def test_without_a_table_every_call_is_due_and_nothing_is_asked() -> None:
    dynamo = FakeDynamo()
    budget = a_budget(dynamo, Clock(), table="")
    budget.empty(CREATE)
    assert taken(budget, 9) == 9
    assert budget.is_due(CREATE, BEGUN)
    assert dynamo.calls == []


def test_an_item_that_is_no_bucket_holds_up_nothing() -> None:
    dynamo = FakeDynamo()
    dynamo.items["region", f"bucket#{CREATE}"] = {"pk": {"S": "region"}, "sk": {"S": f"bucket#{CREATE}"}}
    budget = a_budget(dynamo, Clock())
    assert budget.is_due(CREATE, BEGUN)
    assert taken(budget, 9) == 3


def test_charges_never_make_a_bucket_look_broken() -> None:
    clock = Clock()
    budget = a_budget(FakeDynamo(), clock)
    assert taken(budget, 9, who=URGENT) == 4
    for _ in range(5):
        budget.charge(CREATE)
    assert taken(budget, 9, who=URGENT) == 0
    budget.empty(CREATE)
    budget.charge(CREATE)
    assert not budget.is_due(CREATE, URGENT)


@pytest.mark.parametrize(
    "arrival", [{"S": "x"}, {"BOOL": True}, {"N": "1.5E12"}, {"N": "1E120"}, {"N": "0.5"}]
)
def test_a_bucket_that_says_what_cannot_be_is_begun_anew(arrival: dict[str, object]) -> None:
    dynamo, said = FakeDynamo(), list[str]()
    key = ("region", f"bucket#{CREATE}")
    dynamo.items[key] = {"pk": {"S": key[0]}, "sk": {"S": key[1]}, "arrival": arrival}
    budget = WriteBudget(Table(lambda: dynamo.client, "ledger", said.append), PACE, Clock().now)
    assert budget.is_due(CREATE, BEGUN)
    budget.charge(CREATE)
    assert taken(budget, 9) == 3
    assert len(said) == ("N" not in arrival), "once"


def test_a_fraction_counts() -> None:
    dynamo, clock = FakeDynamo(), Clock()
    budget = a_budget(dynamo, clock)
    budget.take(CREATE, BEGUN)
    item = dynamo.items["region", f"bucket#{CREATE}"]
    item["arrival"] = {"N": f"{item['arrival']['N']}.5"}
    clock.time += 0.001
    assert taken(budget, 9) == 2
