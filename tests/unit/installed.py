"""An installation on the sandbox's EC2, with a queue that keeps what it is sent."""

from __future__ import annotations

import io
import json
from typing import Any
from uuid import uuid4

import pytest
from aws_lambda_powertools import Logger

from reconciler.event_bus import EventBus
from reconciler.runtime import Runtime
from tests.account import Account
from tests.unit.fakes import FakeEvents, FakeSqs


class Installation:
    """An account with an installation in it, and what its functions said and sent."""

    def __init__(
        self,
        capsys: pytest.CaptureFixture[str],
        refusing: tuple[str, ...] = (),
        account: Account | None = None,
    ) -> None:
        self.account = account or Account()
        self.sqs = FakeSqs(refusing)
        self._log = io.StringIO()
        self._capsys = capsys
        logger = Logger(service=str(uuid4()), stream=self._log)
        self.runtime = Runtime(
            self.account.settings, logger, self.account.reconciler, self.sqs.client, self.account.clock.now
        )
        self.runtime.__dict__["ledger"] = self.account.ledger
        self.runtime.__dict__["table"] = self.account.new_table()
        self.events = FakeEvents()
        bus = EventBus(lambda: self.events.client, self.account.settings.installation.id, logger.warning)
        self.runtime.__dict__["event_bus"] = bus

    def lines(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [json.loads(line) for line in self._log.getvalue().splitlines()]

    def said(self) -> str:
        return "\n".join(line["message"] for line in self.lines())

    def rejected(self) -> list[str]:
        """The reasons that were counted for inputs that were turned away."""
        lines = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        return [line["Reason"] for line in lines if "InputRejected" in line]

    def asked(self) -> list[tuple[str, str]]:
        """Which queue was asked for what."""
        return [(url, entry["MessageGroupId"]) for url, entries in self.sqs.calls for entry in entries]
