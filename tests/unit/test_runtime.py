"""The deadline: a run starts no write that may not finish within the function's time, whatever hangs."""

from __future__ import annotations

import io
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, cast
from unittest.mock import Mock
from uuid import uuid4

import boto3
import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from functions.reconcile import app as reconcile
from reconciler import runtime
from reconciler.published import Function
from reconciler.runtime import Runtime
from tests.account import Account
from tests.template import deployed
from tests.unit.fakes import FakeSqs

# What botocore waits before its one retry, at most.
PAUSE = 1.0
TIMEOUT: int = deployed.resources("AWS::Serverless::Function")["ReconcileFunction"]["Timeout"]


def longest(config: Any) -> float:
    """What a call may take: each attempt hangs for as long as it may."""
    attempts = config.retries["total_max_attempts"]
    assert (config.retries["mode"], attempts) == ("standard", 2)
    return float(attempts * (config.connect_timeout + config.read_timeout)) + PAUSE


QUICK, BRIEF = longest(runtime._QUICK), longest(runtime._BRIEF)

# ---- the sums


def test_a_write_that_starts_at_the_deadline_and_hangs_ends_with_the_runs_requeue_in_time() -> None:
    """After it, the ledger, the bus and the queue may hang too."""
    world = Runtime(Account().settings, Logger(), Mock(), Mock(), now=lambda: 0.0)
    assert QUICK == runtime.LONGEST_CALL_SECONDS
    assert world.deadline(TIMEOUT) + QUICK + 2 * BRIEF + QUICK < TIMEOUT


def test_a_run_in_which_every_read_hangs_ends_in_time() -> None:
    """The ledger, the profiles, EC2, the queue. EC2's reads run side by side, in two goes at most."""
    assert BRIEF + QUICK + 2 * QUICK + QUICK < TIMEOUT


def test_a_read_that_hangs_and_is_answered_at_the_second_try_leaves_time_to_heal() -> None:
    world = Runtime(Account().settings, Logger(), Mock(), Mock(), now=lambda: 0.0)
    assert world.deadline(TIMEOUT) > BRIEF + QUICK


def test_the_clients_have_the_time_outs_that_the_sums_are_made_with(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}

    def client(name: str, config: Config) -> Mock:
        made[name] = config
        return Mock(name=name)

    monkeypatch.setattr(runtime, "_client", client)
    monkeypatch.setenv("PROFILES_PARAMETER", "/profiles")
    world = Runtime.start(Function.RECONCILE)
    with pytest.raises(TypeError):
        world.ledger.read("vpc-1")
    with pytest.raises(TypeError):
        world.profiles.current()  # what the mock answers is no document
    assert {name: longest(config) for name, config in made.items()} == {
        "ec2": QUICK,
        "sqs": QUICK,
        "ssm": QUICK,
        "dynamodb": BRIEF,
    }


# ---- an EC2 that hangs


class Hanging:
    """A server that accepts every connection, and never answers."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._held: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def connections(self) -> int:
        return len(self._held)

    def _accept(self) -> None:
        while True:
            try:
                self._held.append(self._socket.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        for each in (self._socket, *self._held):
            each.close()


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    server = Hanging()
    yield server
    server.close()


# The same time-outs, thirty times as short.
SHORT = Config(connect_timeout=0.1, read_timeout=0.25, retries={"mode": "standard", "total_max_attempts": 2})


class Here:
    """An installation whose EC2 answers reads, and hangs on writes; or hangs on everything."""

    def __init__(self, hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(runtime, "LONGEST_CALL_SECONDS", longest(SHORT))
        monkeypatch.setattr(runtime, "AFTER_LAST_WRITE_SECONDS", 1.0)
        self.account = Account()
        self.hung = boto3.client("ec2", endpoint_url=hanging.url, config=SHORT)
        self.writes: list[tuple[str, float]] = []
        self.sqs, self.log = FakeSqs(), io.StringIO()

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("describe_", "get_")):
            return getattr(self.account.reconciler, name)
        self.writes.append((name, time.time()))
        return getattr(self.hung, name)

    def handle(self, vpc_id: str, ec2: Any, remaining: float) -> float:
        """Let the function handle a message; gives how long it took, in seconds."""
        logger = Logger(service=str(uuid4()), stream=self.log)
        world = Runtime(self.account.settings, logger, ec2, self.sqs.client)
        world.__dict__["ledger"] = self.account.ledger
        context = Mock(spec=LambdaContext, get_remaining_time_in_millis=lambda: int(remaining * 1000))
        record = {
            "messageId": "message-1",
            "receiptHandle": "x",
            "body": json.dumps({"vpc_id": vpc_id, "first_seen": 1}),
            "attributes": {"MessageGroupId": vpc_id, "ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:runs.fifo",
            "awsRegion": "eu-west-1",
        }
        since = time.monotonic()
        answer = reconcile.handle({"Records": [record]}, cast("LambdaContext", context), world)
        assert answer == {"batchItemFailures": []}
        return time.monotonic() - since

    @property
    def next_request(self) -> dict[str, Any]:
        [message] = self.sqs.sent
        request: dict[str, Any] = json.loads(message["MessageBody"])
        return request

    def broken_vpc(self) -> str:
        """A VPC with more that is wrong than a run has time for."""
        vpc_id = self.account.converged_vpc()
        customer, group = self.account.customer, self.account.truth.owned_group(vpc_id)
        assert group is not None
        customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
        customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": False})
        customer.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
        endpoints = customer.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])
        owned = [group["GroupId"], *(each["VpcEndpointId"] for each in endpoints["VpcEndpoints"])]
        customer.delete_tags(Resources=owned, Tags=[{"Key": "Name"}])
        return vpc_id


@pytest.fixture
def here(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> Here:
    return Here(hanging, monkeypatch)


def test_a_run_whose_writes_hang_starts_none_after_the_deadline_and_requeues_in_time(
    here: Here, hanging: Hanging
) -> None:
    vpc_id, remaining = here.broken_vpc(), longest(SHORT) + 3.0
    deadline = time.time() + remaining - longest(SHORT) - 1.0
    took = here.handle(vpc_id, here, remaining)
    assert took < remaining
    assert here.writes
    assert all(at <= deadline + 0.5 for _, at in here.writes)
    assert hanging.connections == 2 * len(here.writes), "each was tried twice, and no other"
    assert "no time left in this run" in here.log.getvalue()
    assert (here.next_request["vpc_id"], here.next_request["failures"]) == (vpc_id, 1)


def test_a_run_that_begins_too_late_starts_no_write_and_requeues(here: Here, hanging: Hanging) -> None:
    vpc_id = here.broken_vpc()
    here.handle(vpc_id, here, longest(SHORT) + 0.9)
    assert (here.writes, hanging.connections) == ([], 0)
    found = re.findall(r"waiting \(no time left in this run\)", here.log.getvalue())
    assert len(found) == 6
    assert (here.next_request["vpc_id"], here.next_request["failures"]) == (vpc_id, 0)


def test_a_run_whose_reads_hang_requeues_in_time(here: Here, hanging: Hanging) -> None:
    vpc_id = here.account.vpc()
    took = here.handle(vpc_id, here.hung, remaining=2 * longest(SHORT) + 1.0)
    assert took < 2 * longest(SHORT) + 1.0
    assert hanging.connections > 0
    assert (here.next_request["vpc_id"], here.next_request["failures"]) == (vpc_id, 1)
    assert "could not read EC2: ReadTimeoutError" in here.log.getvalue()
