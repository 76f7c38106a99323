"""What every handler works with, made once: settings, logger, clients, queues."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from . import report
from .ec2.locate import Locator
from .ec2.observe import Observer
from .profile_store import ProfileStore
from .queue import Queue
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

# Short: a call that hangs must not eat the run (facts, section 2). Throttled calls are requeued.
_QUICK = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
# A sweep reads so much that EC2's buckets pace it (facts, section 10); it has minutes.
_PATIENT = Config(connect_timeout=3, read_timeout=10, retries={"mode": "adaptive", "total_max_attempts": 10})


@dataclass
class Runtime:
    """A handler's world. Tests hand in their own clients and clock."""

    settings: Settings
    logger: Logger
    ec2: EC2Client
    sqs: SQSClient
    now: Callable[[], float] = time.time

    @classmethod
    def start(cls, function: str, *, patient: bool = False) -> Runtime:
        """Make it from the environment; at import, where Lambda gives the most CPU. With `patient`, EC2 calls
        that are throttled are paced and tried again, rather than left to the next run.

        Raises:
            InvalidSettings: when the environment is not what the template makes.
        """
        return cls(
            settings=Settings.from_environment(os.environ),
            logger=Logger(service=function),
            ec2=boto3.client("ec2", config=_PATIENT if patient else _QUICK),
            sqs=boto3.client("sqs", config=_QUICK),
        )

    @cached_property
    def profiles(self) -> ProfileStore:
        """The profiles that a VPC can opt in to."""

        def ssm() -> SSMClient:
            return boto3.client("ssm", config=_QUICK)

        def reject(why: str) -> None:
            report.report_rejection(report.Rejection.MALFORMED_PROFILES, why, self.logger)

        return ProfileStore(self.settings.profiles_parameter, cache(ssm), reject, self.now)

    @cached_property
    def observer(self) -> Observer:
        """Looks at VPCs."""
        return Observer(self.ec2, self.settings.installation)

    @cached_property
    def locator(self) -> Locator:
        """Finds the VPCs of events."""
        return Locator(self.ec2, self.settings.installation, self.now)

    @cached_property
    def vpc_queue(self) -> Queue:
        """Where runs are asked for."""
        return Queue(self.sqs, self.settings.pass_queue_url, self.settings.debounce)

    @cached_property
    def sweep_queue(self) -> Queue:
        """Where a sweep is asked for."""
        return Queue(self.sqs, self.settings.sweep_queue_url, self.settings.debounce)
