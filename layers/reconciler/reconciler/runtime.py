"""What every handler works with, made once: settings, logger, clients, queues."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import botocore.session
from aws_lambda_powertools import Logger
from botocore.config import Config

from . import report
from .attribute_memory import AttributeMemory
from .ec2.guarded import try_endpoint_calls_once
from .ec2.index import IndexReader
from .ec2.meter import CallMeter
from .ec2.observe import Observer
from .event_bus import EventBus
from .intake import Intake
from .ledger import Ledger
from .profile_store import ProfileStore
from .published import Function, Rejection
from .queue import Queue
from .reconcile import Means
from .settings import Settings
from .table import Table
from .write_budget import WriteBudget

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

# Short: a call that hangs must not eat the run (facts, section 2). Throttled calls are requeued.
_QUICK = Config(connect_timeout=2, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2})
# Of the run's own memory: it goes on without.
_BRIEF = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
# What a call may take with its retry and the pause before that; and what a run needs after its last write:
# two answers of the ledger's, the bus's, the queue's, and room for this program.
LONGEST_CALL_SECONDS = 2 * (2 + 8) + 1
AFTER_LAST_WRITE_SECONDS = 3 * 2 * (1 + 2) + LONGEST_CALL_SECONDS + 5
# A sweep reads so much that EC2's buckets pace it (facts, section 10); it has minutes.
_PATIENT = Config(connect_timeout=3, read_timeout=10, retries={"mode": "adaptive", "total_max_attempts": 10})


@cache
def _session() -> Any:
    return botocore.session.get_session()


def _client(service: str, config: Config) -> Any:
    """A client by botocore: boto3 makes the same one, and takes a tenth of a second more to be imported."""
    return _session().create_client(service, config=config)


@dataclass
class Runtime:
    """A handler's world. Tests hand in their own clients and clock."""

    settings: Settings
    logger: Logger
    ec2: EC2Client
    sqs: SQSClient
    now: Callable[[], float] = time.time
    meter: CallMeter = field(default_factory=CallMeter)

    @classmethod
    def start(cls, function: Function, *, patient: bool = False) -> Runtime:
        """Make it from the environment; at import, where Lambda gives the most CPU. With `patient`, EC2 calls
        that are throttled are paced and tried again, rather than left to the next run.

        Raises:
            InvalidSettings: when the environment is not what the template makes.
        """
        runtime = cls(
            settings=Settings.from_environment(os.environ),
            logger=Logger(service=function),
            ec2=_client("ec2", _PATIENT if patient else _QUICK),
            sqs=_client("sqs", _QUICK),
        )
        try_endpoint_calls_once(runtime.ec2)
        runtime.meter.attach(runtime.ec2)
        return runtime

    def deadline(self, remaining_seconds: float) -> float:
        """After this time no write is started, in seconds since 1970: it might not be answered before the
        function's time is over."""
        return self.now() + remaining_seconds - LONGEST_CALL_SECONDS - AFTER_LAST_WRITE_SECONDS

    @cached_property
    def ledger(self) -> Ledger:
        """What is known of each VPC."""
        return Ledger(self.table, self.settings.installation.id)

    @cached_property
    def table(self) -> Table:
        """Where the ledger and the write budget are kept."""

        def dynamodb() -> DynamoDBClient:
            client: DynamoDBClient = _client("dynamodb", _BRIEF)
            return client

        return Table(cache(dynamodb), self.settings.ledger_table, self.logger.warning)

    @cached_property
    def event_bus(self) -> EventBus:
        """Where changes of findings are announced."""

        def events() -> EventBridgeClient:
            client: EventBridgeClient = _client("events", _BRIEF)
            return client

        return EventBus(cache(events), self.settings.installation.id, self.logger.warning)

    @cached_property
    def means(self) -> Means:
        """What a run works with."""
        installation, profiles = self.settings.installation, self.profiles
        budget = WriteBudget(self.table, installation.pace, self.now)
        attributes = AttributeMemory(self.table)
        return Means(
            self.observer,
            self.ec2,
            self.ledger,
            installation,
            profiles.current,
            self.now,
            budget,
            attributes,
        )

    @cached_property
    def profiles(self) -> ProfileStore:
        """The profiles that a VPC can opt in to."""

        def ssm() -> SSMClient:
            client: SSMClient = _client("ssm", _QUICK)
            return client

        def reject(why: str) -> None:
            report.report_rejection(Rejection.MALFORMED_PROFILES, why, self.logger)

        return ProfileStore(self.settings.profiles_parameter, cache(ssm), reject, self.now)

    @cached_property
    def observer(self) -> Observer:
        """Looks at VPCs."""
        return Observer(self.ec2, self.settings.installation)

    @cached_property
    def intake(self) -> Intake:
        """Finds the VPCs of events."""
        reader = IndexReader(self.ec2, self.settings.installation, self.now)
        return Intake(reader.read, self.ledger, self.now)

    @cached_property
    def vpc_queue(self) -> Queue:
        """Where runs are asked for."""
        return Queue(self.sqs, self.settings.pass_queue_url, self.settings.debounce)

    @cached_property
    def sweep_queue(self) -> Queue:
        """Where a sweep is asked for."""
        return Queue(self.sqs, self.settings.sweep_queue_url, self.settings.debounce)
