"""Whatever opponents undo, and in whatever order, the writes end; and what nobody fights about still heals.

A day is played on values: opponents, who may be another installation or a pipeline, undo things every few
minutes; plans are carried out by the simulator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain import remembering
from reconciler.domain.contest import ANY_CHANGE, SAME_CHANGE
from reconciler.domain.counts import Concluded
from reconciler.domain.execution import Outcome
from reconciler.domain.findings import Status
from reconciler.domain.intent import Intent
from reconciler.domain.memory import Memory
from reconciler.domain.model import Endpoint, Mode, Observation, Rule, SourceKind
from reconciler.domain.plan import Plan
from reconciler.domain.planning import make_plan
from tests.builders import APPMESH, ENVOY, GROUP_ID, INSTALLATION, LOGS, a_converged_vpc, https_from, knowing
from tests.unit import simulator

HOUR, DAY = 3600, 24 * 3600
(SOON, _), (SLOWLY, _) = SAME_CHANGE
MORNING = 1_800_000_000.0
OPEN = Rule("tcp", 22, 22, SourceKind.CIDR, "0.0.0.0/0")
Move = Callable[[Observation], Observation]


def _on_endpoints(change: Callable[[Endpoint], Endpoint], service: str) -> Move:
    def move(seen: Observation) -> Observation:
        changed = (change(each) if each.service_name == service else each for each in seen.endpoints)
        return replace(seen, endpoints=tuple(changed))

    return move


def _delete_endpoint(service: str) -> Move:
    def move(seen: Observation) -> Observation:
        return replace(seen, endpoints=tuple(e for e in seen.endpoints if e.service_name != service))

    return move


def _let_nobody_in(seen: Observation) -> Observation:
    return replace(seen, groups=tuple(replace(each, ingress=frozenset()) for each in seen.groups))


def _let_everybody_in(seen: Observation) -> Observation:
    return replace(seen, groups=tuple(replace(each, ingress=each.ingress | {OPEN}) for each in seen.groups))


def _turn_dns_off(seen: Observation) -> Observation:
    return replace(seen, vpc=replace(seen.vpc, dns_hostnames=False))


MOVES: dict[str, Move] = {
    "delete the mesh's endpoint": _delete_endpoint(ENVOY),
    "delete logs' endpoint": _delete_endpoint(LOGS),
    "turn its private DNS off": _on_endpoints(lambda each: replace(each, private_dns=False), ENVOY),
    "take a subnet off": _on_endpoints(
        lambda each: replace(each, subnet_ids=frozenset(sorted(each.subnet_ids)[:1])), LOGS
    ),
    "take our group off": _on_endpoints(lambda each: replace(each, group_ids=frozenset({"sg-x"})), LOGS),
    "take the owner tag off": _on_endpoints(
        lambda each: replace(each, tags={k: v for k, v in each.tags.items() if k != INSTALLATION.owner_key}),
        ENVOY,
    ),
    "let nobody in": _let_nobody_in,
    "let everybody in": _let_everybody_in,
    "turn DNS host names off": _turn_dns_off,
}


@dataclass
class Day:
    """A converged VPC, whose time passes with the runs; keeps when each step was taken."""

    seen: Observation = field(default_factory=lambda: a_converged_vpc("a", "b").observed())
    now: float = MORNING
    steps: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memory: Memory = knowing(self.seen)
        self.plan = Plan()

    def heal(self) -> None:
        """Runs until nothing is left to do."""
        for _ in range(10):
            intent = Intent(Mode.ENFORCE, APPMESH)
            self.plan = make_plan(self.seen, intent, INSTALLATION, self.memory, self.now)
            if not self.plan:
                return
            self._carry_out()
            self.now += 30
        raise AssertionError(f"still at it: {self.plan}")

    def _carry_out(self) -> None:
        outcomes = []
        for step in self.plan.steps:
            before = _ids(self.seen)
            self.seen = simulator.after(self.seen, [step])
            made = "".join(_ids(self.seen) - before)
            outcomes.append(Outcome(step, Status.REMEDIATED, made_id=made))
            self.steps.append((self.now, str(step)))
        concluded = [Concluded(each, each.status) for each in self.plan.findings]
        self.memory = remembering.after(self.memory, self.plan, outcomes, concluded, self.now)

    def fought(self) -> bool:
        return any(each.status is Status.CONTESTED for each in self.plan.findings)


def _ids(seen: Observation) -> set[str]:
    return {*(each.id for each in seen.groups), *(each.id for each in seen.all_endpoints)}


def played(moves: Iterable[str], every: Sequence[float], until: float = DAY) -> Day:
    """Opponents make all these moves again and again, waiting for as long as `every` says in turn."""
    day, turn = Day(), 0
    moves = list(moves)
    while day.now < MORNING + until:
        for each in moves:
            day.seen = MOVES[each](day.seen)
        day.heal()
        day.now += every[turn % len(every)]
        turn += 1
    return day


@pytest.mark.parametrize("move", MOVES)
def test_one_who_undoes_the_same_thing_all_day_is_left_alone_more_and_more(move: str) -> None:
    day = played([move], every=[120.0])
    assert day.fought()
    first_hour = [each for at, each in day.steps if at < MORNING + HOUR]
    last_hours = [each for at, each in day.steps if at > MORNING + DAY - 8 * HOUR]
    # A second change of the same finding, such as tags put back on what was made anew, is in none of these.
    assert len(first_hour) <= 2 * (SOON + 2)
    assert len(last_hours) <= 2


@settings(max_examples=30, deadline=None)
@given(
    moves=st.sets(st.sampled_from(sorted(MOVES)), min_size=1, max_size=4),
    every=st.lists(st.floats(300, 2 * HOUR), min_size=1, max_size=4),
)
def test_whatever_opponents_undo_the_writes_are_bounded(moves: set[str], every: list[float]) -> None:
    day = played(moves, every)
    # Pauses of 15, 30, 60, ... minutes: eight tries a day beside the first ones, for each of its changes.
    assert len(day.steps) <= len(moves) * 3 * (SLOWLY + 8), day.steps


def test_what_nobody_fights_about_still_heals() -> None:
    day = played(["turn its private DNS off"], every=[60.0], until=HOUR)
    assert day.fought()
    day.seen = MOVES["delete logs' endpoint"](MOVES["turn its private DNS off"](day.seen))
    day.heal()
    assert LOGS in {each.service_name for each in day.seen.endpoints}
    assert day.fought()


def test_while_what_lets_clients_in_is_fought_about_nothing_is_closed() -> None:
    day = played(["let nobody in"], every=[60.0], until=HOUR / 4)
    day.seen = _let_nobody_in(day.seen)
    wide = frozenset({Rule("tcp", 443, 443, SourceKind.CIDR, "10.0.0.0/8")})
    day.seen = replace(day.seen, groups=tuple(replace(each, ingress=wide) for each in day.seen.groups))
    day.heal()
    assert day.fought()
    [group] = [each for each in day.seen.groups if each.id == GROUP_ID]
    assert group.ingress >= wide


def test_a_team_that_adds_subnet_after_subnet_fights_nobody() -> None:
    day, vpc = Day(), a_converged_vpc("a", "b")
    for _ in range(ANY_CHANGE[0][0] - 2):
        vpc = vpc.with_private_subnets("c")
        day.seen = replace(day.seen, subnets=vpc.observed().subnets)
        day.heal()
        assert not day.fought()
        day.now += 240
    [group] = [each for each in day.seen.groups if each.id == GROUP_ID]
    assert len(group.ingress) >= len(https_from("10.0.0.0/24")) + 1
