"""From any state that people can bring a VPC's gateway endpoints to, runs lead to where they should be.

As `test_properties`, with the endpoints that stand in route tables. Of each call of the remediator holds: no
route table of a private subnet loses the way that it has to the service. In the end each of these tables has
one, and what is owned stands in no other table, is as the profile says, and is not there for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from reconciler.domain.profiles import parse
from sandbox.ec2 import Call
from sandbox.truth import LOGS, Found
from tests.account import INSTALLATION, ROLE, STACK
from tests.ec2.worlds import HOUR, LivedIn, pick, play

S3 = INSTALLATION.service_name("s3")
PROFILES = parse(
    """
    [p]
    existing = "adopt"
    [[p.endpoint]]
    service = "s3"
    type = "gateway"
    when = "no-internet-gateway"
    [[p.endpoint]]
    service = "logs"
    private-dns = false
    """
)
POLICY = '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}'
NUMBERS = st.integers(0, 3)
TABLES = st.sampled_from([None, 0, 1])
OWNERS = st.sampled_from([STACK, STACK, None])


class Gateways(LivedIn):
    """The VPC, and what happens to its gateway endpoints."""

    def __init__(self, private: str) -> None:
        super().__init__(private)
        self.account.profiles = PROFILES
        self._ways: set[str] = set()
        self.account.ec2.on_call(self._watch)

    @property
    def gateway_endpoints(self) -> list[Found]:
        """Those that serve, in order of their making."""
        serving = ("available", "pending")
        made = self.look("DescribeVpcEndpoints", "VpcEndpoints")
        found = [e for e in made if e["VpcEndpointType"] == "Gateway" and e["State"].lower() in serving]
        return sorted(found, key=lambda each: each["CreationTimestamp"])

    @property
    def private_tables(self) -> set[str]:
        """The route tables of the private subnets."""
        tables = self.look("DescribeRouteTables", "RouteTables")
        found = set()
        for subnet in self.truth.private_subnets(self.vpc_id):
            ends = [(end, table["RouteTableId"]) for table in tables for end in table["Associations"]]
            own = [table for end, table in ends if end.get("SubnetId") == subnet["SubnetId"]]
            found.add(own[0] if own else next(table for end, table in ends if end.get("Main")))
        return found

    def ways(self) -> set[str]:
        """The route tables of private subnets that lead to the service."""
        standing = {table for each in self.gateway_endpoints for table in each["RouteTableIds"]}
        return standing & self.private_tables

    def _watch(self, call: Call) -> None:
        watched = call.principal == ROLE and INSTALLATION.profile_key in self.tags(self.vpc_id)
        if watched and (lost := self._ways - self.ways()):
            self.guard.violations.append(f"{call.action} takes the way of {sorted(lost)}: {call.params}")
        self._ways = self.ways()

    def make(self, table: int | None, owner: str | None) -> None:
        """By hand, or by copied marks and a claim as ours."""
        tags = INSTALLATION.endpoint_tags(self.vpc_id, S3) if owner else {}
        marked: Any = [
            {"ResourceType": "vpc-endpoint", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
        ]
        with suppress(ClientError):
            made = self.api.create_vpc_endpoint(
                VpcId=self.vpc_id,
                ServiceName=S3,
                RouteTableIds=[] if table is None else [self.tables[table]],
                TagSpecifications=marked if tags else [],
            )
            if owner:
                self.account.claim(self.vpc_id, made["VpcEndpoint"]["VpcEndpointId"])

    def stand_in(self, number: int, table: int, *, out: bool) -> None:
        """One comes to stand in a table, or to stand in it no more."""
        tables = [self.tables[table]]
        change: dict[str, Any] = {"RemoveRouteTableIds" if out else "AddRouteTableIds": tables}
        self._change(number, **change)

    def set_policy(self, number: int) -> None:
        self._change(number, PolicyDocument=POLICY)

    def delete(self, number: int) -> None:
        if endpoint := pick(self.gateway_endpoints, number):
            self.delete_endpoint_of(endpoint["VpcEndpointId"])

    def _change(self, number: int, **changes: Any) -> None:
        if endpoint := pick(self.gateway_endpoints, number):
            with suppress(ClientError):
                self.api.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], **changes)

    def faults(self) -> list[str]:
        """What is not as it should be. Someone else's endpoint whose policy lets only some in is left alone,
        and none is made beside it."""
        serving = self.gateway_endpoints
        owned = [each for each in serving if self.owned(each["VpcEndpointId"])]
        withheld = not owned and any("Deny" in each["PolicyDocument"] for each in serving)
        asked = (not self.gateways or owned) and not withheld
        wanted = self.private_tables
        wrong = [f"no way from {table}" for table in wanted - self.ways() if asked]
        for each in owned:
            name, tables = each["VpcEndpointId"], set(each["RouteTableIds"])
            if wanted and (extra := tables - wanted):
                wrong.append(f"{name} stands in {sorted(extra)}")
            if "Deny" in each["PolicyDocument"]:
                wrong.append(f"{name} has a policy of people's")
            if wanted and not tables & wanted and len(owned) > 1:
                wrong.append(f"{name} is double and leads nowhere")
        return wrong


class GatewayHistory(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.vpc = Gateways("")

    @initialize(
        routed=st.sampled_from([(0, 1), (0, 1, None), (0,), (None, 1)]),
        made=st.just(()) | st.lists(st.tuples(st.sampled_from([0, 1, None]), OWNERS), min_size=2, max_size=3),
        gateway=st.booleans(),
        late_at_the_full_hour=st.booleans(),
    )
    def begin(
        self,
        routed: Sequence[int | None],
        made: Sequence[tuple[int | None, str | None]],
        gateway: bool,
        late_at_the_full_hour: bool,
    ) -> None:
        for number, table in enumerate(routed):
            self.vpc.make_subnet("abc"[number])
            self.vpc.route_by(number, table)
        for standing, owner in made:
            self.vpc.make(standing, owner)
        if gateway:
            self.vpc.attach_gateway()
        self.vpc.let_time_pass(120)
        self.vpc.ask("p")
        if late_at_the_full_hour:
            self.vpc.wait_for_the_end_of_the_hour()
            self.vpc.aws.show_late("vpc-endpoint", 100)

    @rule(table=TABLES, owner=OWNERS)
    def one_is_made(self, table: int | None, owner: str | None) -> None:
        self.vpc.make(table, owner)

    @rule(number=NUMBERS)
    def one_is_deleted(self, number: int) -> None:
        self.vpc.delete(number)

    @rule(number=NUMBERS, table=st.integers(0, 1), out=st.booleans())
    def one_changes_its_tables(self, number: int, table: int, out: bool) -> None:
        self.vpc.stand_in(number, table, out=out)

    @rule(number=NUMBERS)
    def one_changes_its_policy(self, number: int) -> None:
        self.vpc.set_policy(number)

    @rule(number=NUMBERS, table=TABLES)
    def a_subnet_is_routed_by(self, number: int, table: int | None) -> None:
        self.vpc.route_by(number, table)

    @rule(table=TABLES, out=st.booleans())
    def a_table_leads_out(self, table: int | None, out: bool) -> None:
        self.vpc.attach_gateway()
        self.vpc.lead_out(table, out=out)

    @rule()
    def the_gateway_is_detached(self) -> None:
        self.vpc.detach_gateway()

    @rule(seconds=st.sampled_from([0, 100]))
    def things_are_shown_late(self, seconds: int) -> None:
        self.vpc.aws.show_late("vpc-endpoint", seconds)

    @rule()
    def the_hour_ends(self) -> None:
        self.vpc.wait_for_the_end_of_the_hour()

    @rule(seconds=st.sampled_from([30, 120, HOUR]))
    def time_passes(self, seconds: int) -> None:
        self.vpc.let_time_pass(seconds)

    @rule()
    def a_run_is_made(self) -> None:
        self.vpc.ask("p")
        self.vpc.one_run()

    @rule()
    def it_converges(self) -> None:
        self.vpc.ask("p")
        self.vpc.converge()
        logs = [
            each for each in self.vpc.truth.endpoints(self.vpc.vpc_id, LOGS) if each["State"] != "deleting"
        ]
        assert len(logs) <= 1, logs

    def teardown(self) -> None:
        self.vpc.ask("p")
        done = self.vpc.come_to_rest()
        assert not self.vpc.faults(), (self.vpc.faults(), done)
        self.vpc.opt_out()


def test_any_history_of_gateway_endpoints_leads_to_where_they_should_be() -> None:
    play(GatewayHistory, examples=25, steps=8)
