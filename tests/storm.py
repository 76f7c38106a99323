"""A storm: thousands of events in a minute, of opted-in VPCs and of others, out of order, more than once.

They are CloudTrail's events of calls that a customer truly makes, as far as the deployed rules let them pass.
The event queue is a standard one; intake takes it in batches as its mapping does.
"""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from functions.intake import app as intake
from sandbox.ec2 import Call
from sandbox.networks import make_network
from sandbox.trail.cloudtrail import TagChanges, cloudtrail_event
from tests.account import DEBOUNCE, Account
from tests.at_work import CONTEXT, AtWork
from tests.template.deployed import patterns
from tests.template.matching import matching

SECONDS = 60.0
# As `template.yaml` sets the event queue and its mapping up.
BATCH, WINDOW, VISIBILITY, RECEIVES, PROCESSES = 500, 5.0, 90.0, 10, 2
# Of what is done, so much is told of twice.
DUPLICATES = 0.4


@dataclass(order=True)
class _Message:
    visible_at: float
    id: str
    body: str = field(compare=False)
    receives: int = field(default=0, compare=False)


@dataclass
class Storm:
    """A storm that was lived through. Times are seconds since 1970; `told` are the events of opted-in VPCs
    that the rules let pass, by when they happened; `batches` are the EC2 calls of each batch."""

    account: Account
    ours: list[str]
    others: list[str]
    at_work: AtWork
    told: list[tuple[float, str]] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    sent: int = 0
    dead: int = 0
    last_batch: float = 0.0
    _queue: list[_Message] = field(default_factory=list)
    _over: bool = False

    @property
    def windows(self) -> int:
        """How many windows of the queue the requests were spread over, at most."""
        first = min(at for at, _ in self.told)
        return int((self.last_batch - first) // DEBOUNCE) + 2

    @property
    def asked_runs(self) -> int:
        """How many runs events asked for. Those that follow from what they found are not counted."""
        return sum(each.attempt == 0 for each in self.at_work.ran)

    def uncovered(self) -> list[tuple[float, str]]:
        """The events after which no run of their VPC began that events had asked for."""
        last: dict[str, float] = {}
        for each in (one for one in self.at_work.ran if one.attempt == 0):
            last[each.vpc_id] = max(each.began, last.get(each.vpc_id, 0.0))
        return [(at, vpc_id) for at, vpc_id in self.told if last.get(vpc_id, 0.0) < at]

    # ---- what is done, and told of

    def rage(self, events: int, chance: random.Random) -> None:
        """Make calls for a minute, until so many events were sent."""
        rules, of_tags = patterns(), TagChanges(self.account.ec2.account, self.account.ec2.region, self._tags)
        told: list[tuple[Call, str]] = []
        self.account.ec2.on_call(lambda call: told.append((call, current[0])))
        current, doings = [""], {each: _doings(self.account, each) for each in (*self.ours, *self.others)}
        often = [*self.ours * 4, *self.others]
        while self.sent < events:
            current[0] = chance.choice(often)
            told.clear()
            next(doings[current[0]])
            for call, vpc_id in told:
                for event in (_event(call, self.account), *of_tags.events(call)):
                    if matching(rules, event):
                        self._send(event, vpc_id, call.time, chance)
            self.at_work.side_by_side.pause(SECONDS / events)
        self._over = True

    def _tags(self, resource: str) -> dict[str, str]:
        return self.account.ec2.tags_of(resource)

    def _send(self, event: dict[str, Any], vpc_id: str, at: float, chance: random.Random) -> None:
        if vpc_id in self.ours:
            self.told.append((at, vpc_id))
        for _ in range(1 + (chance.random() < DUPLICATES)):
            late = chance.uniform(0.5, 20) if chance.random() < 0.9 else chance.uniform(20, 90)
            heapq.heappush(self._queue, _Message(at + late, f"event-message-{self.sent}", json.dumps(event)))
            self.sent += 1

    # ---- intake

    def take_in(self) -> None:
        """One process of intake, until all is taken in."""
        runtime, calls = self.at_work.runtime(), list[str]()
        runtime.ec2.meta.events.register_first("before-send.ec2", lambda **_: calls.append("one"))
        while not self._over or self._queue:
            self.at_work.side_by_side.pause(WINDOW)
            batch: list[_Message] = []
            while self._queue and len(batch) < BATCH and self._queue[0].visible_at <= self.at_work.now:
                batch.append(heapq.heappop(self._queue))
            if not batch:
                continue
            calls.clear()
            answer = intake.handle({"Records": [_record(each) for each in batch]}, CONTEXT, runtime)
            failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
            self.batches.append(len(calls))
            self.last_batch = self.at_work.now
            for each in batch:
                if each.id in failed:
                    each.receives += 1
                    each.visible_at = self.at_work.now + VISIBILITY
                    if each.receives < RECEIVES:
                        heapq.heappush(self._queue, each)
                    else:
                        self.dead += 1


def storm(ours: int, others: int, events: int, account: Account | None = None) -> Storm:
    """A storm over so many opted-in VPCs, all as they should be, and so many others."""
    account = account or Account()
    numbers = iter(range(1, 1 + ours + others))
    opted_in = [account.converged_vpc(number=number % 256) for number in _first(ours, numbers)]
    foreign = [make_network(account.customer, number % 256, "a").vpc for number in numbers]
    account.clock.advance(3600)
    at_work = AtWork(account)
    lived = Storm(account, opted_in, foreign, at_work)
    for _ in range(PROCESSES):
        at_work.at(0, lived.take_in)
    at_work.at(1, lambda: lived.rage(events, random.Random(1)))
    at_work.run()
    return lived


def _first(count: int, numbers: Iterator[int]) -> Iterator[int]:
    return (next(numbers) for _ in range(count))


def _event(call: Call, account: Account) -> dict[str, Any]:
    return cloudtrail_event(call, account.ec2.account, account.ec2.region)


def _doings(account: Account, vpc_id: str) -> Iterator[None]:
    """What people do in a VPC, over and over; a call a time."""
    ec2, among = account.customer, [{"Name": "vpc-id", "Values": [vpc_id]}]
    block = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]["CidrBlock"].split(".")[1]
    group = ec2.create_security_group(VpcId=vpc_id, GroupName="theirs", Description="theirs")["GroupId"]
    rule: Any = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    subnet, free = "", True
    while True:
        table = ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
        yield
        if free:
            subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.{block}.77.0/24")["Subnet"]["SubnetId"]
            free = False
            yield
        association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        yield
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
        yield
        ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
        yield
        ec2.disassociate_route_table(AssociationId=association)
        yield
        for each in account.ec2.truth("DescribeVpcEndpoints", Filters=among)["VpcEndpoints"]:
            if each["State"].lower() == "available":
                ec2.delete_vpc_endpoints(VpcEndpointIds=[each["VpcEndpointId"]])
                break
        yield
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule)
        yield
        ec2.create_tags(Resources=[vpc_id], Tags=[{"Key": "team", "Value": "blue"}])
        yield
        with suppress(ClientError):  # an endpoint may stand in it
            ec2.delete_subnet(SubnetId=subnet)
            free = True
        yield


def _record(message: _Message) -> dict[str, Any]:
    return {
        "messageId": message.id,
        "receiptHandle": message.id,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.receives + 1)},
        "eventSource": "aws:sqs",
    }
