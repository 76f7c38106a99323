"""An installation at work on a simulated clock: the deployed handlers, the VPC queue, workers side by side.

The workers take messages as Lambda does with `BatchSize` 1 and `MaximumConcurrency`; each has a process of
its own. A call to EC2 or to the ledger takes time, in which the others go on. SQS and the bus answer at once,
and no invocation is slow to start.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import Mock
from uuid import uuid4

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.reconcile import app as reconcile
from reconciler.event_bus import EventBus
from reconciler.messages import RunRequest
from reconciler.runtime import Runtime
from sandbox.ec2 import Killed
from tests.account import DEBOUNCE, ROLE, Account
from tests.ec2.worlds import OneAfterAnother
from tests.fifo_queue import FifoQueue, Message
from tests.side_by_side import SideBySide
from tests.unit.fakes import FakeDynamo, FakeEvents

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

CONTEXT = cast("LambdaContext", Mock(spec=LambdaContext, get_remaining_time_in_millis=lambda: 100_000))
# Of a call, in seconds. Nine reads of a run go side by side on AWS, and one after another here.
READ_SECONDS, WRITE_SECONDS, LEDGER_SECONDS = (0.01, 0.05), (0.2, 1.2), (0.005, 0.01)


@dataclass(frozen=True)
class Ran:
    """An invocation of reconcile. `ending` is empty where it was killed, or made no run; `attempt` is 0 where
    an event asked for it."""

    vpc_id: str
    began: float
    ended: float
    ending: str
    attempt: int


class _Sqs:
    """The queues' sending side. What is asked of the queue of sweeps is kept."""

    def __init__(self, vpc_queue: FifoQueue) -> None:
        self.vpc_queue = vpc_queue
        self.sweeps: list[Any] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Any:  # noqa: N803
        assert 1 <= len(Entries) <= 10
        for entry in Entries:
            if QueueUrl == "passes":
                self.vpc_queue.send(entry)
            else:
                self.sweeps.append(entry)
        return {"Successful": []}

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803
        assert QueueUrl == "passes"
        self.vpc_queue.put_off(ReceiptHandle, VisibilityTimeout)


class _SlowDynamo(FakeDynamo):
    """A table whose calls take time."""

    def __init__(self, of: FakeDynamo, pause: Callable[[], None]) -> None:
        super().__init__()
        self.items = of.items
        self._pause = pause

    def _call(self, name: str) -> None:
        self._pause()
        super()._call(name)


class AtWork:
    """The installation of an account, at work. `paced` says whether runs share a budget of endpoint calls;
    `choose` is that of `SideBySide`; with `quick`, calls take no time."""

    def __init__(
        self,
        account: Account,
        workers: int = 2,
        *,
        paced: bool = True,
        quick: bool = False,
        choose: Callable[[int], int] = lambda _due: 0,
    ) -> None:
        self.account = account
        self.side_by_side = SideBySide(account.clock, choose)
        self.queue = FifoQueue(account.clock.now, DEBOUNCE)
        self.sqs = _Sqs(self.queue)
        self.ran: list[Ran] = []
        self.log = io.StringIO()
        self.metrics = io.StringIO()
        self._paced = paced
        self._random = random.Random(0)
        self._quick = quick
        self._scripted = 0
        account.dynamo = _SlowDynamo(account.dynamo, lambda: self._take_time(LEDGER_SECONDS))
        account.ledger = account.new_ledger()
        for _ in range(workers):
            self.side_by_side.start(self._work)

    @property
    def now(self) -> float:
        return self.account.clock.now()

    def ask(self, vpc_ids: Iterable[str]) -> None:
        """Ask for runs, as intake does of a batch."""
        seen = int(self.now * 1000)
        requests = [RunRequest(each, seen, correlation_id=f"event-{each}") for each in vpc_ids]
        self.runtime().vpc_queue.request_runs(requests, self.now)

    def at(self, seconds: float, work: Callable[[], None]) -> None:
        """Have something happen after so many seconds."""
        self._scripted += 1

        def once() -> None:
            work()
            self._scripted -= 1

        self.side_by_side.start(once, seconds)

    def run(self) -> None:
        """Work until the queue is empty and nothing is to happen any more."""
        with redirect_stdout(self.metrics):
            self.side_by_side.run()

    def runtime(self) -> Runtime:
        """What a process of a function makes when it starts."""
        account = self.account
        client = account.ec2.client(ROLE)
        client.meta.events.register_first("before-send.ec2", self._before_call)
        logger = Logger(service=str(uuid4()), stream=self.log)
        sqs = cast("SQSClient", self.sqs)
        made = Runtime(account.settings, logger, client, sqs, account.clock.now)
        made.meter.attach(client)
        made.__dict__["ledger"] = account.new_ledger()
        made.__dict__["table"] = account.new_table()
        made.__dict__["event_bus"] = EventBus(
            lambda: FakeEvents().client, account.settings.installation.id, logger.warning
        )
        made.observer._clock, made.observer._pool = account.clock.now, OneAfterAnother()
        if not self._paced:
            made.__dict__["means"] = replace(made.means, budget=None)
        return made

    def lines(self) -> list[Any]:
        """What was logged."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def _before_call(self, request: Any, **_: Any) -> None:
        body = request.body if isinstance(request.body, str) else (request.body or b"").decode()
        self._take_time(READ_SECONDS if "Action=Describe" in body else WRITE_SECONDS)

    def _take_time(self, seconds: tuple[float, float]) -> None:
        self.side_by_side.pause(0.0 if self._quick else self._random.uniform(*seconds))

    def _work(self) -> None:
        runtime = self.runtime()
        while self._scripted or not self.queue.is_empty():
            message = self.queue.receive()
            if message is None:
                self.side_by_side.pause(min(max(self.queue.due_in(), 0.05), 1.0))
                continue
            began, said = self.now, self.log.tell()
            attempt = json.loads(message.body).get("attempts", 0)
            try:
                answer = reconcile.handle(_event(message), CONTEXT, runtime)
            except Killed:
                runtime = self.runtime()
                self.ran.append(Ran(message.group, began, self.now, "", attempt))
                continue
            ending = self._ending(message.group, said)
            self.ran.append(Ran(message.group, began, self.now, ending, attempt))
            if not answer["batchItemFailures"]:
                self.queue.delete(message)

    def _ending(self, vpc_id: str, said: int) -> str:
        self.log.seek(said)
        lines = map(json.loads, self.log.read().splitlines())
        of_run = [each["ending"] for each in lines if each.get("ending") and each["vpc_id"] == vpc_id]
        return of_run[0] if of_run else ""


def _event(message: Message) -> dict[str, Any]:
    record = {
        "messageId": message.id,
        "receiptHandle": message.id,
        "body": message.body,
        "attributes": {"MessageGroupId": message.group, "ApproximateReceiveCount": str(message.receives)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:runs.fifo",
        "awsRegion": "eu-west-1",
    }
    return {"Records": [record]}
