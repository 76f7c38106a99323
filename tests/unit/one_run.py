"""One reconcile run over a VPC that is built, with an EC2 that does what it is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import Mock

from reconciler import reconcile
from reconciler.conclusion import Run
from reconciler.domain.model import Mode, Observation
from reconciler.domain.profiles import Catalogue, builtin
from reconciler.ec2.observe import Observer
from reconciler.ledger import Ledger
from reconciler.messages import RunRequest
from reconciler.reconcile import Means
from tests.builders import INSTALLATION, VPC_ID, VpcBuilder
from tests.unit.fakes import FakeDynamo, FakeEc2, a_ledger, a_ledger_that_knows

NOW = 1_795_420_800.0


def a_request(age: float = 0, attempts: int = 0) -> RunRequest:
    since = int((NOW - age) * 1000)
    return RunRequest(VPC_ID, first_seen=since, attempts=attempts, began=since)


def the_means(observer: Observer, ec2: FakeEc2, ledger: Ledger, **limits: Any) -> Means:
    installation = replace(INSTALLATION, **limits)
    return Means(
        observer, ec2.client, ledger, installation, lambda _version: Catalogue(builtin()), lambda: NOW
    )


def run(
    seen: VpcBuilder | Observation | Exception | None,
    request: RunRequest | None = None,
    ec2: FakeEc2 | None = None,
    mode: Mode = Mode.ENFORCE,
    ledger: Ledger | None = None,
    **limits: Any,
) -> Run:
    seen = seen.observed() if isinstance(seen, VpcBuilder) else seen
    observer = Mock(spec=Observer)
    observer.one.side_effect = [seen]
    if ledger is None:
        ledger = a_ledger_that_knows(seen) if isinstance(seen, Observation) else a_ledger(FakeDynamo())
    means = the_means(observer, ec2 or FakeEc2(), ledger, default_mode=mode, **limits)
    return reconcile.run(request or a_request(), means)
