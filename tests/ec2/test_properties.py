"""From any state that people, AWS and EC2's rules can bring a VPC to, runs lead to where it should be.

A history is any list of public calls, things that AWS does by itself, and runs, also such as fail half-way.
Of each run of it holds (`worlds.LivedIn.one_run`, `guard.Guard`):

- 443 is not closed by it, between any two calls, to a private subnet that it was open to; an endpoint does
  not lose its last subnet, and a service does not lose the endpoint that its private names lead to;
- it makes no second endpoint for a service;
- it narrows and deletes only what bears the owner tag at that moment, its own group apart, which it takes off
  what was adopted; and the deployed policies allow all that it asks;
- it writes nothing where the VPC is untagged and nothing in it is owned, nothing in audit mode, and nothing
  where it says that there was nothing to do.

And of each history: runs end within `worlds.RUNS`; the run after them changes nothing; after the sweep,
what is not as it should be is what no remediator could put right (`LivedIn.obstacle`); and when the opt-in
tag goes, nothing owned is left, and what is someone else's stands as it stood.

What cannot hold, on EC2's rules:

- Rules and tags that are shown late mislead: while tags are late, those shown say whose a thing is; while
rules
  are late, only what the owned group lets in counts as open.
- An endpoint that has lost all three tags is nobody's, and is adopted instead of being given its tags back.
- Someone else's endpoint whose only group is ours, or that has failed behind ours, cannot be given back: EC2
  lets neither go of its group. Until its owner deletes it, the group stays, and the runs end `blocked`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from reconciler.conclusion import Ending
from sandbox.ec2 import ConnectionLost, Killed
from sandbox.ec2.faults import Effect
from sandbox.truth import APP_MESH, LOGS
from tests.account import INSTALLATION, STACK
from tests.ec2.worlds import HOUR, LETTING_IN, LivedIn, pick, play

NUMBERS = st.integers(0, 5)
ZONES = st.sampled_from("abc")
TABLES = st.sampled_from([None, 0, 1])
SERVICES = st.sampled_from([APP_MESH, LOGS])
LATE = ("security-group", "vpc-endpoint", "tag", "rule", "subnet", "route-table", "*")
WRONG: tuple[Effect, ...] = (
    "InternalError",
    "RequestLimitExceeded",
    "UnauthorizedOperation",
    "InvalidParameter",
    ConnectionLost,
    Killed,
)
TAGS = (INSTALLATION.owner_key, f"{INSTALLATION.tag_prefix}:vpc", "Name")


class History(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.vpc: LivedIn

    @initialize(
        zones=st.lists(ZONES, max_size=3),
        adopted=st.sampled_from([None, APP_MESH, LOGS]),
        converged=st.booleans(),
        pending_while_modified=st.booleans(),
        grace=st.sampled_from([0, 1800]),
    )
    def begin(
        self,
        zones: list[str],
        adopted: str | None,
        converged: bool,
        pending_while_modified: bool = False,
        grace: int = 0,
    ) -> None:
        self.vpc = LivedIn(grace_seconds=grace)
        self.vpc.aws.timings.pending_while_modified = pending_while_modified
        for zone in zones:
            self.vpc.make_subnet(zone)
        if adopted and zones:
            self.vpc.make_endpoint(adopted, [0], "their group", private_dns=False)
            self.vpc.let_time_pass(120)
        self.vpc.ask("appmesh")
        if converged:
            self.vpc.converge()

    # ---- the network

    @rule(zone=ZONES, secondary=st.booleans())
    def a_subnet_is_made(self, zone: str, secondary: bool) -> None:
        self.vpc.make_subnet(zone, secondary=secondary)

    @rule(number=NUMBERS)
    def a_subnet_is_deleted(self, number: int) -> None:
        self.vpc.delete_subnet(number)

    @rule()
    def a_block_is_added(self) -> None:
        self.vpc.add_secondary_block()

    @rule(number=NUMBERS, table=TABLES)
    def a_subnet_is_routed_by(self, number: int, table: int | None) -> None:
        self.vpc.route_by(number, table)

    @rule(table=TABLES, out=st.booleans())
    def a_table_leads_out(self, table: int | None, out: bool) -> None:
        self.vpc.lead_out(table, out=out)

    @rule()
    def a_gateway_is_attached(self) -> None:
        self.vpc.attach_gateway()

    @rule(table=TABLES, number=NUMBERS)
    def a_subnet_becomes_public(self, table: int | None, number: int) -> None:
        self.vpc.attach_gateway()
        self.vpc.lead_out(table, out=True)
        self.vpc.route_by(number, table)

    @rule()
    def the_gateway_is_detached(self) -> None:
        self.vpc.detach_gateway()

    @rule(support=st.booleans())
    def dns_is_turned_off(self, support: bool) -> None:
        self.vpc.turn_dns_off(support=support)

    # ---- endpoints

    @rule(
        service=SERVICES,
        numbers=st.lists(NUMBERS, max_size=3),
        how=st.sampled_from(["their group", "our group", "our tag", "claimed"]),
        private_dns=st.booleans(),
    )
    def an_endpoint_is_made(self, service: str, numbers: list[int], how: str, private_dns: bool) -> None:
        self.vpc.make_endpoint(service, numbers, how, private_dns=private_dns)

    @rule(number=NUMBERS)
    def an_endpoint_is_deleted(self, number: int) -> None:
        self.vpc.delete_endpoint(number)

    @rule(number=NUMBERS, subnet=NUMBERS)
    def an_endpoint_gets_a_subnet(self, number: int, subnet: int) -> None:
        self.vpc.add_subnet(number, subnet)

    @rule(number=NUMBERS, subnet=NUMBERS)
    def an_endpoint_loses_a_subnet(self, number: int, subnet: int) -> None:
        self.vpc.remove_subnet(number, subnet)

    @rule(number=NUMBERS)
    def our_group_is_taken_off(self, number: int) -> None:
        self.vpc.take_our_group_off(number)

    @rule(number=NUMBERS)
    def their_group_is_put_on(self, number: int) -> None:
        self.vpc.put_their_group_on(number)

    @rule(number=NUMBERS, alone=st.booleans())
    def our_group_is_put_on(self, number: int, alone: bool) -> None:
        self.vpc.put_our_group_on(number, alone=alone)

    @rule(number=NUMBERS, on=st.booleans())
    def private_dns_is_switched(self, number: int, on: bool) -> None:
        self.vpc.switch_private_dns(number, on=on)

    @rule(number=NUMBERS)
    def a_policy_is_changed(self, number: int) -> None:
        self.vpc.change_policy(number)

    # ---- several things at once, which chance alone seldom brings together

    @rule(zone=ZONES)
    def all_subnets_become_public_but_one_in_a_zone_no_longer_offered(self, zone: str) -> None:
        for service in (APP_MESH, LOGS):
            if offered := self.vpc.offered(service):
                left = tuple(each[-1] for each in offered["Zones"] if not each.endswith(zone))
                self.vpc.aws.service(service, zones=left or ("a",))
        self.vpc.make_everything_public()
        self.vpc.make_subnet(zone)
        self.vpc.one_run()

    @rule(number=NUMBERS, soon=st.booleans())
    def someone_takes_the_private_names_and_gives_them_back(self, number: int, soon: bool) -> None:
        self.vpc.take_private_names(number)
        self.vpc.let_time_pass(0 if soon else 120)
        self.vpc.converge()
        self.vpc.delete_endpoint(-1)
        self.vpc.converge_for_good()

    @rule(number=NUMBERS)
    def an_endpoint_is_copied_and_modified(self, number: int) -> None:
        if endpoint := pick(self.vpc.endpoints, number):
            self.vpc.make_endpoint(endpoint["ServiceName"], [number], "claimed", private_dns=False)
            self.vpc.let_time_pass(120)
            self.vpc.put_their_group_on(number)
            self.vpc.one_run()

    @rule(number=NUMBERS, service=SERVICES)
    def someone_elses_endpoint_comes_to_stand_behind_a_second_group(self, number: int, service: str) -> None:
        self.vpc.make_second_group()
        self.vpc.make_endpoint(service, [number], "our group", private_dns=False)

    # ---- groups

    @rule(rule_=st.sampled_from(LETTING_IN))
    def the_group_is_opened(self, rule_: dict[str, Any]) -> None:
        self.vpc.open_group(rule_)

    @rule()
    def the_group_is_filled(self) -> None:
        self.vpc.fill_group()

    @rule(number=NUMBERS)
    def the_group_is_closed(self, number: int) -> None:
        self.vpc.close_group(number)

    @rule()
    def a_second_group_is_signed(self) -> None:
        self.vpc.make_second_group()

    @rule()
    def the_group_is_let_out(self) -> None:
        self.vpc.let_group_out()

    @rule()
    def the_group_is_deleted(self) -> None:
        self.vpc.delete_group()

    @rule()
    def our_name_is_taken(self) -> None:
        self.vpc.take_our_name()

    # ---- tags

    @rule(number=NUMBERS, keys=st.lists(st.sampled_from(TAGS), min_size=1, max_size=3, unique=True))
    def tags_are_removed(self, number: int, keys: list[str]) -> None:
        self.vpc.untag(number, keys)

    @rule(number=NUMBERS, owner=st.sampled_from([STACK, "another"]))
    def an_owner_is_named(self, number: int, owner: str) -> None:
        self.vpc.sign(number, owner)

    @rule(profile=st.sampled_from(["appmesh", "ssm", "apmesh", "none", None]))
    def another_profile_is_asked(self, profile: str | None) -> None:
        self.vpc.ask(profile)

    @rule(mode=st.sampled_from(["audit", "enforce", "adit", None]))
    def another_mode_is_asked(self, mode: str | None) -> None:
        self.vpc.ask_mode(mode)

    # ---- AWS

    @rule(number=NUMBERS, state=st.sampled_from(["failed", "rejected", "expired", None]))
    def an_endpoint_fails(self, number: int, state: str | None) -> None:
        self.vpc.fail_endpoint(number, state)

    @rule(number=NUMBERS)
    def an_endpoint_is_lost(self, number: int) -> None:
        self.vpc.lose_endpoint(number)

    @rule(number=NUMBERS, full=st.booleans())
    def a_subnet_is_full(self, number: int, full: bool) -> None:
        self.vpc.fill_subnet(number, full=full)

    @rule(kind=st.sampled_from(LATE), seconds=st.sampled_from([0, 40, 100]))
    def things_are_shown_late(self, kind: str, seconds: int) -> None:
        self.vpc.show_late(kind, seconds)

    @rule(service=SERVICES)
    def a_service_is_withdrawn(self, service: str) -> None:
        self.vpc.aws.withdraw(service)

    @rule(service=SERVICES, zones=st.lists(ZONES, min_size=1, max_size=3, unique=True))
    def a_service_changes_its_zones(self, service: str, zones: list[str]) -> None:
        if self.vpc.offered(service):
            self.vpc.aws.service(service, zones=tuple(zones))

    @rule()
    def the_hour_ends(self) -> None:
        self.vpc.wait_for_the_end_of_the_hour()

    @rule(seconds=st.sampled_from([1, 30, 120, HOUR]))
    def time_passes(self, seconds: int) -> None:
        self.vpc.let_time_pass(seconds)

    # ---- the remediator

    @rule(seconds=st.sampled_from([0, 30]))
    def a_run_is_made(self, seconds: int) -> None:
        self.vpc.one_run()
        self.vpc.let_time_pass(seconds)

    @rule()
    def its_deletion_is_refused(self) -> None:
        self.vpc.refuse_deletion()

    @rule(number=NUMBERS)
    def the_deletion_of_a_subnet_is_refused(self, number: int) -> None:
        self.vpc.refuse_deletion_of_subnet(number)

    @rule()
    def the_deletion_of_a_group_is_refused(self) -> None:
        self.vpc.refuse_deletion_of_group()

    @rule(nth=st.integers(9, 20), effect=st.sampled_from(WRONG), done=st.booleans())
    def a_run_goes_wrong(self, nth: int, effect: Effect, done: bool) -> None:
        self.vpc.run_gone_wrong(nth, effect, done=done)

    @rule()
    def it_starts_cold(self) -> None:
        self.vpc.start_cold()

    @rule()
    def it_converges(self) -> None:
        self.vpc.converge()

    @rule()
    def it_converges_for_good(self) -> None:
        self.vpc.converge_for_good()

    # ---- and in the end

    def teardown(self) -> None:
        self.vpc.converge()
        self.vpc.ask_mode("enforce")
        self.vpc.ask("appmesh")
        done = self.vpc.come_to_rest()
        faults = self.vpc.unexplained_faults()
        assert not faults, (faults, done)
        if not any(self.vpc.obstacle(service) for service in (APP_MESH, LOGS)):
            assert done.ending is Ending.CONVERGED
        self.vpc.opt_out()


def test_any_history_leads_to_where_the_vpc_should_be_and_back_again() -> None:
    play(History, examples=35, steps=15)


def adopted_endpoint_in_a_subnet_that_becomes_public(history: History) -> None:
    history.begin(zones=["a", "b"], adopted=APP_MESH, converged=True)
    history.a_subnet_becomes_public(number=0, table=0)


def failed_endpoint_without_its_owner_tag(history: History) -> None:
    history.begin(zones=["b"], adopted=None, converged=True)
    history.an_endpoint_fails(number=1, state="failed")
    history.tags_are_removed(number=1, keys=[INSTALLATION.owner_key])


def group_that_names_another_owner(history: History) -> None:
    history.begin(zones=["a"], adopted=None, converged=True)
    history.an_owner_is_named(number=0, owner="another")


def someone_elses_endpoint_behind_our_group_alone(history: History) -> None:
    history.begin(zones=["b", "a"], adopted=None, converged=True)
    history.an_endpoint_is_lost(number=0)
    history.another_profile_is_asked(profile="ssm")
    history.an_endpoint_is_lost(number=0)
    history.an_endpoint_is_made(APP_MESH, numbers=[1], how="our group", private_dns=True)


def second_owned_endpoint_behind_their_group(history: History) -> None:
    history.begin(zones=["b", "b"], adopted=None, converged=True)
    history.an_endpoint_is_made(APP_MESH, numbers=[1], how="claimed", private_dns=False)


def last_subnet_whose_successor_is_refused(history: History) -> None:
    """The list of services that is remembered says that the successor's zone is offered."""
    history.begin(zones=["a"], adopted=None, converged=True)
    history.a_service_changes_its_zones(APP_MESH, zones=["a"])
    history.a_subnet_is_made(zone="b", secondary=False)
    history.a_subnet_becomes_public(number=0, table=0)
    history.a_run_is_made(seconds=30)


def private_names_whose_holder_is_being_deleted(history: History) -> None:
    history.begin(zones=["a"], adopted=None, converged=True)
    history.private_dns_is_switched(number=0, on=False)
    history.time_passes(seconds=120)
    history.an_endpoint_is_made(APP_MESH, numbers=[0], how="their group", private_dns=True)
    history.time_passes(seconds=120)
    history.an_endpoint_is_deleted(number=2)
    history.it_converges_for_good()


def holder_of_the_private_names_that_is_pending(history: History) -> None:
    history.begin(zones=["a", "b"], adopted=None, converged=True, pending_while_modified=True)
    history.an_endpoint_is_made(APP_MESH, numbers=[0], how="claimed", private_dns=False)
    history.time_passes(seconds=120)
    history.their_group_is_put_on(number=0)
    history.a_run_is_made(seconds=30)


def second_owned_group_behind_which_someone_elses_endpoint_stands(history: History) -> None:
    history.begin(zones=["a"], adopted=None, converged=True)
    history.a_second_group_is_signed()
    history.an_endpoint_is_made(LOGS, numbers=[0], how="our group", private_dns=False)
    history.it_converges()


@pytest.mark.parametrize(
    "tell",
    [
        last_subnet_whose_successor_is_refused,
        private_names_whose_holder_is_being_deleted,
        holder_of_the_private_names_that_is_pending,
        second_owned_group_behind_which_someone_elses_endpoint_stands,
        adopted_endpoint_in_a_subnet_that_becomes_public,
        failed_endpoint_without_its_owner_tag,
        group_that_names_another_owner,
        someone_elses_endpoint_behind_our_group_alone,
        second_owned_endpoint_behind_their_group,
    ],
)
def test_histories_that_went_wrong_once(tell: Callable[[History], None]) -> None:
    history = History()
    tell(history)
    history.teardown()
