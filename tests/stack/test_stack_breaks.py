"""Whatever is done to a VPC, its events alone bring it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from sandbox.demo import breaks, fleet
from sandbox.demo.breaks import BREAKS, Break, Scene
from sandbox.sandbox import Sandbox
from tests.stack.team import Team
from tests.stack.watch import Since, eventually, heals

_KINDS: dict[Callable[[Scene], None], set[str]] = {
    breaks.delete_endpoint: {"endpoint-missing"},
    breaks.close_group: {"group-rule-missing"},
    breaks.private_dns_off: {"private-dns-off"},
    breaks.detach_group: {"endpoint-group-missing"},
    breaks.add_zone: {"endpoint-subnet-missing", "group-rule-missing"},
    breaks.dns_hostnames_off: {"dns-hostnames-off"},
    breaks.open_group: {"group-rule-extra"},
    breaks.detach_gateway: {"endpoint-missing", "group-rule-missing"},
    breaks.give_egress: {"group-egress"},
    breaks.remove_subnet: {"endpoint-subnet-missing"},
    breaks.make_public: {"endpoint-subnet-extra", "group-rule-extra"},
    breaks.unmark_group: {"tags-missing"},
    breaks.delete_everything: {"endpoint-missing", "group-missing"},
    breaks.unmark_endpoint: {"tags-missing"},
    breaks.dns_support_off: {"dns-support-off"},
}
# The endpoint that loses its tag must have been ours: in that VPC, it was made by hand.
_ELSEWHERE: dict[Callable[[Scene], None], str] = {breaks.unmark_endpoint: "batch"}


@dataclass(frozen=True)
class Broken:
    """A VPC that was fine, until `since`."""

    vpc: str
    faults: list[str]
    since: Since


@pytest.fixture(scope="module")
def broken(sandbox: Sandbox, team: Team) -> dict[str, Broken]:
    """Every break done, each to a VPC of its own; by the breaks' titles."""
    plans = {plan.name: plan for plan in fleet.FLEET}
    vpcs = team.converged(*(plans[_ELSEWHERE.get(each.do, each.vpc)] for each in BREAKS))
    done = {}
    for each, vpc in zip(BREAKS, vpcs, strict=True):
        since = Since(sandbox)
        each.do(Scene(sandbox.customer, sandbox.truth, vpc))
        done[each.title] = Broken(vpc.id, sandbox.truth.faults(vpc.id), since)
    return done


every_break = pytest.mark.parametrize("how", [pytest.param(each, id=each.title) for each in BREAKS])


def test_every_break_has_its_kinds_of_drift() -> None:
    assert {each.do for each in BREAKS} == set(_KINDS)


@every_break
def test_a_broken_vpc_heals_from_its_own_events(
    sandbox: Sandbox, broken: dict[str, Broken], how: Break
) -> None:
    this = broken[how.title]
    assert this.faults, "the break broke nothing"
    heals(sandbox, this.vpc)
    eventually(partial(this.since.lines, "IntakeFunction", this.vpc), "no event led to this VPC")


@every_break
def test_the_drift_of_a_break_is_measured_by_its_kind_from_the_event_until_the_vpc_has_converged(
    broken: dict[str, Broken], how: Break
) -> None:
    this = broken[how.title]
    eventually(partial(this.since.metrics, "TimeToConverge", this.vpc), "convergence was not published")
    for name in ("DriftDetected", "DriftRemediated"):
        kinds = this.since.sum_of(name, this.vpc)
        assert set(kinds) >= _KINDS[how.do], name
    took = this.since.metrics("TimeToConverge", this.vpc)[-1]
    assert took.unit == "Milliseconds"
    assert 500 < took.values[0] < 60_000
    assert this.since.endings(this.vpc)[-1] == "converged"


def test_what_one_break_needs_is_counted_once(sandbox: Sandbox, team: Team) -> None:
    vpc = team.fine_vpc()
    since = Since(sandbox)
    breaks.delete_endpoint(Scene(sandbox.customer, sandbox.truth, vpc))
    heals(sandbox, vpc.id)
    eventually(partial(since.metrics, "TimeToConverge", vpc.id), "convergence was not published")
    assert since.sum_of("DriftDetected", vpc.id) == {"endpoint-missing": 1.0}
    assert since.sum_of("DriftRemediated", vpc.id) == {"endpoint-missing": 1.0}
