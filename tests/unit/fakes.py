"""Fakes of AWS clients that need no more than a list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from reconciler.domain.memory import Made, Memory
from reconciler.domain.model import Observation
from reconciler.ledger import Ledger
from reconciler.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

_WORD = re.compile(r"[!-~]{1,128}")


class FakeSqs:
    """A FIFO queue's sending side. Keeps what was sent, and what SQS would ask of it.

    Messages of the groups in `refusing` are refused one by one, as SQS does, in an answer that says 200.
    """

    def __init__(self, refusing: Iterable[str] = ()) -> None:
        self.calls: list[tuple[str, list[Any]]] = []
        self.put_off: list[tuple[str, str, int]] = []
        self._refusing = frozenset(refusing)

    @property
    def client(self) -> SQSClient:
        return cast("SQSClient", self)

    @property
    def sent(self) -> list[Any]:
        return [entry for _, entries in self.calls for entry in entries]

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Any:  # noqa: N803
        assert 1 <= len(Entries) <= 10
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        for entry in Entries:
            assert _WORD.fullmatch(entry["MessageGroupId"])
            assert _WORD.fullmatch(entry["MessageDeduplicationId"])
        self.calls.append((QueueUrl, Entries))
        failed = [
            {"Id": e["Id"], "Code": "InternalError", "Message": "try again", "SenderFault": False}
            for e in Entries
            if e["MessageGroupId"] in self._refusing
        ]
        return {"Successful": [], "Failed": failed} if failed else {"Successful": []}

    def change_message_visibility(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        ReceiptHandle: str,  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
    ) -> None:
        assert 0 <= VisibilityTimeout <= 43_200
        self.put_off.append((QueueUrl, ReceiptHandle, VisibilityTimeout))


def refusal(code: str, message: str = "no") -> ClientError:
    """What boto3 raises where EC2 answers with an error."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "SomeCall")


class FakeEvents:
    """A default bus that keeps what it is sent, or refuses all of it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[Any] = []
        self._error = error

    @property
    def client(self) -> EventBridgeClient:
        return cast("EventBridgeClient", self)

    def put_events(self, *, Entries: list[Any]) -> Any:  # noqa: N803
        assert 1 <= len(Entries) <= 10
        if self._error:
            raise self._error
        self.sent += Entries
        return {
            "FailedEntryCount": 0,
            "Entries": [{"EventId": str(number)} for number, _ in enumerate(Entries)],
        }


class FakeEc2:
    """An EC2 that does whatever it is asked, or refuses all of it. Keeps the names of the calls."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[str] = []
        self._error = error

    @property
    def client(self) -> EC2Client:
        return cast("EC2Client", self)

    def modify_vpc_attribute(self, **_request: Any) -> None:
        self._call("modify_vpc_attribute")

    def modify_vpc_endpoint(self, **_request: Any) -> None:
        self._call("modify_vpc_endpoint")

    def create_tags(self, **_request: Any) -> None:
        self._call("create_tags")

    def delete_tags(self, **_request: Any) -> None:
        self._call("delete_tags")

    def delete_security_group(self, **_request: Any) -> None:
        self._call("delete_security_group")

    def delete_vpc_endpoints(self, **_request: Any) -> Any:
        self._call("delete_vpc_endpoints")
        return {"Unsuccessful": []}

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self._error is not None:
            raise self._error


class FakeSsm:
    """A parameter with versions, the last one current, each written a second after the one before it; `down`
    refuses every call."""

    def __init__(self, *versions: str) -> None:
        self.versions = list(versions)
        self.first_written = 1_700_000_000
        self.down = False
        self.reads = 0

    @property
    def client(self) -> SSMClient:
        return cast("SSMClient", self)

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803
        self.reads += 1
        if self.down:
            raise refusal("ThrottlingException", "slower")
        _, _, version = Name.partition(":")
        number = int(version) if version else len(self.versions)
        written = datetime.fromtimestamp(self.first_written + number, UTC)
        parameter = {"Value": self.versions[number - 1], "Version": number, "LastModifiedDate": written}
        return {"Parameter": parameter}


class FakeDynamo:
    """A DynamoDB of one table, which takes the requests of the ledger and no others.

    With `error`, it refuses every call. `at_once` is how many items of a batch it gives in one answer.
    """

    def __init__(self, error: Exception | None = None, at_once: int = 100) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.calls: list[str] = []
        self.error = error
        self._at_once = at_once

    @property
    def client(self) -> DynamoDBClient:
        return cast("DynamoDBClient", self)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.error is not None:
            raise self.error

    def put_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Item: dict[str, Any],  # noqa: N803
        ConditionExpression: str = "",  # noqa: N803
        ExpressionAttributeValues: Any = None,  # noqa: N803
    ) -> dict[str, Any]:
        assert TableName
        self._call("put_item")
        key = (Item["pk"]["S"], Item["sk"]["S"])
        there = self.items.get(key)
        holds = {
            "": True,
            "attribute_not_exists(pk)": there is None,
            "version = :before": there is not None
            and there.get("version") == (ExpressionAttributeValues or {}).get(":before"),
        }[ConditionExpression]
        if not holds:
            raise refusal("ConditionalCheckFailedException")
        self.items[key] = Item
        return {}

    def get_item(self, *, TableName: str, Key: Any, ConsistentRead: bool) -> Any:  # noqa: N803
        assert TableName
        assert ConsistentRead
        self._call("get_item")
        item = self.items.get((Key["pk"]["S"], Key["sk"]["S"]))
        return {"Item": item} if item else {}

    def update_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Key: Any,  # noqa: N803
        UpdateExpression: str,  # noqa: N803
        ExpressionAttributeValues: Any,  # noqa: N803
        ConditionExpression: str = "",  # noqa: N803
        ReturnValuesOnConditionCheckFailure: str = "NONE",  # noqa: N803
    ) -> dict[str, Any]:
        """`SET` of one number, and conditions on one: the grammar that the ledger uses."""
        assert TableName
        self._call("update_item")
        key = (Key["pk"]["S"], Key["sk"]["S"])
        there = self.items.get(key, {})
        values = ExpressionAttributeValues
        used = re.findall(r":\w+", f"{UpdateExpression} {ConditionExpression}")
        assert set(used) == set(values), "DynamoDB refuses a value that no expression uses"
        if ConditionExpression and not _holds(ConditionExpression, there, values):
            error = refusal("ConditionalCheckFailedException")
            if ReturnValuesOnConditionCheckFailure == "ALL_OLD" and there:
                cast("Any", error.response)["Item"] = there
            raise error
        change = re.fullmatch(r"SET (\w+) = (?:(\w+) \+ )?(:\w+)", UpdateExpression)
        assert change, f"the fake does not know {UpdateExpression}"
        name, added_to, value = change.groups()
        number = Decimal(values[value]["N"]) + (Decimal(there[added_to]["N"]) if added_to else 0)
        self.items[key] = {**Key, **there, name: {"N": str(number)}}
        return {}

    def batch_write_item(self, *, RequestItems: Any) -> Any:  # noqa: N803
        self._call("batch_write_item")
        ((table, requests),) = RequestItems.items()
        assert 1 <= len(requests) <= 25
        items = [each["PutRequest"]["Item"] for each in requests]
        keys = [(item["pk"]["S"], item["sk"]["S"]) for item in items]
        assert len(set(keys)) == len(keys), "DynamoDB refuses a batch with one item twice"
        taken = list(zip(keys, items, strict=True))[: self._at_once]
        self.items.update(taken)
        later = requests[len(taken) :]
        return {"UnprocessedItems": {table: later} if later else {}}

    def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803
        self._call("batch_get_item")
        ((table, wanted),) = RequestItems.items()
        assert 1 <= len(wanted["Keys"]) <= 100
        asked, later = wanted["Keys"][: self._at_once], wanted["Keys"][self._at_once :]
        keys = [(key["pk"]["S"], key["sk"]["S"]) for key in asked]
        return {
            "Responses": {table: [self.items[key] for key in keys if key in self.items]},
            "UnprocessedKeys": {table: {"Keys": later}} if later else {},
        }

    def query(self, *, ExpressionAttributeValues: Any, Limit: int, **request: Any) -> Any:  # noqa: N803
        self._call("query")
        assert request["KeyConditionExpression"] == "pk = :pk"
        assert request["ScanIndexForward"] is False
        partition = ExpressionAttributeValues[":pk"]["S"]
        keys = sorted((key for key in self.items if key[0] == partition), reverse=True)
        return {"Items": [self.items[key] for key in keys[:Limit]]}


def _holds(condition: str, there: dict[str, Any], values: dict[str, Any]) -> bool:
    """Whether a condition holds: `OR` of comparisons of one number. One with what is not there, or is of
    another type, does not."""

    def number(given: dict[str, str]) -> Decimal:
        return Decimal(given["N"])

    def one(part: str) -> bool:
        if other := re.fullmatch(r"NOT attribute_type\((\w+), (:\w+)\)", part):
            return values[other[2]]["S"] not in there.get(other[1], {})
        if between := re.fullmatch(r"(\w+) BETWEEN (:\w+) AND (:\w+)", part):
            name, low, high = between.groups()
            found = there.get(name, {})
            return "N" in found and number(values[low]) <= number(found) <= number(values[high])
        compared = re.fullmatch(r"(\w+) ([<>]) (:\w+)", part)
        assert compared, f"the fake does not know {part}"
        name, sign, value = compared.groups()
        found = there.get(name, {})
        if "N" not in found:
            return False
        less, more = number(found) < number(values[value]), number(found) > number(values[value])
        return less if sign == "<" else more

    return any(one(part) for part in condition.split(" OR "))


def a_ledger(
    dynamo: FakeDynamo,
    said: list[str] | None = None,
    *,
    complete: bool = True,
    table: str = "ledger",
    installation_id: str = "our-stack",
) -> Ledger:
    """A ledger on this table, as after a cold start, whose first sweep is over unless it is not `complete`.
    It says to `said` what it has to say."""
    heard: list[str] = [] if said is None else said
    ledger = Ledger(Table(lambda: dynamo.client, table, heard.append), installation_id)
    if complete and dynamo.error is None:
        ledger.set_complete(0)
    return ledger


def a_ledger_that_knows(seen: Observation, dynamo: FakeDynamo | None = None) -> Ledger:
    """A ledger whose first sweep is over, and which knows of the creation of all that bears a `Name`."""
    ledger = a_ledger(dynamo or FakeDynamo())
    named = (
        (each.id, each.tags["Name"]) for each in (*seen.groups, *seen.all_endpoints) if "Name" in each.tags
    )
    ledger.save(Memory(seen.vpc.id).with_made(Made(each, name, seen=True) for each, name in named))
    return ledger
