"""Who was refused a deletion, and what makes way for it.

Somebody looked at the network interfaces, unless a test says otherwise. Subnets are `private-a` and so on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain import intent
from reconciler.domain.actions import CreateTags, DeleteEndpoint, ModifyEndpoint
from reconciler.domain.findings import Finding, Kind, Reason, Status
from reconciler.domain.making_way import NOBODY_ASKS, Way, look
from reconciler.domain.model import EndpointState
from reconciler.domain.plan import Plan
from reconciler.domain.planning import make_plan
from reconciler.domain.profile import Clients, EndpointSpec, Profile
from tests.builders import (
    INSTALLATION,
    VPC_ID,
    VpcBuilder,
    a_vpc,
    knowing,
    situation,
)

SQS = INSTALLATION.service_name("sqs")
MESH = Profile("mesh", (EndpointSpec("appmesh-envoy-management"),), clients=Clients.PRIVATE_SUBNETS)
MESH_ID = "vpce-appmesh-envoy-management"
NOON = 1_795_435_200.0
UNTIL = {INSTALLATION.released_key: "2026-11-23T13:00:00+00:00"}


def a_mesh(*zones: str, stands_in: Iterable[str] | None = None) -> VpcBuilder:
    """A VPC with one endpoint of ours, in each of these zones or in these subnets, that somebody looked
    into."""
    return a_vpc().with_private_subnets(*zones).with_group().with_endpoint(subnets=stands_in).looked_into()


def way(vpc: VpcBuilder, *refused: str, profile: Profile = MESH) -> Way:
    return look(situation(vpc.observed(), profile), refused)


def plan(vpc: VpcBuilder, *refused: str, profile: Profile = MESH) -> Plan:
    """The plan of a run that knows of the refusals."""
    seen = vpc.observed()
    profiles = {"appmesh": profile}
    wanted = intent.read(seen, profiles, INSTALLATION, NOON, knowing(seen), refused)
    return make_plan(seen, wanted, INSTALLATION, knowing(seen), NOON)


def actions(made: Plan) -> list[object]:
    return [step.action for step in made.steps]


def kept(found: Way) -> Finding:
    """Why nothing makes way."""
    assert replace(found, findings=()) == NOBODY_ASKS
    [finding] = found.findings
    assert finding.kind is Kind.DELETION_REFUSED
    return finding


# ---- subnets


def test_where_nobody_was_refused_anything_or_nobody_looked_nothing_makes_way() -> None:
    assert way(a_mesh("a", "b")) == NOBODY_ASKS
    assert way(replace(a_mesh("a", "b"), others=None), "private-a", VPC_ID) == NOBODY_ASKS


def test_a_subnet_in_which_only_ours_stands_is_left_by_it_and_marked() -> None:
    assert way(a_mesh("a", "b"), "private-a") == Way(subnet_ids=frozenset({"private-a"}))
    made = plan(a_mesh("a", "b"), "private-a")
    assert actions(made) == [
        CreateTags("private-a", UNTIL),
        ModifyEndpoint(MESH_ID, remove_subnet_ids=("private-a",)),
    ]
    assert made.steps[1].needs_tags_on == "private-a"
    assert {finding.kind for finding in made.steps[0].remediates} == {Kind.RELEASED}


def test_the_endpoint_gets_another_private_subnet_first_where_there_is_one() -> None:
    vpc = a_mesh("a", "b", stands_in=["private-a"])
    made = plan(vpc, "private-a")
    assert actions(made) == [
        CreateTags("private-a", UNTIL),
        ModifyEndpoint(
            MESH_ID,
            add_zones=(("private-b",),),
            remove_subnet_ids=("private-a",),
            removal_needs_addition=True,
        ),
    ]


def test_a_subnet_that_is_marked_is_left_alone_until_the_time_is_over() -> None:
    vpc = a_mesh("a", "b", stands_in=["private-a"]).with_subnet_tags("private-b", UNTIL)
    assert actions(plan(vpc)) == []
    over = vpc.with_subnet_tags("private-b", {INSTALLATION.released_key: "2026-11-23T12:00:00+00:00"})
    assert actions(plan(over)) == [ModifyEndpoint(MESH_ID, add_zones=(("private-b",),))]


def test_where_something_of_others_stands_in_the_subnet_nothing_changes_and_it_is_named() -> None:
    finding = kept(way(a_mesh("a", "b").with_machine("private-a"), "private-a"))
    assert (finding.resource, finding.status) == ("private-a", Status.INFORMATIONAL)
    assert "refused DeleteSubnet; eni-private-a (a machine) stand in its way" in finding.found


def test_only_the_first_of_many_things_in_the_way_are_named() -> None:
    vpc = a_mesh("a", "b")
    for _ in range(5):
        vpc = vpc.with_machine("private-a")
    assert " more stand" not in kept(way(vpc, "private-a")).found
    vpc = vpc.with_machine("private-a").with_machine("private-a")
    assert " and 2 more stand in its way" in kept(way(vpc, "private-a")).found


def test_someone_elses_endpoint_stands_in_the_way_like_anything_else() -> None:
    vpc = a_mesh("a", "b").with_endpoint(SQS, id="vpce-0", subnets=["private-a"], tags={})
    assert "eni-vpce-0-private-a" in kept(way(vpc, "private-a")).found


def test_a_refusal_that_is_not_for_anything_of_ours_is_none_of_our_business() -> None:
    vpc = a_mesh("a", "b", stands_in=["private-a"])
    assert way(vpc, "private-b") == NOBODY_ASKS
    assert way(vpc, "subnet-of-another-vpc") == NOBODY_ASKS


def test_the_last_subnet_of_an_endpoint_takes_it_along_where_all_others_are_empty() -> None:
    vpc = a_mesh("a").with_public_subnets("b")
    assert way(vpc, "private-a") == Way(
        subnet_ids=frozenset({"private-a"}), endpoint_ids=frozenset({MESH_ID})
    )
    made = plan(vpc, "private-a")
    assert actions(made) == [CreateTags("private-a", UNTIL), DeleteEndpoint(MESH_ID)]
    assert not made.takes_down


def test_the_last_subnet_stays_where_others_have_something_in_another_subnet() -> None:
    finding = kept(way(a_mesh("a").with_public_subnets("b").with_machine("public-b"), "private-a"))
    assert (finding.status, finding.reason) == (Status.BLOCKED, Reason.IN_USE)
    assert f"the last subnet of {MESH_ID}, and eni-public-b is in public-b" in finding.found


def test_the_last_subnet_goes_where_the_others_with_something_in_them_were_refused_too() -> None:
    vpc = a_mesh("a").with_public_subnets("b").with_machine("public-b")
    found = way(vpc, "private-a", "public-b")
    assert found.subnet_ids == {"private-a"}
    assert found.endpoint_ids == {MESH_ID}
    assert [finding.resource for finding in found.findings] == ["public-b"]


def test_several_subnets_that_were_refused_in_one_window_are_all_served() -> None:
    found = way(a_mesh("a", "b"), "private-a", "private-b")
    assert found.subnet_ids == {"private-a", "private-b"}
    assert found.endpoint_ids == {MESH_ID}
    made = plan(a_mesh("a", "b", "c"), "private-a", "private-b")
    assert actions(made) == [
        CreateTags("private-a", UNTIL),
        CreateTags("private-b", UNTIL),
        ModifyEndpoint(MESH_ID, remove_subnet_ids=("private-a", "private-b")),
    ]


def test_a_subnet_of_the_same_zone_is_no_way_out_since_ec2_takes_one_a_zone() -> None:
    vpc = a_mesh("a").with_private_subnets("a").with_machine("private-a2")
    assert "the last subnet" in kept(way(vpc, "private-a")).found


def test_what_one_endpoint_cannot_leave_no_other_has_to() -> None:
    """The endpoint for SQS, which the profile does not name, stands in `private-a` alone; somebody uses
    `private-b`."""
    vpc = a_mesh("a", "b").with_service(SQS, "ab")
    vpc = vpc.with_endpoint(SQS, id="vpce-sqs", subnets=["private-a"])
    found = way(vpc.with_machine("private-b"), "private-a")
    assert "it is the last subnet of vpce-sqs" in kept(found).found


def test_what_one_endpoint_cannot_leave_keeps_no_other_in_its_subnets() -> None:
    vpc = a_mesh("a", "b", "c", stands_in=["private-a", "private-b"])
    vpc = vpc.with_endpoint(SQS, id="vpce-sqs", subnets=["private-c"]).with_machine("private-b")
    found = way(vpc, "private-a", "private-c")
    assert replace(found, findings=()) == Way(subnet_ids=frozenset({"private-a"}))
    assert [finding.resource for finding in found.findings] == ["private-c"]


def test_an_endpoint_that_is_leaving_already_is_not_asked_to() -> None:
    vpc = a_vpc().with_private_subnets("a").with_group().with_endpoint(state=EndpointState.DELETING)
    assert way(vpc.looked_into(), "private-a") == NOBODY_ASKS


# ---- what goes late would not go in time


def test_an_endpoint_that_nobody_asks_for_makes_way_without_its_grace() -> None:
    """The opt-in tag is gone, and with it the wish for the endpoint; the subnet is to go now."""
    made = plan(a_mesh("a").tagged(), "private-a")
    assert CreateTags("private-a", UNTIL) in actions(made)
    assert DeleteEndpoint(MESH_ID) in actions(made)
    assert not made.takes_down


def test_an_endpoint_that_nobody_asks_for_leaves_one_of_its_subnets() -> None:
    made = plan(a_mesh("a", "b").tagged(), "private-a")
    assert ModifyEndpoint(MESH_ID, remove_subnet_ids=("private-a",)) in actions(made)
    assert DeleteEndpoint(MESH_ID) not in actions(made)


def test_a_vpc_that_is_left_as_it_is_makes_way_all_the_same() -> None:
    made = plan(a_mesh("a", "b").tagged(profile="no such"), "private-a")
    assert actions(made) == [
        CreateTags("private-a", UNTIL),
        ModifyEndpoint(MESH_ID, remove_subnet_ids=("private-a",)),
    ]


# ---- whatever is there

SUBNETS = ("private-a", "private-b", "private-c")


@given(
    st.sets(st.sampled_from(SUBNETS)),
    st.sets(st.sampled_from(SUBNETS), min_size=1),
    st.sets(st.sampled_from(SUBNETS)),
)
def test_nothing_that_others_use_loses_the_endpoint_for_a_deletion(
    used: set[str], stands_in: set[str], refused: set[str]
) -> None:
    vpc = a_vpc().with_private_subnets("a", "b", "c").with_group().with_endpoint(subnets=stands_in)
    vpc = vpc.looked_into()
    for subnet in used:
        vpc = vpc.with_machine(subnet)
    found = way(vpc, *refused)
    assert found.subnet_ids <= (refused & stands_in) - used
    if found.endpoint_ids:
        assert stands_in <= refused
        assert used <= refused
    made = plan(vpc, *refused)
    assert (DeleteEndpoint(MESH_ID) in actions(made)) is bool(found.endpoint_ids)
    assert {
        each.action.resource_id for each in made.steps if isinstance(each.action, CreateTags)
    } == found.subnet_ids
