"""Events as the rules deliver them, and intake that takes them, in an installation of the sandbox's."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.intake import app as intake
from tests.account import INSTALLATION
from tests.unit.installed import Installation

CONTEXT = Mock(spec=LambdaContext, aws_request_id="request-1", get_remaining_time_in_millis=lambda: 60_000)
ADA = {"type": "IAMUser", "userName": "ada"}
READS = {
    "DescribeVpcs",
    "DescribeSubnets",
    "DescribeRouteTables",
    "DescribeVpcEndpoints",
    "DescribeSecurityGroups",
}


def an_event(here: Installation, name: str, request: Any, event_id: str = "event-1", **detail: Any) -> Any:
    """An event of now, as the rules deliver it."""
    time = datetime.fromtimestamp(int(here.account.clock.now()), UTC).isoformat()
    return {
        "id": event_id,
        "detail-type": "AWS API Call via CloudTrail",
        "account": "111122223333",
        "detail": {
            "eventName": name,
            "eventTime": time,
            "awsRegion": "eu-west-1",
            "recipientAccountId": "111122223333",
            "requestParameters": request,
            **detail,
        },
    }


def a_batch(*bodies: Any) -> dict[str, Any]:
    """An event of the event queue's."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "x",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:events",
                "awsRegion": "eu-west-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def take(here: Installation, *events: Any) -> list[str]:
    """Take events in one batch. Gives the messages that failed."""
    answer: Any = intake.handle(a_batch(*events), CONTEXT, here.runtime)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def calls_of(here: Installation, *events: Any) -> list[str]:
    """What a batch costs, in calls to EC2."""
    with here.account.calls() as calls:
        assert take(here, *events) == []
    return [call.request.action for call in calls]


def tagging(vpc_ids: Iterable[str], key: str = INSTALLATION.profile_key) -> dict[str, Any]:
    return {
        "resourcesSet": {"items": [{"resourceId": each} for each in vpc_ids]},
        "tagSet": {"items": [{"key": key, "value": "appmesh"}]},
    }
