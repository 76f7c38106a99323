"""A VPC that people, AWS and the remediator all work on, by any calls and in any order.

People are customers with public calls: where EC2 refuses one, nothing has happened. Things are picked by
number, modulo how many there are, so that any list of numbers is a history.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from moto.moto_api._internal import mock_random

from reconciler import requeue
from reconciler.conclusion import Ending, Run
from reconciler.domain.findings import Reason, Status
from reconciler.messages import RunRequest
from sandbox.ec2 import Call, Killed
from sandbox.ec2.faults import Effect
from sandbox.truth import APP_MESH, LOGS, Found
from tests.account import DEBOUNCE, INSTALLATION, STACK, Account
from tests.ec2.guard import Guard

EVERYWHERE = "0.0.0.0/0"
SERVICES = (APP_MESH, LOGS)
# More runs than any history was seen to need, and fewer than would make a VPC stuck.
RUNS = 25
HOUR = 3600
Thing = TypeVar("Thing")

LETTING_IN: tuple[dict[str, Any], ...] = (
    {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": EVERYWHERE}]},
    {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
    {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.1.0.0/16"}]},
    {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
    {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.1.0.0/24"}]},
)
# As many rules as fill a group, none of which lets a client in.
FILLING: dict[str, Any] = {
    "IpProtocol": "tcp",
    "FromPort": 443,
    "ToPort": 443,
    "IpRanges": [{"CidrIp": f"192.168.{number}.0/24"} for number in range(60)],
}


def pick(things: Sequence[Thing], number: int) -> Thing | None:
    """One of them by number, if there are any."""
    return things[number % len(things)] if things else None


def play(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    """Play histories, the same ones each time. For more and other ones set HISTORIES=2000 or the like;
    UNSHRUNK gives the first one that goes wrong as it is."""
    histories = os.environ.get("HISTORIES")
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(histories or examples),
            stateful_step_count=steps,
            derandomize=histories is None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=set(Phase) - ({Phase.shrink} if os.environ.get("UNSHRUNK") else set()),
        ),
    )


class OneAfterAnother(ThreadPoolExecutor):
    """Does at once what it is given, so that the same history is the same history again."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **more))
        except BaseException as error:  # noqa: BLE001 - as the real one
            future.set_exception(error)
        return future


class LivedIn:
    """The VPC, and what can happen to it."""

    def __init__(self, private: str = "", grace_seconds: int = 0) -> None:
        mock_random.seed(0)  # the same history has the same ids, and so the same choices among equals
        self.account = Account(grace_seconds=grace_seconds)
        self.start_cold()
        self.api = self.account.customer
        self.truth = self.account.truth
        self.aws = self.account.ec2.aws
        self.vpc_id = self.account.vpc(private, profile=None)
        self.guard = Guard(self.account, self.vpc_id)
        self._blocks = 0
        self._theirs = ""
        self.late = False
        self.tables = [self._new_table(), self._new_table()]

    # ---- what there is, truly

    def look(self, action: str, key: str, name: str = "vpc-id") -> list[Found]:
        filters = [{"Name": name, "Values": [self.vpc_id]}]
        return list(self.account.ec2.truth(action, Filters=filters)[key])

    @property
    def subnets(self) -> list[str]:
        return [each["SubnetId"] for each in self.look("DescribeSubnets", "Subnets")]

    @property
    def endpoints(self) -> list[Found]:
        """Of every state in which they still count; in order of their making."""
        made = self.look("DescribeVpcEndpoints", "VpcEndpoints")
        return sorted(
            (e for e in made if e["State"].lower() != "deleted"), key=lambda e: e["CreationTimestamp"]
        )

    @property
    def gateways(self) -> list[str]:
        found = self.look("DescribeInternetGateways", "InternetGateways", "attachment.vpc-id")
        return [each["InternetGatewayId"] for each in found]

    def tags(self, resource: str) -> dict[str, str]:
        return self.account.ec2.tags_of(resource)

    def owned(self, resource: str) -> bool:
        """Whether the remediator made it, and it bears two of the three marks."""
        tags = self.tags(resource)
        marks = (
            tags.get(INSTALLATION.owner_key) == STACK,
            tags.get(INSTALLATION.vpc_key) == self.vpc_id,
            tags.get("Name", "").startswith(f"{STACK}/"),
        )
        named = tags.get(INSTALLATION.owner_key, STACK) == STACK
        return sum(marks) > 1 and named and resource in self.account.made_here()

    @property
    def owned_groups(self) -> list[str]:
        groups = (each["GroupId"] for each in self.truth.groups(self.vpc_id))
        return [group for group in groups if self.owned(group)]

    @property
    def owned_things(self) -> list[str]:
        owned = [each["VpcEndpointId"] for each in self.endpoints if self.owned(each["VpcEndpointId"])]
        return owned + self.owned_groups

    @property
    def foreign(self) -> list[Found]:
        return [each for each in self.endpoints if not self.owned(each["VpcEndpointId"])]

    # ---- what people do to the network

    def make_subnet(self, zone: str, *, secondary: bool = False) -> None:
        self._blocks += 1
        network = "100.64" if secondary else "10.1"
        with suppress(ClientError):
            self.account.subnet(self.vpc_id, zone, f"{network}.{(self._blocks * 37 + 3) % 250}.0/24")

    def delete_subnet(self, number: int) -> None:
        if subnet := pick(self.subnets, number):
            with suppress(ClientError):
                self.api.delete_subnet(SubnetId=subnet)

    def add_secondary_block(self) -> None:
        with suppress(ClientError):
            self.api.associate_vpc_cidr_block(VpcId=self.vpc_id, CidrBlock="100.64.0.0/16")

    def route_by(self, number: int, table: int | None) -> None:
        """A subnet is routed by one of the tables, or by the main one."""
        subnet = pick(self.subnets, number)
        if subnet is None:
            return
        with suppress(ClientError):
            for each in self.look("DescribeRouteTables", "RouteTables"):
                for end in each["Associations"]:
                    if end.get("SubnetId") == subnet:
                        self.api.disassociate_route_table(AssociationId=end["RouteTableAssociationId"])
            if table is not None:
                self.api.associate_route_table(RouteTableId=self.tables[table], SubnetId=subnet)

    def lead_out(self, table: int | None, *, out: bool) -> None:
        """A table, or the main one, gets a default route to the internet gateway, or loses it."""
        main = next(
            each["RouteTableId"]
            for each in self.look("DescribeRouteTables", "RouteTables")
            if any(end.get("Main") for end in each["Associations"])
        )
        table_id = main if table is None else self.tables[table]
        with suppress(ClientError):
            if not out:
                self.api.delete_route(RouteTableId=table_id, DestinationCidrBlock=EVERYWHERE)
            elif self.gateways:
                self.api.create_route(
                    RouteTableId=table_id, DestinationCidrBlock=EVERYWHERE, GatewayId=self.gateways[0]
                )

    def make_everything_public(self) -> None:
        """Each subnet that there is comes to be routed by a table that leads to the internet gateway."""
        self.attach_gateway()
        self.lead_out(0, out=True)
        for number in range(len(self.subnets)):
            self.route_by(number, 0)

    def attach_gateway(self) -> None:
        with suppress(ClientError):
            self.account.attach_gateway(self.vpc_id)

    def detach_gateway(self) -> None:
        for each in self.gateways:
            self.api.detach_internet_gateway(InternetGatewayId=each, VpcId=self.vpc_id)

    def turn_dns_off(self, *, support: bool) -> None:
        with suppress(ClientError):
            if support:
                self.api.modify_vpc_attribute(VpcId=self.vpc_id, EnableDnsSupport={"Value": False})
            else:
                self.api.modify_vpc_attribute(VpcId=self.vpc_id, EnableDnsHostnames={"Value": False})

    def _new_table(self) -> str:
        return self.api.create_route_table(VpcId=self.vpc_id)["RouteTable"]["RouteTableId"]

    # ---- what people do to endpoints

    def make_endpoint(self, service: str, numbers: Sequence[int], how: str, *, private_dns: bool) -> None:
        """By hand: behind a group of theirs, behind the last of ours, by a copied tag, or by copied marks and
        a claim, so that it is ours."""
        subnets = {pick(self.subnets, number) for number in numbers} - {None}
        groups = self.owned_groups[-1:] if how == "our group" else [self.their_group]
        marks = INSTALLATION.endpoint_tags(self.vpc_id, service)
        copied = {"our tag": [INSTALLATION.owner_key], "claimed": list(marks)}.get(how, [])
        tags = [{"Key": key, "Value": marks[key]} for key in copied]
        marked: Any = [{"ResourceType": "vpc-endpoint", "Tags": tags}] if tags else []
        with suppress(ClientError):
            made = self.api.create_vpc_endpoint(
                VpcId=self.vpc_id,
                VpcEndpointType="Interface",
                ServiceName=service,
                SubnetIds=sorted(filter(None, subnets)),
                SecurityGroupIds=groups[:1],
                PrivateDnsEnabled=private_dns,
                TagSpecifications=marked,
            )
            if how == "claimed":
                self.account.claim(self.vpc_id, made["VpcEndpoint"]["VpcEndpointId"])

    def delete_endpoint(self, number: int) -> None:
        if endpoint := pick(self.endpoints, number):
            self.delete_endpoint_of(endpoint["VpcEndpointId"])

    def delete_endpoint_of(self, endpoint_id: str) -> None:
        with suppress(ClientError):
            self.api.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])

    def add_subnet(self, number: int, subnet: int) -> None:
        if chosen := pick(self.subnets, subnet):
            self._modify(number, AddSubnetIds=[chosen])

    def remove_subnet(self, number: int, subnet: int) -> None:
        if endpoint := pick(self.endpoints, number):
            chosen = pick(sorted(endpoint["SubnetIds"]), subnet)
            if chosen is not None:
                self._modify(number, RemoveSubnetIds=[chosen])

    def take_our_group_off(self, number: int) -> None:
        self._modify(number, AddSecurityGroupIds=[self.their_group], RemoveSecurityGroupIds=self.owned_groups)

    def put_their_group_on(self, number: int) -> None:
        self._modify(number, AddSecurityGroupIds=[self.their_group])

    def put_our_group_on(self, number: int, *, alone: bool) -> None:
        if self.owned_groups:
            theirs: dict[str, Any] = {"RemoveSecurityGroupIds": [self.their_group]} if alone else {}
            self._modify(number, AddSecurityGroupIds=self.owned_groups[-1:], **theirs)

    def switch_private_dns(self, number: int, *, on: bool) -> None:
        self._modify(number, PrivateDnsEnabled=on)

    def take_private_names(self, number: int) -> None:
        """Someone else's endpoint comes to hold the private names of an endpoint's service."""
        if endpoint := pick(self.endpoints, number):
            self.switch_private_dns(number, on=False)
            self.let_time_pass(60)
            self.make_endpoint(endpoint["ServiceName"], [0], "their group", private_dns=True)

    def change_policy(self, number: int) -> None:
        policy = '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}'
        self._modify(number, PolicyDocument=policy)

    def _modify(self, number: int, **changes: Any) -> None:
        if endpoint := pick(self.endpoints, number):
            with suppress(ClientError):
                self.api.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], **changes)

    # ---- what people do to security groups

    @property
    def their_group(self) -> str:
        """A group that is none of ours, and lets in everything."""
        if not self._theirs:
            made = self.api.create_security_group(GroupName="theirs", Description="theirs", VpcId=self.vpc_id)
            self._theirs = made["GroupId"]
            self.api.authorize_security_group_ingress(
                GroupId=self._theirs, IpProtocol="-1", CidrIp=EVERYWHERE
            )
        return self._theirs

    def open_group(self, rule: dict[str, Any]) -> None:
        for group in self.owned_groups[:1]:
            with suppress(ClientError):
                self.api.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])  # type: ignore[list-item]

    def make_second_group(self) -> None:
        """A second group comes to bear our name and our marks, and is claimed."""
        with suppress(ClientError):
            name = f"{INSTALLATION.group_name}-copy"
            made = self.api.create_security_group(GroupName=name, Description="copy", VpcId=self.vpc_id)
            self.account.tag(made["GroupId"], owner=STACK, vpc=self.vpc_id)
            self.account.claim(self.vpc_id, made["GroupId"])

    def fill_group(self) -> None:
        for group in self.owned_groups[:1]:
            (found,) = self.account.ec2.truth("DescribeSecurityGroups", GroupIds=[group])["SecurityGroups"]
            there = sum(
                len(rule.get(kind, []))
                for rule in found["IpPermissions"]
                for kind in ("IpRanges", "Ipv6Ranges", "UserIdGroupPairs")
            )
            ranges = FILLING["IpRanges"][: max(60 - there, 0)]
            if ranges:
                self.open_group({**FILLING, "IpRanges": ranges})

    def close_group(self, number: int) -> None:
        """One of its rules goes, with all that it lets in."""
        for group in self.owned_groups[:1]:
            (found,) = self.account.ec2.truth("DescribeSecurityGroups", GroupIds=[group])["SecurityGroups"]
            if rule := pick(found["IpPermissions"], number):
                with suppress(ClientError):
                    self.api.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])

    def let_group_out(self) -> None:
        for group in self.owned_groups[:1]:
            with suppress(ClientError):
                self.api.authorize_security_group_egress(
                    GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]}]
                )

    def delete_group(self) -> None:
        for group in self.owned_groups[:1]:
            with suppress(ClientError):
                self.api.delete_security_group(GroupId=group)

    def take_our_name(self) -> None:
        """Someone else's group bears the name that ours should have."""
        with suppress(ClientError):
            self.api.create_security_group(
                GroupName=INSTALLATION.group_name.upper(), Description="theirs", VpcId=self.vpc_id
            )

    # ---- what people do to tags

    def untag(self, number: int, keys: Sequence[str]) -> None:
        """Something that is ours loses tags."""
        if resource := pick(self.owned_things, number):
            with suppress(ClientError):
                self.api.delete_tags(Resources=[resource], Tags=[{"Key": key} for key in keys])

    def sign(self, number: int, owner: str) -> None:
        """Somebody says whose a group or an endpoint is."""
        groups = [each["GroupId"] for each in self.truth.groups(self.vpc_id) if STACK in each["GroupName"]]
        if resource := pick([*groups, *(each["VpcEndpointId"] for each in self.endpoints)], number):
            self.account.tag(resource, owner=owner)

    def ask(self, profile: str | None) -> None:
        self._tag_vpc(INSTALLATION.profile_key, profile)

    def ask_mode(self, mode: str | None) -> None:
        self._tag_vpc(INSTALLATION.mode_key, mode)

    def _tag_vpc(self, key: str, value: str | None) -> None:
        if value is None:
            self.api.delete_tags(Resources=[self.vpc_id], Tags=[{"Key": key}])
        else:
            self.api.create_tags(Resources=[self.vpc_id], Tags=[{"Key": key, "Value": value}])

    # ---- what AWS does

    def fail_endpoint(self, number: int, state: str | None) -> None:
        if endpoint := pick(self.endpoints, number):
            self.aws.force_state(endpoint["VpcEndpointId"], state, ("Failed", "something") if state else None)

    def lose_endpoint(self, number: int) -> None:
        if endpoint := pick(self.endpoints, number):
            self.aws.delete_endpoint(endpoint["VpcEndpointId"])

    def fill_subnet(self, number: int, *, full: bool) -> None:
        if subnet := pick(self.subnets, number):
            self.aws.free_addresses(subnet, 0 if full else 200)

    def wait_for_the_end_of_the_hour(self) -> None:
        """Until a run made now and the next one are in two hours."""
        self.let_time_pass(HOUR - self.account.clock.now() % HOUR - DEBOUNCE / 2)

    def let_time_pass(self, seconds: float) -> None:
        self.account.clock.advance(seconds)

    # ---- what the remediator does

    def start_cold(self) -> None:
        self.account.ledger = self.account.new_ledger()
        self.account.observer = self.account.new_observer()
        self.account.observer._pool = OneAfterAnother()

    def one_run(self, request: RunRequest | None = None) -> Run:
        """One run, and what holds of every single one."""
        with self.account.calls() as calls:
            done = self._watched_run(request)
        if done.ending in (
            Ending.CONVERGED,
            Ending.LEFT_ALONE,
            Ending.REPORTED,
            Ending.GONE,
            Ending.CONTESTED,
        ):
            assert not self.written(calls), f"{done.ending}, and yet it wrote {self.written(calls)}"
        if done.ending is Ending.BLOCKED:
            assert not self.written(calls, done=True), f"blocked, and yet it wrote {self.written(calls)}"
        return done

    def refuse_deletion(self) -> None:
        """Someone wants to delete the VPC, which something owned may be in the way of."""
        with suppress(ClientError):
            self.api.delete_vpc(VpcId=self.vpc_id)
            raise AssertionError("a VPC with route tables of its own was deleted")
        self.one_run(self._refused(self.vpc_id))

    def refuse_deletion_of_subnet(self, number: int) -> None:
        """Someone wants to delete a subnet, in which endpoints stand perhaps."""
        if subnet := pick(self.subnets, number):
            try:
                self.api.delete_subnet(SubnetId=subnet)
            except ClientError:
                self.one_run(self._refused(subnet))

    def refuse_deletion_of_group(self) -> None:
        """Someone wants to delete a group, which someone put on endpoints perhaps."""
        group = self.their_group
        try:
            self.api.delete_security_group(GroupId=group)
            self._theirs = ""
        except ClientError:
            self.one_run(self._refused(group))

    def _refused(self, resource: str) -> RunRequest:
        return RunRequest(self.vpc_id, int(self.account.clock.now() * 1000), refused=(resource,))

    def run_gone_wrong(self, nth: int, effect: Effect, *, done: bool) -> None:
        """A run whose n-th call fails, or whose caller dies at it."""
        self.account.ec2.faults.on_nth_call(nth, effect, done=done)
        with suppress(Killed):
            self._watched_run(None)
        self.account.ec2.faults.clear()
        assert not self.guard.violations, self.guard.violations

    def _watched_run(self, request: RunRequest | None) -> Run:
        quiet = not self.account.ec2.world.late
        tags, owned = self.tags(self.vpc_id), bool(self.owned_things)
        mode, asked = tags.get(INSTALLATION.mode_key, "enforce"), INSTALLATION.profile_key in tags
        with self.account.calls() as calls:
            done = self.account.one_run(self.vpc_id, request)
        assert not self.guard.violations, self.guard.violations
        if quiet and (mode != "enforce" or not (asked or owned)):
            why = f"mode {mode}, asked {asked}, owned {owned}"
            assert not self.written(calls), f"{why}, and yet it wrote {self.written(calls)}"
        return done

    def converge(self) -> Run:
        """Runs until the VPC is no longer requeued, and one more."""
        done = self.one_run()
        made = [done]
        while done.ending is Ending.REQUEUED:
            assert len(made) < RUNS, f"still requeued: {[each.findings for each in made[-3:]]}"
            self.let_time_pass(DEBOUNCE)
            done = self.one_run(requeue.next_request(done, DEBOUNCE, self.account.clock.now()))
            made.append(done)
        with self.account.calls() as calls:
            again = self.account.one_run(self.vpc_id)
        wrote = self.written(calls, done=True)
        assert wrote == [], f"{done.ending}, and the next pass wrote {wrote}"
        assert not self.guard.violations, self.guard.violations
        assert again.ending is done.ending, f"{done.ending}, then {again}"
        return done

    def converge_for_good(self) -> None:
        """Runs until the VPC is no longer requeued: then there is nothing that AWS alone has to finish.

        Free addresses are no event; whoever lacks them waits for the sweep. So does who was shown less than
        there is.
        """
        self.start_cold()  # what is remembered of services would be forgotten meanwhile
        done = self.converge()
        self.let_time_pass(600)
        with self.account.calls() as calls:
            self.one_run()
        wrote = self.written(calls, done=True)
        full = any(each.reason is Reason.NO_FREE_ADDRESSES for each in done.findings)
        fought = any(each.status is Status.CONTESTED for each in done.findings)
        excused = full or self.late or fought
        assert excused or not wrote, (
            f"{done.ending}, and once AWS was through it wrote {wrote}: {done.findings}"
        )

    def show_late(self, kind: str, seconds: float) -> None:
        self.late = True
        self.aws.show_late(kind, seconds)

    def come_to_rest(self) -> Run:
        """Whatever AWS is at work on is done, and the sweep is made."""
        self.aws.show_late("*", 0)
        self.let_time_pass(73 * HOUR)  # whatever was fought about is over
        done = self.converge()
        self.let_time_pass(300)  # what was deleted in the end is gone
        return done

    @staticmethod
    def written(calls: list[Call], *, done: bool = False) -> list[str]:
        """The calls that ask for a change; or only those that changed something: not refused, and no client
        token that brings back what is there already."""
        return [
            f"{call.action} {call.params}"
            for call in calls
            if call.mutating and not (done and (call.error_code or _brings_back(call)))
        ]

    def opt_out(self) -> None:
        """The opt-in tag goes: all that is owned goes too, and what was adopted is given back."""
        groups, before = set(self.owned_groups), self.given(set(self.owned_groups))
        self.ask(None)
        done = self.converge()
        if grace := self.account.settings.installation.grace_seconds:
            self.let_time_pass(grace)
            done = self.converge()
        assert self.given(groups) == before, f"{self.given(groups)} was {before}"
        if held := [each["VpcEndpointId"] for each in self.endpoints_behind(groups)]:
            # EC2 does not let go of the group, or it would shut clients out: a person mends that.
            assert done.ending is Ending.BLOCKED, done
            assert set(self.owned_things) <= groups, self.owned_things
            for each in held:
                self.delete_endpoint_of(each)
            done = self.come_to_rest()
        assert done.ending is Ending.LEFT_ALONE, done
        self.let_time_pass(300)  # what was deleted in the end is gone
        assert not self.owned_things, self.owned_things

    def given(self, but_groups: set[str]) -> dict[str, Any]:
        """What is someone else's, as it stands, but for these groups."""
        kept = ("PolicyDocument", "Tags", "ServiceName")
        found: dict[str, Any] = {
            each["VpcEndpointId"]: {
                **{key: each.get(key) for key in kept},
                "State": each["State"].lower(),
                "Groups": {group["GroupId"] for group in each["Groups"]} - but_groups,
            }
            for each in self.foreign
        }
        theirs = (each for each in self.truth.groups(self.vpc_id) if not self.owned(each["GroupId"]))
        return found | {each["GroupId"]: each for each in theirs}

    def endpoints_behind(self, groups: set[str]) -> list[Found]:
        return [e for e in self.endpoints if groups & {each["GroupId"] for each in e["Groups"]}]

    # ---- what there should be, and what on EC2's rules cannot be

    def unexplained_faults(self) -> list[str]:
        """What is wrong with the VPC, but for what no remediator could put right; see `obstacle`."""
        obstructed = {service for service in SERVICES if self.obstacle(service)}
        explained = [service.rsplit(".", 1)[1] for service in obstructed] + ["has lost its owner tag"]
        if any(self.their_endpoints_behind(group) for group in sorted(self.owned_groups)[1:]):
            explained += ["more than one", "two owned groups"]
        if any(self.offered(service) is None for service in SERVICES):
            # On doubt nothing is deleted.
            explained += ["more than one", "two owned"]
        return [fault for fault in self._faults(obstructed) if not any(each in fault for each in explained)]

    def their_endpoints_behind(self, group: str) -> list[Found]:
        """Someone else's endpoints that keep an owned group from being deleted."""
        behind = {each["VpcEndpointId"] for each in self.endpoints_behind({group})}
        return [each for each in self.foreign if each["VpcEndpointId"] in behind]

    def _faults(self, obstructed: set[str]) -> Iterator[str]:
        if any(self.offered(service) is None for service in SERVICES):
            # The truth cannot be asked of a service that there is not.
            yield from self.truth._dns_faults(self.vpc_id)
            yield from self.truth._group_faults(self.vpc_id)
        else:
            yield from self.truth.faults(self.vpc_id)
        if len(self.owned_groups) > 1:
            yield "there are two owned groups"
        for service in set(SERVICES) - obstructed:
            owned = [e for e in self.truth.endpoints(self.vpc_id, service) if self.owned(e["VpcEndpointId"])]
            if len(owned) > 1:
                yield f"there are two owned endpoints for {service}"
            for each in owned:
                if "Deny" in each.get("PolicyDocument", ""):
                    yield f"{each['VpcEndpointId']} has the policy of someone else"

    def offered(self, service: str) -> Found | None:
        found = self.account.ec2.world.services.find(service, "Interface")
        return {"Zones": self.account.ec2.world.services.zones_of(found)} if found else None

    def obstacle(self, service: str) -> str:
        """Why the service's endpoint cannot be as it should be, on EC2's rules or by someone else's doing."""
        offered = self.offered(service)
        if offered is None:
            return "the Region does not offer the service"
        private: dict[str, list[Found]] = {}
        for subnet in self.truth.private_subnets(self.vpc_id):
            if subnet["AvailabilityZone"] in offered["Zones"]:
                private.setdefault(subnet["AvailabilityZone"], []).append(subnet)
        if not private:
            return "no private subnet in a zone that the service offers"
        attached = {s for each in self.truth.endpoints(self.vpc_id, service) for s in each["SubnetIds"]}
        for zone, subnets in private.items():
            room = any(s["AvailableIpAddressCount"] > 2 or s["SubnetId"] in attached for s in subnets)
            if not room:
                return f"no free address in {zone}"
        if len(attached) == 1 and len(private) == 1 and self._is_alone(*attached, *private.values()):
            return "its only subnet is no longer private, and EC2 takes no second one in the zone"
        return self._others_obstruct(service)

    def _is_alone(self, subnet_id: str, private: list[Found]) -> bool:
        """Whether a subnet is none of these, and they are all in its zone."""
        (subnet,) = self.account.ec2.truth("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
        return all(
            each["SubnetId"] != subnet_id and each["AvailabilityZone"] == subnet["AvailabilityZone"]
            for each in private
        )

    def _others_obstruct(self, service: str) -> str:
        there = self.truth.endpoints(self.vpc_id, service)
        foreign = [each for each in there if not self.owned(each["VpcEndpointId"])]
        if len(foreign) > 1 or (foreign and len(there) > 1):
            return "someone else's endpoint beside another one"
        for each in foreign:
            if service == LOGS and self.gateways:
                return "someone else's endpoint that the VPC does not ask for"
            if each["State"].lower() != "available":
                return "someone else's endpoint does not serve"
            if self.tags(each["VpcEndpointId"]).get(INSTALLATION.owner_key, STACK) != STACK:
                return "another installation's endpoint"
            if "Deny" in each.get("PolicyDocument", ""):
                return "someone else's endpoint lets only some in"
            private = {subnet["SubnetId"] for subnet in self.truth.private_subnets(self.vpc_id)}
            if not set(each["SubnetIds"]) <= private:
                return "someone else's endpoint stands in a public subnet, and holds the zone"
        return ""


def _brings_back(call: Call) -> bool:
    made = (call.response or {}).get("VpcEndpoint", {})
    return bool(made) and made["CreationTimestamp"].timestamp() < call.time
