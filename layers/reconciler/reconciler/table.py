"""The ledger's DynamoDB table, by its items: get, put, query, many at once. Nothing here raises an AWS error:
where DynamoDB refuses, it is said once in the log, and the answer is None.

Every item has a partition key `pk`, a sort key `sk` and a document `doc`. Some have a `version`, which counts
how often it was written, and `expires`, in seconds since 1970.

botocore's client plainly: boto3's resource costs a tenth of a second of cold start (facts, section 13), and
the libraries on top of it bring that or more for five calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .ec2 import errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Key = tuple[str, str]
Item = Mapping[str, Any]
# DynamoDB reads and writes so many items in one call, and may take a part of them at a time.
_READ_AT_ONCE = 100
_WRITTEN_AT_ONCE = 25
_ROUNDS = 20


class Table:
    """Reads and writes items. `name` is the table's, empty for none; `say` logs a refusal."""

    def __init__(self, client: Callable[[], DynamoDBClient], name: str, say: Callable[[str], None]) -> None:
        self._client = client
        self._name = name
        self.say = say

    def get(self, key: Key) -> Item | None:
        """An item, empty where there is none; None where DynamoDB refuses."""
        request: Any = {"TableName": self._name, "Key": _key(key), "ConsistentRead": True}
        answer = self.ask(lambda client: client.get_item(**request))
        return answer.get("Item", {}) if answer is not None else None

    def newest_of(self, partition: str, limit: int) -> Sequence[Item] | None:
        """The items of a partition with the last sort keys, last first; None where DynamoDB refuses."""
        request: Any = {
            "TableName": self._name,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": partition}},
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": limit,
        }
        answer = self.ask(lambda client: client.query(**request))
        return answer["Items"] if answer is not None else None

    def get_many(self, keys: Iterable[Key]) -> Sequence[Item] | None:
        """The items that there are of these; None where DynamoDB refuses."""
        found: list[Item] = []
        for some in _parts([_key(each) for each in keys], _READ_AT_ONCE):
            left: Any = some
            for _ in range(_ROUNDS):
                answer = self.ask(self._reading(left)) if left else {}
                if answer is None:
                    return None
                found += answer.get("Responses", {}).get(self._name, [])
                left = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if left:
                self.refused("it gives too little at a time")
                return None
        return found

    def put(self, item: Item) -> bool:
        """Write an item, whatever is there; False where DynamoDB refuses."""
        request: Any = {"TableName": self._name, "Item": item}
        return self.ask(lambda client: client.put_item(**request)) is not None

    def put_many(self, items: Iterable[Item]) -> bool:
        """Write items, whatever is there; False where DynamoDB refuses some."""
        for some in _parts([{"PutRequest": {"Item": each}} for each in items], _WRITTEN_AT_ONCE):
            left: Any = some
            for _ in range(_ROUNDS):
                answer = self.ask(self._writing(left)) if left else {}
                if answer is None:
                    return False
                left = answer.get("UnprocessedItems", {}).get(self._name, [])
            if left:
                self.refused("it takes too little at a time")
                return False
        return True

    def put_next(self, item: Item, before: int) -> bool | None:
        """Write the next version of an item, where `before` is the last one's (0: there is none). False where
        somebody else wrote meanwhile, None where DynamoDB refuses."""
        request: Any = {
            "TableName": self._name,
            "Item": {**item, "version": {"N": str(before + 1)}},
            "ConditionExpression": "version = :before" if before else "attribute_not_exists(pk)",
        }
        if before:
            request["ExpressionAttributeValues"] = {":before": {"N": str(before)}}
        return self.conditionally(lambda client: client.put_item(**request))

    def update(self, key: Key, expression: str, values: Mapping[str, Any]) -> bool:
        """Change an item, whatever is there; False where DynamoDB refuses."""
        request = self._update(key, expression, values)
        return self.ask(lambda client: client.update_item(**request)) is not None

    def update_if(
        self, key: Key, expression: str, condition: str, values: Mapping[str, Any]
    ) -> bool | Item | None:
        """Change an item where a condition holds: True, else the item as it is (empty where there is none);
        None where DynamoDB refuses."""
        if not self._name:
            return None
        request = self._update(key, expression, values) | {
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            self._client().update_item(**request)
        except ClientError as error:
            if not _is_lost_race(error):
                self.refused(error)
                return None
            answer: Any = error.response
            there: Item = answer.get("Item", {})
            return there
        except errors.ERRORS as error:
            self.refused(error)
            return None
        return True

    def _update(self, key: Key, expression: str, values: Mapping[str, Any]) -> Any:
        return {
            "TableName": self._name,
            "Key": _key(key),
            "UpdateExpression": expression,
            "ExpressionAttributeValues": values,
        }

    def conditionally(self, call: Callable[[DynamoDBClient], object]) -> bool | None:
        """Make a call that has a condition. False where that does not hold, None where DynamoDB refuses."""
        if not self._name:
            return None
        try:
            call(self._client())
        except ClientError as error:
            if _is_lost_race(error):
                return False
            self.refused(error)
            return None
        except errors.ERRORS as error:
            self.refused(error)
            return None
        return True

    def ask(self, call: Callable[[DynamoDBClient], Any]) -> Any:
        """What DynamoDB answers; None where it refuses, or where there is no table."""
        if not self._name:
            return None
        try:
            return call(self._client())
        except errors.ERRORS as error:
            self.refused(error)
            return None

    def expire(self, key: Key, at: int) -> bool:
        """Have an item go at a time, in seconds since 1970; False where DynamoDB refuses."""
        return self.update(key, "SET expires = :at", {":at": {"N": str(at)}})

    def refused(self, why: object) -> None:
        """Log that the table could not be used."""
        self.say(f"the ledger could not be used: {why}")

    def _reading(self, keys: Any) -> Callable[[DynamoDBClient], Any]:
        wanted: Any = {self._name: {"Keys": keys, "ConsistentRead": True}}
        return lambda client: client.batch_get_item(RequestItems=wanted)

    def _writing(self, requests: Any) -> Callable[[DynamoDBClient], Any]:
        wanted: Any = {self._name: requests}
        return lambda client: client.batch_write_item(RequestItems=wanted)


def item(key: Key, document: str, expires: int | None = None) -> Item:
    """An item. `expires` is in seconds since 1970."""
    made: dict[str, Any] = {**_key(key), "doc": {"S": document}}
    if expires is not None:
        made["expires"] = {"N": str(expires)}
    return made


def version_of(found: Item) -> int:
    """How often an item was written."""
    return int(found["version"]["N"])


def document_of(found: Item) -> str:
    """An item's document."""
    document: str = found["doc"]["S"]
    return document


def _key(key: Key) -> dict[str, dict[str, str]]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _is_lost_race(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"


def _parts(entries: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))
