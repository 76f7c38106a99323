"""The ledger: what is known of each VPC beside what EC2 shows, in one DynamoDB table.

It is memory, never truth: where it cannot be read or written, every method says so once in the log and gives
an answer on which a run goes on; what needs memory degrades (docs/decisions, 0006). Nothing here raises an
AWS error.

Items: `vpc#ID` with `state` (a JSON document of `Memory`), `cause#TIME#EVENT` and `claim#RESOURCE`; `region`
with `teardowns` and `takeover#INSTALLATION`. Sort keys fall so that one page, newest first, has the state,
the claims and the latest causes of a VPC.

boto3's client plainly: its resource costs a tenth of a second of cold start (facts, section 13), and
the libraries on top of it bring that or more for four calls.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .domain import memory_json
from .domain.budget import admitted
from .domain.memory import Cause, Memory
from .ec2 import errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The latest causes that are read with a VPC, how many ids are kept of each, and how long.
_CAUSES = 100
_RESOURCES = 50
_CAUSE_SECONDS = 30 * 24 * 3600
# What is known of a VPC that is gone is kept so long.
_GONE_SECONDS = 30 * 24 * 3600
# Someone else wrote meanwhile: what both know is written again.
_ATTEMPTS = 5
# DynamoDB takes so many keys in one call, and may give a part of them at a time.
_BATCH = 100
_ROUNDS = 20
_REGION = "region"
# What an item raises that is not one of ours.
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)


class Ledger:
    """Reads and writes the table. `table` is its name, empty for none. `say` logs a refusal."""

    def __init__(
        self,
        client: Callable[[], DynamoDBClient],
        table: str,
        installation_id: str,
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._table = table
        self._takeover = f"takeover#{installation_id}"
        self._say = say
        self._complete = False

    # ---- one VPC

    def read(self, vpc_id: str) -> Memory | None:
        """What is known of a VPC; None where the ledger cannot be read."""
        request: Any = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": _of(vpc_id)}},
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": _CAUSES,
        }
        answer = self._ask(lambda client: client.query(**request))
        if answer is None:
            return None
        memory = Memory(vpc_id, complete=self.is_complete())
        causes, claimed = [], set()
        try:
            for item in answer["Items"]:
                sort_key = item["sk"]["S"]
                if sort_key == "state":
                    memory = _read(item, memory)
                elif sort_key.startswith("claim#"):
                    claimed.add(sort_key.partition("#")[2])
                elif sort_key.startswith("cause#"):
                    causes.append(memory_json.loads_cause(item["doc"]["S"]))
        except _UNREADABLE as error:
            self._say(f"what it has of {vpc_id} cannot be read: {error!r}")
            return None
        if memory.complete and not memory.version:
            memory = replace(memory, complete=self._is_still_complete())
        return replace(memory, causes=tuple(causes), claimed=frozenset(claimed))

    def save(self, memory: Memory) -> Memory | None:
        """Write what is known of a VPC; None where that was refused. Gives it as written."""
        if not self._table:
            return None
        for _ in range(_ATTEMPTS):
            written = replace(memory, version=memory.version + 1)
            try:
                self._client().put_item(**self._state(written, memory.version))
            except ClientError as error:
                if not _is_lost_race(error):
                    self._refused(error)
                    return None
                there = self.read(memory.vpc_id)
                if there is None:
                    return None
                memory = memory.merged(there)
            except errors.ERRORS as error:
                self._refused(error)
                return None
            else:
                return written
        self._refused("others write the same VPC at the same time")
        return None

    def _state(self, memory: Memory, before: int) -> Any:
        request = {
            "TableName": self._table,
            "Item": {
                "pk": {"S": _of(memory.vpc_id)},
                "sk": {"S": "state"},
                "doc": {"S": memory_json.dumps(memory)},
                "version": {"N": str(memory.version)},
            },
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if before:
            request["ConditionExpression"] = "version = :before"
            request["ExpressionAttributeValues"] = {":before": {"N": str(before)}}
        return request

    def add_cause(self, vpc_id: str, cause: Cause) -> bool:
        """Keep who did what to a VPC; False where that was refused. The same one twice is one."""
        # One call may tag a thousand things; those of other VPCs matter least.
        if len(cause.resources) > _RESOURCES:
            named = sorted(cause.resources, key=lambda each: each != vpc_id)[:_RESOURCES]
            cause = replace(cause, resources=tuple(named))
        time = datetime.fromtimestamp(cause.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        item: Any = {
            "pk": {"S": _of(vpc_id)},
            "sk": {"S": f"cause#{time}#{cause.event_id}"},
            "doc": {"S": memory_json.dumps_cause(cause)},
            "expires": {"N": str(cause.time + _CAUSE_SECONDS)},
        }
        return self._ask(lambda client: client.put_item(TableName=self._table, Item=item)) is not None

    def forget(self, memory: Memory, now: float) -> bool:
        """Keep what is known of a VPC that is gone for a month more; False where that was refused, or where
        nothing is known of it."""
        key: Any = {"pk": {"S": _of(memory.vpc_id)}, "sk": {"S": "state"}}
        if not memory.version:
            return False
        answer = self._ask(
            lambda client: client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression="SET expires = :at",
                ExpressionAttributeValues={":at": {"N": str(int(now) + _GONE_SECONDS)}},
            )
        )
        return answer is not None

    # ---- many

    def read_many(self, vpc_ids: Iterable[str]) -> Mapping[str, Memory] | None:
        """What is known of many VPCs, but for their causes and claims; None where it cannot be read."""
        ordered, found = sorted(set(vpc_ids)), {}
        complete = self.is_complete()
        for start in range(0, len(ordered), _BATCH):
            keys: Any = [
                {"pk": {"S": _of(each)}, "sk": {"S": "state"}} for each in ordered[start : start + _BATCH]
            ]
            for _ in range(_ROUNDS):
                wanted = {self._table: {"Keys": keys, "ConsistentRead": True}}
                answer = self._ask(partial(_batch_get, wanted)) if keys else {}
                if answer is None:
                    return None
                for item in answer.get("Responses", {}).get(self._table, []):
                    vpc_id = item["pk"]["S"].partition("#")[2]
                    try:
                        found[vpc_id] = _read(item, Memory(vpc_id, complete=complete))
                    except _UNREADABLE as error:
                        self._say(f"what it has of {vpc_id} cannot be read: {error!r}")
                        return None
                keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if keys:
                self._refused("it gives too little at a time")
                return None
        if complete and len(found) < len(ordered):
            complete = self._is_still_complete()
        return {each: found.get(each, Memory(each, complete=complete)) for each in ordered}

    # ---- the Region

    def is_complete(self) -> bool:
        """Whether what was made before the ledger has been taken over. Once it has, that stays so as long as
        the table does."""
        return self._is_taken_over() is True

    def awaits_takeover(self) -> bool:
        """Whether it is certain that this has not been done: a ledger that refuses says nothing of it."""
        return self._is_taken_over() is False

    def _is_still_complete(self) -> bool:
        """`is_complete`, asked anew: a VPC of which nothing is known is new, or the table was lost."""
        self._complete = False
        return self.is_complete()

    def _is_taken_over(self) -> bool | None:
        if not self._complete:
            item = self._item(self._takeover)
            if item is None:
                return None
            self._complete = bool(item)
        return self._complete

    def set_complete(self, now: float) -> None:
        """Keep that all that was made before has been taken over."""
        self._complete = self._put(self._takeover, {"at": int(now)}, 0) is True

    def admits_teardown(self, vpc_id: str, now: float, limit: int) -> bool:
        """Whether one more VPC of the Region may lose something within the hour; False where the ledger
        cannot say. `now` is in seconds since 1970."""
        for _ in range(_ATTEMPTS):
            item = self._item("teardowns")
            if item is None:
                return False
            try:
                losing = admitted(json.loads(item["doc"]["S"]) if item else {}, vpc_id, now, limit)
            except _UNREADABLE as error:
                self._say(f"what it has of the Region's teardowns cannot be read: {error!r}")
                return False
            if losing is None:
                return False
            written = self._put("teardowns", losing, int(item["version"]["N"]) if item else 0)
            if written is not False:
                return written is True
        return False

    def _item(self, sort_key: str) -> Mapping[str, Any] | None:
        """One of the Region's items, empty where there is none; None where DynamoDB refuses."""
        key: Any = {"pk": {"S": _REGION}, "sk": {"S": sort_key}}
        answer = self._ask(
            lambda client: client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        )
        return answer.get("Item", {}) if answer is not None else None

    def _put(self, sort_key: str, document: Mapping[str, int], before: int) -> bool | None:
        """Write one of the Region's items. False where somebody else did since it was read, None where
        DynamoDB refuses."""
        if not self._table:
            return None
        request: Any = {
            "TableName": self._table,
            "Item": {
                "pk": {"S": _REGION},
                "sk": {"S": sort_key},
                "doc": {"S": json.dumps(dict(document))},
                "version": {"N": str(before + 1)},
            },
            "ConditionExpression": "version = :before" if before else "attribute_not_exists(pk)",
        }
        if before:
            request["ExpressionAttributeValues"] = {":before": {"N": str(before)}}
        try:
            self._client().put_item(**request)
        except ClientError as error:
            if _is_lost_race(error):
                return False
            self._refused(error)
            return None
        except errors.ERRORS as error:
            self._refused(error)
            return None
        return True

    # ---- asking

    def _ask(self, call: Callable[[DynamoDBClient], Any]) -> Any:
        """What DynamoDB answers; None where it refuses, or where there is no table."""
        if not self._table:
            return None
        try:
            return call(self._client())
        except errors.ERRORS as error:
            self._refused(error)
            return None

    def _refused(self, why: object) -> None:
        self._say(f"the ledger could not be used: {why}")


def _batch_get(wanted: Any, client: DynamoDBClient) -> Any:
    return client.batch_get_item(RequestItems=wanted)


def _read(item: Mapping[str, Any], memory: Memory) -> Memory:
    """What an item says of a VPC, beside what is known already."""
    version, expires = int(item["version"]["N"]), "expires" in item
    return replace(memory_json.loads(item["doc"]["S"], memory), version=version, expires=expires)


def _is_lost_race(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"


def _of(vpc_id: str) -> str:
    return f"vpc#{vpc_id}"
