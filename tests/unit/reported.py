"""What a report prints, as CloudWatch would understand it; and findings to report."""

from __future__ import annotations

import io
import json
from typing import Any
from uuid import uuid4

import pytest
from aws_lambda_powertools import Logger

from reconciler.conclusion import Ending, Run
from reconciler.domain.counts import Concluded, tally
from reconciler.domain.findings import Finding, Kind, Reason, Status
from reconciler.messages import RunRequest

NOW = 1_795_420_800.0
VPC_ID = "vpc-0a1b2c3d"
FIRST_SEEN = int(NOW * 1000) - 61_500

DNS = Finding(Kind.DNS_SUPPORT_OFF, VPC_ID, "enableDnsSupport is off", "on")
TAGS = Finding(Kind.TAGS_MISSING, "sg-1", "no Name", "Name = 'x'")
MORE_TAGS = Finding(Kind.TAGS_MISSING, "vpce-1", "no Name", "Name = 'x'")
GONE = Finding(
    Kind.SERVICE_UNAVAILABLE, "logs", "not offered", "offered", Status.BLOCKED, Reason.SERVICE_UNAVAILABLE
)
PENDING = Finding(Kind.ENDPOINT_NOT_READY, "vpce-2", "pending", "available", Status.WAITING)
SURPLUS = Finding(Kind.SURPLUS, "vpce-3", "not required", "kept", Status.INFORMATIONAL)

Metric = tuple[str, str, float, dict[str, str]]


class Reported:
    """What was printed, as CloudWatch would understand it."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._stream = io.StringIO()
        self.logger = Logger(service=str(uuid4()), stream=self._stream)

    def emf(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]

    def metrics(self) -> list[Metric]:
        """Name, unit, value and dimensions of each metric; all of them, and no metric otherwise made."""
        found = []
        for line in self.emf():
            [directive] = line["_aws"]["CloudWatchMetrics"]
            [metric] = directive["Metrics"]
            [dimensions] = directive["Dimensions"]
            assert directive["Namespace"] == "VpcEndpointRemediator"
            [value] = line[metric["Name"]]
            found.append((metric["Name"], metric["Unit"], value, {name: line[name] for name in dimensions}))
        return found

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]


def a_run(ending: Ending, *concluded: Concluded, **request: Any) -> Run:
    asked = RunRequest(VPC_ID, FIRST_SEEN, **request)
    return Run(asked, ending, concluded, tally(concluded, asked.counted))
