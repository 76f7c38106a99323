from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.concerns.placement import SubnetChange, change_subnets, place
from reconciler.model import Finding, Kind, Observation, Reason, Service, Status
from reconciler.topology import is_private
from tests.builders import ENVOY, VpcBuilder, a_service, a_vpc, zone_id, zone_name
from tests.unit.strategies import ZONES, networks, one_a_zone

EVERYWHERE = a_service(ENVOY, ZONES)


def chosen(vpc: VpcBuilder, zones: str = ZONES, attached: frozenset[str] = frozenset()) -> frozenset[str]:
    return place(vpc.observed(), a_service(ENVOY, zones), attached).subnet_ids


# ---- where it stands


def test_an_endpoint_stands_in_one_private_subnet_of_each_zone() -> None:
    vpc = a_vpc().with_private_subnets("a", "a", "b").with_public_subnets("c")
    assert chosen(vpc) == {"private-a", "private-b"}


def test_a_zone_that_the_service_does_not_offer_is_left_out_and_told() -> None:
    placement = place(a_vpc().with_private_subnets("a", "d").observed(), a_service(ENVOY, "abc"))
    assert placement.subnet_ids == {"private-a"}
    assert placement.hindrance is None
    [finding] = placement.findings
    assert (finding.kind, finding.status) == (Kind.ZONE_UNCOVERED, Status.NOTED)
    assert finding.reason is Reason.ZONE_NOT_OFFERED
    assert finding.resource == f"{ENVOY} in {zone_id('d')}"


def test_a_service_may_name_its_zones_instead_of_giving_their_ids() -> None:
    by_name = Service(ENVOY, frozenset({zone_name("b")}))
    assert place(a_vpc().with_private_subnets("a", "b").observed(), by_name).subnet_ids == {"private-b"}


def test_a_full_subnet_is_passed_over_for_one_with_room() -> None:
    vpc = a_vpc().with_private_subnets("a", free=0).with_private_subnets("a")
    assert chosen(vpc) == {"private-a2"}


def test_a_zone_of_full_subnets_is_a_persons_to_mend() -> None:
    vpc = a_vpc().with_private_subnets("a").with_private_subnets("b", "b", free=0)
    placement = place(vpc.observed(), EVERYWHERE)
    [finding] = placement.findings
    assert placement.subnet_ids == {"private-a"}
    assert (finding.status, finding.reason) == (Status.BLOCKED, Reason.NO_FREE_ADDRESSES)


def test_the_subnet_that_is_attached_already_is_kept_even_where_it_is_full() -> None:
    vpc = a_vpc().with_private_subnets("a").with_private_subnets("a", free=0)
    assert chosen(vpc, attached=frozenset({"private-a2"})) == {"private-a2"}


@pytest.mark.parametrize(
    ("vpc", "zones", "why"),
    [
        (a_vpc(), "abc", Reason.NO_PRIVATE_SUBNET),
        (a_vpc().with_public_subnets("a"), "abc", Reason.NO_PRIVATE_SUBNET),
        (a_vpc().with_private_subnets("a"), "b", Reason.ZONE_NOT_OFFERED),
        (a_vpc().with_private_subnets("a", free=0), "abc", Reason.NO_FREE_ADDRESSES),
        (a_vpc().with_private_subnets("a").with_private_subnets("b", free=0), "b", Reason.NO_FREE_ADDRESSES),
    ],
)
def test_where_there_is_no_subnet_to_stand_in_it_says_why(vpc: VpcBuilder, zones: str, why: Reason) -> None:
    placement = place(vpc.observed(), a_service(ENVOY, zones))
    assert placement.subnet_ids == frozenset()
    assert placement.hindrance is why


@st.composite
def placed(draw: st.DrawFn) -> tuple[Observation, Service, frozenset[str]]:
    """A VPC, what the service offers, and where its endpoint stands now."""
    vpc = draw(networks())
    service = a_service(ENVOY, "".join(draw(st.sets(st.sampled_from(ZONES)))))
    return vpc.observed(), service, frozenset(draw(one_a_zone((*vpc.private, *vpc.public))))


@given(placed())
def test_never_two_subnets_of_a_zone_nor_a_public_one_nor_a_zone_not_offered(
    case: tuple[Observation, Service, frozenset[str]],
) -> None:
    observation, service, attached = case
    subnets = {subnet.id: subnet for subnet in observation.subnets}
    found = [subnets[subnet_id] for subnet_id in place(observation, service, attached).subnet_ids]
    assert len({subnet.zone_id for subnet in found}) == len(found)
    assert all(subnet.zone_id in service.zones for subnet in found)
    assert all(is_private(subnet, observation.route_tables) for subnet in found)
    assert all(subnet.free_addresses > 0 or subnet.id in attached for subnet in found)


@given(placed())
def test_every_zone_with_a_private_subnet_is_covered_or_told(
    case: tuple[Observation, Service, frozenset[str]],
) -> None:
    observation, service, attached = case
    placement = place(observation, service, attached)
    zones = {subnet.id: subnet.zone_id for subnet in observation.subnets}
    covered = {zones[subnet_id] for subnet_id in placement.subnet_ids}
    told = {finding.resource.removeprefix(f"{ENVOY} in ") for finding in placement.findings}
    private = {s.zone_id for s in observation.subnets if is_private(s, observation.route_tables)}
    assert covered | told == private
    assert not covered & told
    assert (placement.hindrance is None) == bool(covered)


@given(placed())
def test_what_stands_right_is_kept(case: tuple[Observation, Service, frozenset[str]]) -> None:
    observation, service, attached = case
    right = {
        subnet.id
        for subnet in observation.subnets
        if subnet.id in attached
        and subnet.zone_id in service.zones
        and is_private(subnet, observation.route_tables)
    }
    assert right <= place(observation, service, attached).subnet_ids


@given(placed(), st.randoms(use_true_random=False))
def test_the_order_of_the_subnets_does_not_matter_to_the_choice(
    case: tuple[Observation, Service, frozenset[str]], random: Random
) -> None:
    observation, service, attached = case
    subnets = list(observation.subnets)
    random.shuffle(subnets)
    shuffled = replace(observation, subnets=tuple(subnets))
    assert place(shuffled, service, attached) == place(observation, service, attached)


# ---- how it gets there


def change(vpc: VpcBuilder, *attached: str, zones: str = ZONES, narrow: bool = True) -> SubnetChange:
    [endpoint] = vpc.with_endpoint(ENVOY, subnets=attached).endpoints
    return change_subnets(vpc.observed(), a_service(ENVOY, zones), endpoint, narrow=narrow)


def kinds(findings: tuple[Finding, ...]) -> list[tuple[Kind, Status]]:
    return [(finding.kind, finding.status) for finding in findings]


def test_an_endpoint_that_stands_right_is_left_where_it_is() -> None:
    vpc = a_vpc().with_private_subnets("a", "b")
    assert change(vpc, "private-a", "private-b") == SubnetChange((), (), (), ())


def test_a_new_zone_is_added() -> None:
    changed = change(a_vpc().with_private_subnets("a", "b", "c"), "private-a")
    assert (changed.add, changed.remove) == (("private-b", "private-c"), ())
    assert kinds(changed.remedied) == [(Kind.ENDPOINT_SUBNET_MISSING, Status.REMEDIABLE)]


def test_a_public_subnet_in_a_zone_of_its_own_is_removed() -> None:
    changed = change(a_vpc().with_private_subnets("a").with_public_subnets("b"), "private-a", "public-b")
    assert (changed.add, changed.remove) == ((), ("public-b",))
    assert kinds(changed.remedied) == [(Kind.ENDPOINT_SUBNET_EXTRA, Status.REMEDIABLE)]


def test_a_subnet_is_replaced_by_another_of_its_zone_over_two_passes() -> None:
    vpc = a_vpc().with_private_subnets("a", "b").with_public_subnets("a")
    first = change(vpc, "public-a", "private-b")
    assert (first.add, first.remove) == ((), ("public-a",))
    assert kinds(first.notes) == [(Kind.ENDPOINT_SUBNET_MISSING, Status.CONVERGING)]
    second = change(vpc, "private-b")
    assert (second.add, second.remove) == (("private-a",), ())
    assert second.notes == ()


def test_one_subnet_stays_while_all_of_them_are_replaced() -> None:
    vpc = a_vpc().with_private_subnets("a", "b").with_public_subnets("a", "b")
    first = change(vpc, "public-a", "public-b")
    assert (first.add, first.remove) == ((), ("public-b",))
    second = change(vpc, "public-a")
    assert (second.add, second.remove) == (("private-b",), ("public-a",))
    assert change(vpc, "private-b").add == ("private-a",)


def test_the_only_subnet_of_the_only_zone_goes_before_its_successor_comes() -> None:
    vpc = a_vpc().with_private_subnets("a").with_public_subnets("a")
    assert change(vpc, "public-a").remove == ("public-a",)
    assert change(vpc).add == ("private-a",)


def test_where_there_is_nowhere_to_stand_the_endpoint_is_left_and_the_finding_blocked() -> None:
    changed = change(a_vpc().with_public_subnets("a"), "public-a")
    assert (changed.add, changed.remove, changed.remedied) == ((), (), ())
    [finding] = changed.notes
    assert (finding.kind, finding.status) == (Kind.ENDPOINT_SUBNET_MISSING, Status.BLOCKED)
    assert finding.reason is Reason.NO_PRIVATE_SUBNET


def test_what_someone_else_made_is_added_to_and_never_narrowed() -> None:
    vpc = a_vpc().with_private_subnets("a", "b").with_public_subnets("a")
    changed = change(vpc, "public-a", narrow=False)
    assert (changed.add, changed.remove, changed.notes) == (("private-b",), (), ())


@given(placed(), st.booleans())
def test_a_change_leaves_at_least_one_subnet_where_there_are_two(
    case: tuple[Observation, Service, frozenset[str]], narrow: bool
) -> None:
    observation, service, attached = case
    [endpoint] = a_vpc().with_endpoint(ENVOY, subnets=attached).endpoints
    changed = change_subnets(observation, service, endpoint, narrow=narrow)
    left = (attached | set(changed.add)) - set(changed.remove)
    assert left or len(attached) < 2
    assert narrow or not changed.remove
    assert bool(changed.remedied) == bool(changed.add or changed.remove)
