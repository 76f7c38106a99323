"""Finding events as a subscriber gets them, each held to its schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from reconciler.conclusion import Run
from reconciler.domain.memory import Cause
from reconciler.event_bus import SOURCE, EventBus
from tests.account import STACK, Account
from tests.unit.fakes import FakeEvents

DOCS = Path(__file__).parents[1] / "docs"
SCHEMA: Mapping[str, Any] = json.loads((DOCS / "finding-event.schema.json").read_text(encoding="utf-8"))
_VALIDATOR = Draft202012Validator(SCHEMA)
# What a finding is between two of its events: nothing, drift, or something that a person is told of.
_DRIFT_ENDS = frozenset({"remediated", "blocked", "contested"})
_ALONE = frozenset({"impaired", "leaving"})


def valid(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """The detail, which is as the schema says."""
    wrong = [f"{error.json_path}: {error.message}" for error in _VALIDATOR.iter_errors(detail)]
    assert not wrong, (wrong, detail)
    assert detail["finding_id"] == "/".join((detail["vpc_id"], detail["kind"], detail["resource"]))
    return detail


def delivered(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a target of a rule gets of an event that was put on the bus."""
    detail = json.loads(entry["Detail"])
    return {
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": "111122223333",
        "time": detail["time"],
        "region": "eu-west-1",
        "resources": [],
        "detail": detail,
    }


def is_legal(before: Sequence[tuple[str, str | None]], change: str, reason: str | None) -> bool:
    """Whether an event may follow upon those of the same finding, each a change and its reason."""
    last = before[-1] if before else ("cleared", None)
    if change == "cleared":
        return last[0] not in ("cleared", "remediated")
    if change == "detected":
        return last[0] in ("cleared", "remediated", *_ALONE)
    if change in _DRIFT_ENDS:
        return last[0] == "detected" or (last[0] in _DRIFT_ENDS and last != (change, reason))
    return change in _ALONE and last[0] != change


class Subscriber:
    """Gets the finding events of an account's runs."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._events = FakeEvents()
        self._bus = EventBus(lambda: self._events.client, STACK, account.said.append)

    def hears(self, *runs: Run) -> list[Mapping[str, Any]]:
        """The details of what these runs announce."""
        return [each["detail"] for each in self.gets(*runs)]

    def hears_of(self, vpc_id: str) -> list[Mapping[str, Any]]:
        """The details of what is announced until the VPC is not requeued any more."""
        return self.hears(*self._account.converge(vpc_id))

    def gets(self, *runs: Run) -> list[dict[str, Any]]:
        """The events that these runs announce, as they are delivered."""
        since = len(self._events.sent)
        for run in runs:
            now = self._account.clock.now()
            self._bus.announce(run.request.vpc_id, run.news, now, run.request.correlation_id)
        events = [delivered(each) for each in self._events.sent[since:]]
        for event in events:
            detail = valid(event["detail"])
            assert event["source"] == SOURCE
            assert event["detail-type"] == f"Finding {detail['change'].capitalize()}"
        return events


def told(details: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Change and kind of each."""
    return [(each["change"], each["kind"]) for each in details]


def turn_hostnames_off(account: Account, vpc_id: str, event: str = "", who: str = "bob") -> None:
    """Somebody does; with `event`, intake hears of it."""
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    if event:
        now = int(account.clock.now())
        account.ledger.add_causes([(vpc_id, Cause(event, "ModifyVpcAttribute", who, now, (vpc_id,)))])


def delete_endpoint(account: Account, vpc_id: str, service: str) -> str:
    (endpoint,) = account.truth.endpoints(vpc_id, service)
    account.customer.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    return str(endpoint["VpcEndpointId"])
