"""Fakes of AWS clients that need no more than a list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_sqs import SQSClient

_WORD = re.compile(r"[!-~]{1,128}")


class FakeSqs:
    """A FIFO queue's sending side. Keeps what was sent, and what SQS would ask of it.

    Messages of the groups in `refusing` are refused one by one, as SQS does, in an answer that says 200.
    """

    def __init__(self, refusing: Iterable[str] = ()) -> None:
        self.calls: list[tuple[str, list[Any]]] = []
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


def refusal(code: str, message: str = "no") -> ClientError:
    """What boto3 raises where EC2 answers with an error."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "SomeCall")


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

    def delete_vpc_endpoints(self, **_request: Any) -> Any:
        self._call("delete_vpc_endpoints")
        return {"Unsuccessful": []}

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self._error is not None:
            raise self._error
