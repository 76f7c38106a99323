"""The installation as one process: what its handlers do of a batch of events, or of a sweep where there are
none, until no run is asked for any more. Start it as `python -m benchmarks.one_process FOLDER`, with EC2
behind `AWS_ENDPOINT_URL_EC2`.

The ledger, the queues and the bus are in memory. Nothing waits: the clock is moved to when the next message
is due.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from functions.intake import app as intake
from functions.reconcile import app as reconcile
from functions.sweep import app as sweep
from reconciler.event_bus import EventBus
from reconciler.ledger import Ledger
from reconciler.runtime import Runtime
from reconciler.table import Table
from tests.fifo_queue import FifoQueue, Message
from tests.unit.fakes import FakeDynamo, FakeEvents

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sqs import SQSClient


class _Context:
    """An invocation that has time."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


class _Installation:
    """What the functions share. `now` is seconds since 1970."""

    def __init__(self, now: float, ledger: list[dict[str, Any]]) -> None:
        self._now = now
        self.dynamo = FakeDynamo()
        self.dynamo.items = {(each["pk"]["S"], each["sk"]["S"]): each for each in ledger}
        self.vpc_queue = FifoQueue(self.now, sweep.RUNTIME.settings.debounce)
        self.asked: set[str] = set()
        self.runs = 0

    def now(self) -> float:
        return self._now

    def move_in(self, runtime: Runtime) -> Runtime:
        """Give a function these instead of AWS's."""
        settings, say = runtime.settings, runtime.logger.warning
        runtime.now, runtime.sqs = self.now, cast("SQSClient", self)
        table = Table(lambda: self.dynamo.client, settings.ledger_table, say)
        bus = EventBus(lambda: FakeEvents().client, settings.installation.id, say)
        ledger = Ledger(table, settings.installation.id)
        vars(runtime).update(table=table, event_bus=bus, ledger=ledger)
        return runtime

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Any:  # noqa: N803
        """As SQS does."""
        if QueueUrl != sweep.RUNTIME.settings.pass_queue_url:
            sys.exit("a sweep was asked for, which is no part of this")
        for entry in Entries:
            self.asked.add(entry["MessageGroupId"])
            self.vpc_queue.send(entry)
        return {"Successful": []}

    def reconcile(self) -> None:
        """Make runs until none is asked for."""
        runtime, context = self.move_in(reconcile.RUNTIME), cast("LambdaContext", _Context())
        while not self.vpc_queue.is_empty():
            self._now += self.vpc_queue.due_in()
            message = self.vpc_queue.receive()
            if message is None:
                sys.exit("a run failed again and again")
            self.runs += 1
            if not reconcile.handle(_records(message), context, runtime)["batchItemFailures"]:
                self.vpc_queue.delete(message)


def _records(message: Message) -> dict[str, Any]:
    attributes = {"MessageGroupId": message.group, "ApproximateReceiveCount": str(message.receives)}
    return {"Records": [_record(message.id, message.body) | {"attributes": attributes}]}


def _record(message_id: str, body: str) -> dict[str, Any]:
    return {"messageId": message_id, "receiptHandle": message_id, "body": body, "eventSource": "aws:sqs"}


def main(place: str) -> None:
    """Do the task that lies in a folder, and leave there what was done."""
    folder = Path(place)
    task = json.loads((folder / "task.json").read_text("utf-8"))
    here = _Installation(task["now"], task["ledger"])
    if events := task["events"]:
        batch = {"Records": [_record(f"event-{n}", json.dumps(each)) for n, each in enumerate(events)]}
        intake.handle(batch, cast("LambdaContext", _Context()), here.move_in(intake.RUNTIME))
    else:
        sweep.handle({}, here.move_in(sweep.RUNTIME), "sweep", here.now() + 300)
    here.reconcile()
    done = {"asked": sorted(here.asked), "runs": here.runs}
    (folder / "done.json").write_text(json.dumps(done), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
