"""Whatever the order, delay and number of events, and whenever the index is read: no event of a VPC that
matters is lost, and other people's cost nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.index import Index
from reconciler.domain.trail import ResourceType, Touched
from reconciler.intake import Intake
from tests.unit.fakes import FakeDynamo, a_ledger, refusal

VPCS = ("vpc-0", "vpc-1", "vpc-2")
# The shortest that the queue holds a request back: a run begins later.
HELD_BACK = 5.0
# It never opts in.
FOREIGN = "vpc-2"
START = 1_795_420_800.0


@dataclass
class Region:
    """What EC2 would say: which VPC each thing is of, and since when a VPC matters."""

    thing_of: dict[str, str] = field(default_factory=lambda: {each: each for each in VPCS})
    matters_since: dict[str, float] = field(default_factory=dict)
    past: list[tuple[float, dict[str, str], frozenset[str]]] = field(default_factory=list)

    def keep(self, at: float) -> None:
        self.past.append((at, dict(self.thing_of), frozenset(self.matters_since)))

    def shown(self, at: float, also: Iterable[str]) -> Index:
        """An index of what was so at a time: EC2 may be late with it."""
        things, matter = next((t, m) for when, t, m in reversed(self.past) if when <= at)
        those = {*matter, *also}
        return Index(at, {each: vpc for each, vpc in things.items() if vpc in those} | {v: v for v in those})


@dataclass(frozen=True)
class Delivered:
    touched: Touched
    vpc_id: str
    happened: float
    arrives: float


def touched(number: int, name: str, at: float, *ids: str, ours: bool = False) -> Touched:
    of: dict[ResourceType, frozenset[str]] = {}
    for each in ids:
        kind = ResourceType(each.partition("-")[0])
        of[kind] = of.get(kind, frozenset()) | {each}
    time = datetime.fromtimestamp(int(at), UTC)
    return Touched(f"event-{number}", name, time, "111122223333", "eu-west-1", of, names_our_tags=ours)


def happen(region: Region, data: st.DataObject, number: int, now: float) -> tuple[Touched, str]:
    """One thing that somebody does in a VPC, with the event of it."""
    vpc_id = data.draw(st.sampled_from((*VPCS, VPCS[0])))
    subnets = [each for each, of in region.thing_of.items() if of == vpc_id and each.startswith("subnet")]
    tables = [each for each, of in region.thing_of.items() if of == vpc_id and each.startswith("rtb")]
    can = ["attribute", "subnet", "table", *(["route"] if tables else [])]
    can += ["gone", "gone", "cidr"] if subnets else ["subnet"]
    what = data.draw(st.sampled_from([*can, *(["opt in"] if vpc_id != FOREIGN else [])]))
    match what:
        case "opt in":
            region.matters_since.setdefault(vpc_id, now)
            event = touched(number, "CreateTags", now, vpc_id, ours=True)
        case "subnet" | "table":
            new = f"{'subnet' if what == 'subnet' else 'rtb'}-{number}"
            region.thing_of[new] = vpc_id
            name = "CreateSubnet" if what == "subnet" else "CreateRouteTable"
            event = touched(number, name, now, vpc_id, new)
        case "gone":
            subnet = data.draw(st.sampled_from(subnets))
            del region.thing_of[subnet]
            event = touched(number, "DeleteSubnet", now, subnet)
        case "cidr":
            event = touched(number, "AssociateSubnetCidrBlock", now, data.draw(st.sampled_from(subnets)))
        case "route":
            event = touched(number, "CreateRoute", now, data.draw(st.sampled_from(tables)))
        case _:
            event = touched(number, "ModifyVpcAttribute", now, vpc_id)
    region.keep(now)
    return event, vpc_id


@given(st.data(), st.integers(1, 15), st.booleans(), st.integers(1, 2))
@settings(max_examples=60, deadline=None)
def test_every_event_of_a_vpc_that_matters_is_followed_by_a_run_or_a_sweep_and_others_by_none(
    data: st.DataObject, things: int, ledger_refuses: bool, processes: int
) -> None:
    """The first things happen before the processes of intake are there, and these hear nothing of them."""
    region, now, queue = Region(), START, list[Delivered]()
    region.keep(0.0)
    unheard = data.draw(st.integers(0, 15))
    for number in range(unheard + things):
        now += data.draw(st.floats(0.1, 400)) + (10 if number == unheard else 0)
        event, vpc_id = happen(region, data, number, now)
        if number < unheard:
            continue
        for _ in range(data.draw(st.integers(1, 2))):
            queue.append(Delivered(event, vpc_id, now, now + data.draw(st.floats(0.2, 300))))
    queue.sort(key=lambda each: each.arrives)
    delivered, clock, reads = tuple(queue), [queue[0].happened], [0, 0]

    def read(also: Iterable[str]) -> Index:
        reads[0] += 1
        if reads[1] < 3 and data.draw(st.integers(0, 3)) == 0:
            reads[1] += 1
            raise refusal("RequestLimitExceeded")
        late = data.draw(st.sampled_from([0.0, 0.0, 3.0]))
        return Index(clock[0], region.shown(clock[0] - late, also).vpc_of)

    dynamo = FakeDynamo(refusal("AccessDeniedException") if ledger_refuses else None)
    intakes = [Intake(read, a_ledger(dynamo), lambda: clock[0]) for _ in range(processes)]
    asked: list[tuple[float, str]] = []
    while queue:
        size = data.draw(st.integers(1, 10))
        batch, queue = queue[:size], queue[size:]
        clock[0] = max(clock[0], batch[-1].arrives)
        before, intake = reads[0], data.draw(st.sampled_from(intakes))
        dynamo.calls.clear()
        taken = intake.take([each.touched for each in batch])
        assert reads[0] - before <= 1
        assert len(dynamo.calls) <= 2, "the last opt-in, and what is gone"
        intake.tell_others(taken)
        asked += [(clock[0], each.vpc_id) for each in taken.requests]
        if taken.sweep_since is not None:
            asked.append((clock[0], "sweep"))
        intake.keep(taken)
        again = [each for each in batch if each.touched in taken.unsettled]
        assert not again or taken.refusal
        queue = [*again, *queue]
    assert FOREIGN not in {vpc_id for _, vpc_id in asked}
    for each in delivered:
        if region.matters_since.get(each.vpc_id, math.inf) <= each.happened:
            followed = {vpc_id for at, vpc_id in asked if at + HELD_BACK >= each.happened}
            assert followed & {each.vpc_id, "sweep"}, f"{each} was lost"


@pytest.mark.parametrize(
    ("name", "ids", "asked"),
    [
        ("ModifyVpcAttribute", ["vpc-0"], {"vpc-0"}),
        ("CreateSubnet", ["vpc-0", "subnet-9"], {"vpc-0"}),
        ("CreateRoute", ["rtb-1"], {"vpc-0"}),
        ("AssociateRouteTable", ["rtb-1", "rtbassoc-9"], {"vpc-0"}),
        ("DeleteSubnet", ["subnet-1"], {"sweep"}),
        ("DeleteVpcEndpoints", ["vpce-1"], {"sweep"}),
    ],
)
@pytest.mark.parametrize("pause", [60, 600, 3000])
def test_what_one_process_knows_as_foreign_is_not_so_once_another_one_has_taken_its_opt_in(
    name: str, ids: list[str], asked: set[str], pause: int
) -> None:
    region, dynamo, clock, reads = Region(), FakeDynamo(), [START], [0]
    region.thing_of |= {"rtb-1": "vpc-0", "subnet-1": "vpc-0", "vpce-1": "vpc-0"}
    region.keep(0.0)

    def read(also: Iterable[str]) -> Index:
        reads[0] += 1
        return region.shown(clock[0], also)

    def take(intake: Intake, event: Touched) -> set[str]:
        taken = intake.take([event])
        intake.tell_others(taken)
        intake.keep(taken)
        return {each.vpc_id for each in taken.requests} | ({"sweep"} if taken.sweep_since else set())

    one, other = (Intake(read, a_ledger(dynamo), lambda: clock[0]) for _ in range(2))
    for number in range(2):
        for of in (["vpc-0"], ["rtb-1"], ["vpc-2"]):
            clock[0] += 10
            assert take(other, touched(number, "CreateRoute", clock[0] - 8, *of)) == set()
    assert reads[0] == 3, "they are foreign"
    clock[0] += pause
    region.matters_since["vpc-0"] = clock[0]
    region.keep(clock[0])
    assert take(one, touched(7, "CreateTags", clock[0], "vpc-0", ours=True)) == {"vpc-0"}
    clock[0] += 20
    if name.startswith("Delete"):
        for each in ids:
            del region.thing_of[each]
        region.keep(clock[0])
    assert take(other, touched(8, name, clock[0] - 8, *ids)) == asked
    reads[0] = 0
    assert take(other, touched(9, "ModifyVpcAttribute", clock[0] - 8, "vpc-0")) == {"vpc-0"}
    assert reads[0] == 0


def test_an_opt_in_that_is_told_while_another_process_reads_its_index_is_not_missed() -> None:
    """What was the last opt-in is asked before the index is read."""
    region, dynamo, clock = Region(), FakeDynamo(), [START]
    region.keep(0.0)
    meanwhile: list[Touched] = []

    def read(also: Iterable[str]) -> Index:
        index = region.shown(clock[0], also)
        if meanwhile:
            region.matters_since["vpc-0"] = clock[0]
            region.keep(clock[0])
            one.tell_others(one.take([meanwhile.pop()]))
        return index

    one, other = (Intake(read, a_ledger(dynamo), lambda: clock[0]) for _ in range(2))
    meanwhile.append(touched(1, "CreateTags", clock[0], "vpc-0", ours=True))
    assert other.take([touched(0, "ModifyVpcAttribute", clock[0] - 8, "vpc-0")]).requests == ()
    clock[0] += 20
    [request] = other.take([touched(2, "ModifyVpcAttribute", clock[0] - 8, "vpc-0")]).requests
    assert request.vpc_id == "vpc-0"
