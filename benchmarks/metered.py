"""An account of the sandbox whose ledger counts units as DynamoDB bills them, and whose handlers can be
weighed: the CPU that they use without the sandbox's own, and the bytes that they log."""

from __future__ import annotations

import io
import json
import math
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, cast
from unittest.mock import Mock
from uuid import uuid4

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

import tests.conftest  # noqa: F401 - the environment of the functions
from reconciler.event_bus import EventBus
from reconciler.runtime import Runtime
from tests import cut_model
from tests.account import ROLE, Account
from tests.ec2.worlds import OneAfterAnother
from tests.unit.fakes import FakeDynamo, FakeEvents, FakeSqs

CONTEXT = cast("LambdaContext", Mock(spec=LambdaContext, get_remaining_time_in_millis=lambda: 100_000))
# A unit is so many bytes read consistently, or written (facts, section 13).
_READ_UNIT, _WRITE_UNIT = 4096, 1024


class MeteredDynamo(FakeDynamo):
    """A table that counts the units of what it is asked. An item's size is taken to be that of its JSON,
    which is a little more than DynamoDB's own."""

    def __init__(self, items: dict[tuple[str, str], dict[str, Any]]) -> None:
        super().__init__()
        self.items = items
        self.read_units = 0
        self.write_units = 0

    def get_item(self, **request: Any) -> Any:
        answer = super().get_item(**request)
        self.read_units += _units(answer, _READ_UNIT)
        return answer

    def query(self, **request: Any) -> Any:
        answer = super().query(**request)
        self.read_units += _units(answer["Items"], _READ_UNIT)
        return answer

    def batch_get_item(self, **request: Any) -> Any:
        answer = super().batch_get_item(**request)
        ((table, wanted),) = request["RequestItems"].items()
        found = answer["Responses"][table]
        # What is not there is billed too.
        self.read_units += sum(_units(each, _READ_UNIT) for each in found) + len(wanted["Keys"]) - len(found)
        return answer

    def put_item(self, **request: Any) -> dict[str, Any]:
        self.write_units += _units(request["Item"], _WRITE_UNIT)
        return super().put_item(**request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        self.write_units += 1
        return super().update_item(**request)

    def batch_write_item(self, **request: Any) -> Any:
        ((_, requests),) = request["RequestItems"].items()
        self.write_units += sum(_units(each["PutRequest"]["Item"], _WRITE_UNIT) for each in requests)
        return super().batch_write_item(**request)


def _units(value: Any, unit: int) -> int:
    return max(1, math.ceil(len(json.dumps(value)) / unit))


@dataclass(frozen=True)
class Weight:
    """An invocation: seconds of CPU of the handler alone, bytes that it logs, metrics among them, units that
    it reads and writes in the ledger, finding events, messages sent, and calls to EC2."""

    cpu: float
    log_bytes: int
    ledger_reads: int
    ledger_writes: int
    events: int
    messages: int
    calls: int


class MeteredAccount(Account):
    """An account with a metered ledger, and a process of the functions in it."""

    def __init__(self) -> None:
        super().__init__()
        self.metered = self.dynamo = MeteredDynamo(self.dynamo.items)
        self.in_ec2 = 0.0
        answer = self.ec2.answer

        def timed(*asked: Any) -> Any:
            began = time.thread_time()
            try:
                return answer(*asked)
            finally:
                self.in_ec2 += time.thread_time() - began

        setattr(self.ec2, "answer", timed)  # noqa: B010 - a method is replaced
        self._log, self._metrics = io.StringIO(), io.StringIO()
        self._sqs, self._bus = FakeSqs(), FakeEvents()
        self.runtime = self._started()

    def _started(self) -> Runtime:
        client = self.ec2.client(ROLE, cut_model.folder())
        logger = Logger(service=str(uuid4()), stream=self._log)
        made = Runtime(self.settings, logger, client, self._sqs.client, self.clock.now)
        made.meter.attach(client)
        made.__dict__["ledger"], made.__dict__["table"] = self.new_ledger(), self.new_table()
        made.__dict__["event_bus"] = EventBus(
            lambda: self._bus.client, self.settings.installation.id, logger.warning
        )
        made.observer._clock, made.observer._pool = self.clock.now, OneAfterAnother()
        return made

    def weigh(self, handle: Callable[[], object]) -> Weight:
        """What one invocation takes."""
        before = self._so_far()
        with self.calls() as calls, redirect_stdout(self._metrics):
            began, in_ec2 = time.process_time(), self.in_ec2
            handle()
            cpu = time.process_time() - began - (self.in_ec2 - in_ec2)
        after = self._so_far()
        counts = {name: after[name] - before[name] for name in after}
        return Weight(cpu=cpu, calls=len(calls), **counts)

    def _so_far(self) -> dict[str, int]:
        return {
            "log_bytes": self._log.tell() + self._metrics.tell(),
            "ledger_reads": self.metered.read_units,
            "ledger_writes": self.metered.write_units,
            "events": len(self._bus.sent),
            "messages": len(self._sqs.sent),
        }
