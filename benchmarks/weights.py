"""What an invocation takes: CPU, log, ledger, calls by name. The simulation and the cost stand on it."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from benchmarks.metered import CONTEXT, MeteredAccount, Weight
from functions.intake import app as intake
from functions.reconcile import app as reconcile
from functions.sweep import app as sweep
from reconciler.messages import RunRequest
from sandbox.ec2 import Call
from sandbox.trail.cloudtrail import Event, cloudtrail_event

Prepared = TypeVar("Prepared")
VPCS = 100
TURNS = 5
# How the page calls a row, where its name alone would mislead.
LABELS = {
    "run, nothing to do": "run, nothing to do, the first of its process for an hour: it reads as from cold",
}
_RULE: Any = [
    {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
]


def weigh() -> dict[str, Any]:
    """Weights of each kind of invocation, in an account with a hundred VPCs that are as they should be."""
    account = MeteredAccount()
    vpc_ids = [account.converged_vpc(number=number) for number in range(1, VPCS + 1)]
    account.clock.advance(3600)
    scales = _Scales(account)
    theirs = account.customer.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    groups = iter(range(TURNS + 1))

    def in_a_new_group(_turn: int) -> Event:
        return scales.event_of(lambda: _allow(account, _group(account, theirs, f"theirs-{next(groups)}")))

    def of_ours(turn: int) -> Event:
        return scales.event_of(lambda: account.customer.create_route_table(VpcId=vpc_ids[turn]))

    known = in_a_new_group(0)
    scales.put("intake, one event of others, of a thing that is new", in_a_new_group, scales.take_in)
    scales.put("intake, one event of others", lambda _: known, scales.take_in)
    scales.put("intake, 100 events of others", lambda _: known, lambda event: scales.take_in(event, 100))
    scales.put("intake, one event of ours", of_ours, scales.take_in)
    scales.put("run, nothing to do", lambda turn: vpc_ids[50 + turn], scales.run)
    scales.put("run, rules put back", lambda turn: _close(account, vpc_ids[turn]), scales.run)
    scales.put("run, found put right", lambda turn: vpc_ids[turn], scales.run)
    for vpc_id in vpc_ids[10 : 10 + TURNS]:
        endpoint = account.truth.endpoints(vpc_id)[0]
        account.customer.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    account.clock.advance(120)
    scales.put("run, an endpoint made", lambda turn: vpc_ids[10 + turn], scales.run)
    for vpc_id in vpc_ids[: 10 + TURNS]:
        account.clock.advance(3600)
        account.converge(vpc_id)
    for _ in range(2):
        account.clock.advance(3600)
        account.weigh(scales.sweep)
    scales.put("sweep of 100 VPCs", lambda _: account.clock.advance(3600), lambda _: scales.sweep())
    return {"invocations": scales.weights, "actions": scales.actions}


class _Scales:
    """Weighs invocations in an account, each kind a few times."""

    def __init__(self, account: MeteredAccount) -> None:
        self.weights: dict[str, dict[str, float]] = {}
        self.actions: dict[str, dict[str, float]] = {}
        self._account = account
        self._heard: list[Call] = []
        account.ec2.on_call(self._heard.append)

    def put(
        self, name: str, prepare: Callable[[int], Prepared], handle: Callable[[Prepared], object]
    ) -> None:
        """Weigh what handles that which was prepared: the median of the CPU, the largest of the counts."""
        weights: list[Weight] = []
        actions: Counter[str] = Counter()
        for turn in range(TURNS):
            prepared = prepare(turn)
            self._account.clock.advance(10)  # EC2 shows by then what was done
            with self._account.calls() as calls:
                weights.append(self._account.weigh(lambda given=prepared: handle(given)))  # type: ignore[misc]
            actions.update(call.action for call in calls)
        counts = {
            each: max(getattr(weight, each) for weight in weights)
            for each in Weight.__annotations__
            if each != "cpu"
        }
        self.weights[name] = {"cpu": round(statistics.median(each.cpu for each in weights), 5), **counts}
        self.actions[name] = {action: count / TURNS for action, count in sorted(actions.items())}

    def event_of(self, doing: Callable[[], object]) -> Event:
        """CloudTrail's event of the last call that a customer makes."""
        self._heard.clear()
        doing()
        ec2 = self._account.ec2
        return cloudtrail_event(self._heard[-1], ec2.account, ec2.region)

    def take_in(self, event: Event, times: int = 1) -> None:
        """A batch of intake's, with an event so many times."""
        records = [{"messageId": str(number), "body": json.dumps(event)} | _OF_SQS for number in range(times)]
        answer = intake.handle({"Records": records}, CONTEXT, self._account.runtime)
        assert answer == {"batchItemFailures": []}

    def run(self, vpc_id: str) -> None:
        """A run of a VPC."""
        request = RunRequest(vpc_id, int(self._account.clock.now() * 1000), correlation_id="event")
        record = {"messageId": "m", "body": request.to_json()} | _OF_SQS
        reconcile.handle({"Records": [record]}, CONTEXT, self._account.runtime)

    def sweep(self) -> None:
        """A sweep of the Region."""
        sweep.handle({}, self._account.runtime, "sweep", self._account.clock.now() + 240)


def _group(account: MeteredAccount, vpc_id: str, name: str) -> str:
    return account.customer.create_security_group(VpcId=vpc_id, GroupName=name, Description=name)["GroupId"]


def _allow(account: MeteredAccount, group_id: str) -> None:
    account.customer.authorize_security_group_ingress(GroupId=group_id, IpPermissions=_RULE)


def _close(account: MeteredAccount, vpc_id: str) -> str:
    """Someone closes the owned group of a VPC."""
    group = account.truth.owned_group(vpc_id)
    assert group
    account.customer.revoke_security_group_ingress(
        GroupId=group["GroupId"], IpPermissions=group["IpPermissions"]
    )
    return vpc_id


_OF_SQS = {
    "receiptHandle": "handle",
    "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "vpc"},
    "messageAttributes": {},
    "eventSource": "aws:sqs",
    "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:runs.fifo",
    "awsRegion": "eu-west-1",
}
