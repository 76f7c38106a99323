from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.concerns.endpoint.placement import Placement, SubnetChange, change_subnets, place
from reconciler.domain.findings import Finding, Kind, Reason, Status
from reconciler.domain.model import AddressType, Observation, Service
from reconciler.domain.profile import Profile
from reconciler.domain.topology import is_private
from tests.builders import (
    APPMESH,
    ENVOY,
    INSTALLATION,
    VpcBuilder,
    a_service,
    a_vpc,
    situation,
    zone_id,
    zone_name,
)
from tests.unit.strategies import ZONES, networks, one_a_zone

# A whole VPC takes its time to make up.
HALF = settings(max_examples=50)
EVERYWHERE = a_service(ENVOY, ZONES)


def placed_in(
    observation: Observation,
    service: Service = EVERYWHERE,
    attached: frozenset[str] = frozenset(),
    profile: Profile = APPMESH,
) -> Placement:
    return place(situation(observation, profile), service, attached)


def chosen(vpc: VpcBuilder, zones: str = ZONES, attached: frozenset[str] = frozenset()) -> frozenset[str]:
    return placed_in(vpc.observed(), a_service(ENVOY, zones), attached).subnet_ids


# ---- where it stands


def test_an_endpoint_stands_in_one_private_subnet_of_each_zone() -> None:
    vpc = a_vpc().with_private_subnets("a", "a", "b").with_public_subnets("c")
    assert chosen(vpc) == {"private-a", "private-b"}


def test_a_zone_that_the_service_does_not_offer_is_left_out_and_reported() -> None:
    placement = placed_in(a_vpc().with_private_subnets("a", "d").observed(), a_service(ENVOY, "abc"))
    assert placement.subnet_ids == {"private-a"}
    assert placement.blocked_by is None
    [finding] = placement.findings
    assert (finding.kind, finding.status) == (Kind.ZONE_UNCOVERED, Status.IMPAIRED)
    assert finding.reason is Reason.ZONE_NOT_OFFERED
    assert finding.resource == f"{ENVOY} in {zone_id('d')}"


def test_a_service_may_name_its_zones_instead_of_giving_their_ids() -> None:
    by_name = Service(ENVOY, frozenset({zone_name("b")}))
    assert placed_in(a_vpc().with_private_subnets("a", "b").observed(), by_name).subnet_ids == {"private-b"}


def test_a_full_subnet_is_passed_over_for_one_with_room() -> None:
    vpc = a_vpc().with_private_subnets("a", free=0).with_private_subnets("a")
    assert chosen(vpc) == {"private-a2"}


def test_a_zone_of_full_subnets_is_a_persons_to_mend() -> None:
    vpc = a_vpc().with_private_subnets("a").with_private_subnets("b", "b", free=0)
    placement = placed_in(vpc.observed(), EVERYWHERE)
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
    placement = placed_in(vpc.observed(), a_service(ENVOY, zones))
    assert placement.subnet_ids == frozenset()
    assert placement.blocked_by is why


@st.composite
def placed(draw: st.DrawFn) -> tuple[Observation, Service, frozenset[str]]:
    """A VPC, what the service offers, and where its endpoint stands now."""
    vpc = draw(networks())
    service = a_service(ENVOY, "".join(draw(st.sets(st.sampled_from(ZONES)))))
    return vpc.observed(), service, frozenset(draw(one_a_zone((*vpc.private, *vpc.public))))


@HALF
@given(placed())
def test_never_two_subnets_of_a_zone_nor_a_public_one_nor_a_zone_not_offered(
    case: tuple[Observation, Service, frozenset[str]],
) -> None:
    observation, service, attached = case
    subnets = {subnet.id: subnet for subnet in observation.subnets}
    placement = placed_in(observation, service, attached)
    assert all(placement.zones.values())
    found = [subnets[subnet_id] for candidates in placement.zones.values() for subnet_id in candidates]
    for zone, candidates in placement.zones.items():
        assert {subnets[subnet_id].zone_id for subnet_id in candidates} == {zone}
    assert all(subnet.zone_id in service.zones for subnet in found)
    assert all(is_private(subnet, observation.route_tables) for subnet in found)
    assert all(subnet.free_addresses > 0 or subnet.id in attached for subnet in found)


@HALF
@given(placed())
def test_every_zone_with_a_private_subnet_is_covered_or_reported(
    case: tuple[Observation, Service, frozenset[str]],
) -> None:
    observation, service, attached = case
    placement = placed_in(observation, service, attached)
    zones = {subnet.id: subnet.zone_id for subnet in observation.subnets}
    covered = {zones[subnet_id] for subnet_id in placement.subnet_ids}
    reported = {finding.resource.removeprefix(f"{ENVOY} in ") for finding in placement.findings}
    private = {s.zone_id for s in observation.subnets if is_private(s, observation.route_tables)}
    assert covered | reported == private
    assert not covered & reported
    assert (placement.blocked_by is None) == bool(covered)


@HALF
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
    assert right <= placed_in(observation, service, attached).subnet_ids


@HALF
@given(placed(), st.randoms(use_true_random=False))
def test_the_order_of_the_subnets_does_not_matter_to_the_choice(
    case: tuple[Observation, Service, frozenset[str]], random: Random
) -> None:
    observation, service, attached = case
    subnets = list(observation.subnets)
    random.shuffle(subnets)
    shuffled = replace(observation, subnets=tuple(subnets))
    assert placed_in(shuffled, service, attached) == placed_in(observation, service, attached)


# ---- what a profile and its subnets ask for


def test_the_next_best_subnets_of_a_zone_stand_by() -> None:
    vpc = a_vpc().with_private_subnets("a", "a", "b").with_private_subnets("b", free=0)
    assert placed_in(vpc.observed()).zones == {
        zone_id("a"): ("private-a", "private-a2"),
        zone_id("b"): ("private-b",),
    }


def test_a_subnet_that_bears_the_placement_tag_is_preferred_in_its_zone_but_not_to_the_attached_one() -> None:
    seen = a_vpc().with_private_subnets("a", "a", "b").observed()
    preferred = tuple(
        replace(s, tags={INSTALLATION.placement_key: "here"}) if s.id == "private-a2" else s
        for s in seen.subnets
    )
    seen = replace(seen, subnets=preferred)
    assert placed_in(seen).subnet_ids == {"private-a2", "private-b"}
    assert placed_in(seen, attached=frozenset({"private-a"})).subnet_ids == {"private-a", "private-b"}


def test_a_profile_may_name_the_zones_to_stand_in() -> None:
    vpc = a_vpc().with_private_subnets("a", "b", "c").observed()
    profile = replace(APPMESH, zones=frozenset({zone_id("b")}))
    placement = placed_in(vpc, profile=profile)
    assert placement.subnet_ids == {"private-b"}
    assert placement.findings == ()


def test_a_subnet_on_an_outpost_is_no_place_for_an_endpoint() -> None:
    seen = a_vpc().with_private_subnets("a").observed()
    placement = placed_in(replace(seen, subnets=tuple(replace(s, on_outpost=True) for s in seen.subnets)))
    assert placement.blocked_by is Reason.NO_PRIVATE_SUBNET


def test_a_subnet_of_ipv6_alone_is_no_place_for_an_endpoint_of_ipv4() -> None:
    seen = a_vpc().with_private_subnets("a", "b").observed()
    first, *others = seen.subnets
    v6 = replace(first, cidr="", ipv6_cidrs=("2001:db8::/64",))
    assert placed_in(replace(seen, subnets=(v6, *others))).subnet_ids == {"private-b"}


BOTH = frozenset({AddressType.IPV4, AddressType.DUALSTACK, AddressType.IPV6})
DUALSTACK = replace(APPMESH, address_type=AddressType.DUALSTACK)


def with_ipv6(observation: Observation, *zones: str) -> Observation:
    return replace(
        observation,
        subnets=tuple(
            replace(s, ipv6_cidrs=("2001:db8::/64",)) if s.zone_id in map(zone_id, zones) else s
            for s in observation.subnets
        ),
    )


def test_dualstack_is_used_where_the_service_and_every_zone_have_it() -> None:
    seen = with_ipv6(a_vpc().with_private_subnets("a", "b").observed(), "a", "b")
    placement = placed_in(seen, replace(EVERYWHERE, address_types=BOTH), profile=DUALSTACK)
    assert placement.address_type is AddressType.DUALSTACK
    assert placement.findings == ()


@pytest.mark.parametrize(("types", "zones"), [(BOTH, "a"), (frozenset({AddressType.IPV4}), "ab")])
def test_ipv4_is_used_where_dualstack_would_lose_a_zone_or_the_service_lacks_it_and_that_is_reported(
    types: frozenset[AddressType], zones: str
) -> None:
    seen = with_ipv6(a_vpc().with_private_subnets("a", "b").observed(), *zones)
    placement = placed_in(seen, replace(EVERYWHERE, address_types=types), profile=DUALSTACK)
    assert placement.address_type is AddressType.IPV4
    assert placement.subnet_ids == {"private-a", "private-b"}
    assert kinds(placement.findings) == [(Kind.ENDPOINT_ADDRESS_TYPE, Status.INFORMATIONAL)]


# ---- how it gets there


def change(vpc: VpcBuilder, *attached: str, zones: str = ZONES, narrow: bool = True) -> SubnetChange:
    [endpoint] = vpc.with_endpoint(ENVOY, subnets=attached).endpoints
    observation = vpc.observed()
    placement = placed_in(observation, a_service(ENVOY, zones), endpoint.subnet_ids)
    return change_subnets(observation, placement, endpoint, narrow=narrow)


def kinds(findings: tuple[Finding, ...]) -> list[tuple[Kind, Status]]:
    return [(finding.kind, finding.status) for finding in findings]


def test_an_endpoint_that_stands_right_is_left_where_it_is() -> None:
    vpc = a_vpc().with_private_subnets("a", "b")
    assert change(vpc, "private-a", "private-b") == SubnetChange((), (), (), ())


def test_a_new_zone_is_added() -> None:
    changed = change(a_vpc().with_private_subnets("a", "b", "c"), "private-a")
    assert (changed.add, changed.remove) == ((("private-b",), ("private-c",)), ())
    assert kinds(changed.remediated) == [(Kind.ENDPOINT_SUBNET_MISSING, Status.REMEDIABLE)]


def test_a_public_subnet_in_a_zone_of_its_own_is_removed() -> None:
    changed = change(a_vpc().with_private_subnets("a").with_public_subnets("b"), "private-a", "public-b")
    assert (changed.add, changed.remove) == ((), ("public-b",))
    assert kinds(changed.remediated) == [(Kind.ENDPOINT_SUBNET_EXTRA, Status.REMEDIABLE)]


def test_a_subnet_is_replaced_by_another_of_its_zone_over_two_runs() -> None:
    vpc = a_vpc().with_private_subnets("a", "b").with_public_subnets("a")
    first = change(vpc, "public-a", "private-b")
    assert (first.add, first.remove) == ((), ("public-a",))
    assert kinds(first.others) == [(Kind.ENDPOINT_SUBNET_MISSING, Status.WAITING)]
    second = change(vpc, "private-b")
    assert (second.add, second.remove) == ((("private-a",),), ())
    assert second.others == ()


def test_one_subnet_stays_while_all_of_them_are_replaced() -> None:
    vpc = a_vpc().with_private_subnets("a", "b").with_public_subnets("a", "b")
    first = change(vpc, "public-a", "public-b")
    assert (first.add, first.remove) == ((), ("public-b",))
    second = change(vpc, "public-a")
    assert (second.add, second.remove) == ((("private-b",),), ("public-a",))
    assert change(vpc, "private-b").add == (("private-a",),)


def test_the_last_subnet_stays_where_its_only_successor_is_in_the_same_zone() -> None:
    changed = change(a_vpc().with_private_subnets("a").with_public_subnets("a"), "public-a")
    assert (changed.add, changed.remove, changed.remediated) == ((), (), ())
    assert kinds(changed.others) == [(Kind.ENDPOINT_SUBNET_EXTRA, Status.INFORMATIONAL)]


def test_the_last_subnet_goes_only_with_its_successor_in_another_zone() -> None:
    changed = change(a_vpc().with_private_subnets("b").with_public_subnets("a"), "public-a")
    assert (changed.add, changed.remove) == ((("private-b",),), ("public-a",))
    assert changed.removal_needs_addition
    one_of_two = change(a_vpc().with_private_subnets("b").with_public_subnets("a"), "public-a", "private-b")
    assert not one_of_two.removal_needs_addition


def test_of_several_that_are_all_to_go_one_stays_in_a_zone_that_needs_no_successor() -> None:
    vpc = a_vpc().with_private_subnets("a").with_public_subnets("a", "b")
    assert change(vpc, "public-a", "public-b").remove == ("public-a",)
    second = change(vpc, "public-b")
    assert (second.add, second.remove) == ((("private-a",),), ("public-b",))


def test_where_there_is_nowhere_to_stand_the_endpoint_is_left_and_the_finding_blocked() -> None:
    changed = change(a_vpc().with_public_subnets("a"), "public-a")
    assert (changed.add, changed.remove, changed.remediated) == ((), (), ())
    [finding] = changed.others
    assert (finding.kind, finding.status) == (Kind.ENDPOINT_SUBNET_MISSING, Status.BLOCKED)
    assert finding.reason is Reason.NO_PRIVATE_SUBNET


def test_what_someone_else_made_is_added_to_and_never_narrowed() -> None:
    vpc = a_vpc().with_private_subnets("a", "b").with_public_subnets("a")
    changed = change(vpc, "public-a", narrow=False)
    assert (changed.add, changed.remove) == ((("private-b",),), ())
    [reported] = changed.others
    assert reported.status is Status.INFORMATIONAL
    assert reported.found.startswith("private-a not attached")


@HALF
@given(placed(), st.booleans())
def test_a_change_leaves_at_least_one_subnet(
    case: tuple[Observation, Service, frozenset[str]], narrow: bool
) -> None:
    observation, service, attached = case
    [endpoint] = a_vpc().with_endpoint(ENVOY, subnets=attached).endpoints
    placement = placed_in(observation, service, attached)
    changed = change_subnets(observation, placement, endpoint, narrow=narrow)
    added = {candidates[0] for candidates in changed.add}
    left = (attached | added) - set(changed.remove)
    assert left or not attached
    assert changed.removal_needs_addition == (bool(changed.remove) and attached <= set(changed.remove))
    assert narrow or not changed.remove
    assert bool(changed.remediated) == bool(changed.add or changed.remove)
