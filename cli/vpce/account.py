"""The AWS account and Region that a command is for, and boto3's clients, chosen as the AWS CLI chooses."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import NoRegionError

from .problems import SERVICE

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

# A person waits: not long for a connection, and longer for a fleet that EC2's buckets pace.
CONFIG = Config(
    connect_timeout=5,
    read_timeout=20,
    retries={"mode": "adaptive", "total_max_attempts": 6},
    max_pool_connections=16,
    user_agent_extra="vpce",
)


# What a service's actions begin with in a policy, where that is not the name that requests are signed for.
_PREFIXES = {"monitoring": "cloudwatch"}


def _note_service(parsed: dict[str, Any], model: OperationModel, **_: object) -> None:
    signed = model.service_model.signing_name
    parsed[SERVICE] = _PREFIXES.get(signed, signed)


class Account:
    """An account and a Region of it. `region` and `profile` are what options named, None where they did not.

    Every property may raise what boto3 raises where credentials, profile or Region are missing.
    """

    def __init__(self, region: str | None = None, profile: str | None = None) -> None:
        self._region = region
        self._profile = profile

    @cached_property
    def session(self) -> boto3.Session:
        """boto3's session. The AWS CLI reads `AWS_REGION`, which boto3 does not."""
        region = self._region or os.environ.get("AWS_REGION") or None
        session = boto3.Session(profile_name=self._profile, region_name=region)
        session.events.register("after-call", _note_service)
        return session

    @cached_property
    def region(self) -> str:
        """The Region's name."""
        if not self.session.region_name:
            raise NoRegionError
        return self.session.region_name

    @cached_property
    def id(self) -> str:
        """The account's number. Needs no permission."""
        return self.sts.get_caller_identity()["Account"]

    @cached_property
    def sts(self) -> STSClient:
        return self.session.client("sts", region_name=self.region, config=CONFIG)

    @cached_property
    def ec2(self) -> EC2Client:
        return self.session.client("ec2", region_name=self.region, config=CONFIG)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return self.session.client("dynamodb", region_name=self.region, config=CONFIG)

    @cached_property
    def ssm(self) -> SSMClient:
        return self.session.client("ssm", region_name=self.region, config=CONFIG)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return self.session.client("cloudformation", region_name=self.region, config=CONFIG)

    @cached_property
    def functions(self) -> LambdaClient:
        return self.session.client("lambda", region_name=self.region, config=CONFIG)

    @cached_property
    def events(self) -> EventBridgeClient:
        return self.session.client("events", region_name=self.region, config=CONFIG)

    @cached_property
    def scheduler(self) -> EventBridgeSchedulerClient:
        return self.session.client("scheduler", region_name=self.region, config=CONFIG)

    @cached_property
    def sqs(self) -> SQSClient:
        return self.session.client("sqs", region_name=self.region, config=CONFIG)

    @cached_property
    def cloudtrail(self) -> CloudTrailClient:
        return self.session.client("cloudtrail", region_name=self.region, config=CONFIG)

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        return self.session.client("cloudwatch", region_name=self.region, config=CONFIG)

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        return self.session.client("logs", region_name=self.region, config=CONFIG)

    @cached_property
    def iam(self) -> IAMClient:
        return self.session.client("iam", region_name=self.region, config=CONFIG)

    @cached_property
    def quotas(self) -> ServiceQuotasClient:
        return self.session.client("service-quotas", region_name=self.region, config=CONFIG)
