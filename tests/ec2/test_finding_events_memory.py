"""What a subscriber hears where the ledger was lost, refuses, or is of an earlier version: no repeats."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.truth import LOGS
from tests.account import Account
from tests.finding_events import Subscriber, delete_endpoint, told, turn_hostnames_off
from tests.unit.fakes import FakeDynamo, refusal

HOUR = 3600


@pytest.fixture
def subscriber(account: Account) -> Subscriber:
    return Subscriber(account)


def lose_the_ledger(account: Account) -> None:
    """Its table is made again, empty."""
    account.dynamo = FakeDynamo()
    account.ledger = account.new_ledger()


def a_vpc_with_much_that_stands_open(account: Account) -> str:
    """Its endpoint cannot be made, it has name servers of its own, and drift that nobody remediates yet."""
    vpc_id = account.converged_vpc()
    options = account.customer.create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name-servers", "Values": ["10.0.0.53"]}]
    )["DhcpOptions"]["DhcpOptionsId"]
    account.customer.associate_dhcp_options(VpcId=vpc_id, DhcpOptionsId=options)
    delete_endpoint(account, vpc_id, LOGS)
    account.ec2.faults.before("CreateVpcEndpoint", "UnauthorizedOperation", times=99)
    return vpc_id


def test_a_ledger_that_is_lost_and_taken_over_anew_brings_no_repeats(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = a_vpc_with_much_that_stands_open(account)
    assert len(subscriber.hears_of(vpc_id)) == 3
    lose_the_ledger(account)
    assert account.sweep().to_reconcile == (vpc_id,)
    assert subscriber.hears_of(vpc_id) == []
    account.clock.advance(HOUR)
    assert subscriber.hears_of(vpc_id) == []
    account.ec2.faults.clear()
    assert told(subscriber.hears_of(vpc_id)) == [("remediated", "endpoint-missing")]


@pytest.mark.parametrize("swept", [True, False])
def test_nor_where_a_worker_still_believes_in_the_one_that_was_lost(
    account: Account, subscriber: Subscriber, swept: bool
) -> None:
    vpc_id = a_vpc_with_much_that_stands_open(account)
    subscriber.hears_of(vpc_id)
    account.dynamo.items.clear()
    if swept:
        account.sweep()
    assert subscriber.hears_of(vpc_id) == []
    account.sweep()
    assert subscriber.hears_of(vpc_id) == []


@pytest.mark.parametrize("refused", ["everything", "writes"])
def test_without_a_ledger_what_was_done_is_told_and_nothing_else(
    account: Account, subscriber: Subscriber, refused: str
) -> None:
    vpc_id = a_vpc_with_much_that_stands_open(account)
    turn_hostnames_off(account, vpc_id)
    table = account.dynamo
    account.dynamo = Refusing(table, refused)
    account.ledger = account.new_ledger()
    heard = subscriber.hears_of(vpc_id)
    assert told(heard) == [("remediated", "dns-hostnames-off")]
    assert heard[0]["done"][0]["request_id"]
    assert subscriber.hears_of(vpc_id) == []
    account.dynamo = table
    account.ledger = account.new_ledger()
    assert [each["change"] for each in subscriber.hears_of(vpc_id)] == [
        "impaired",
        "detected",
        "blocked",
    ]


class Refusing(FakeDynamo):
    """A table that refuses writes, or everything."""

    def __init__(self, table: FakeDynamo, what: str) -> None:
        super().__init__(refusal("AccessDeniedException") if what == "everything" else None)
        self.items = table.items

    def put_item(self, **_request: Any) -> dict[str, Any]:
        raise refusal("AccessDeniedException")

    def update_item(self, **_request: Any) -> dict[str, Any]:
        raise refusal("AccessDeniedException")


def test_a_vpc_that_is_gone_is_told_of_once_the_ledger_keeps_it(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = account.vpc(private="", profile="apmesh")
    subscriber.hears_of(vpc_id)
    account.customer.delete_vpc(VpcId=vpc_id)
    table = account.dynamo
    account.dynamo = Refusing(table, "writes")
    assert subscriber.hears(account.one_run(vpc_id)) == []
    account.dynamo = table
    assert told(subscriber.hears(account.one_run(vpc_id))) == [("cleared", "unknown-profile")]


def test_an_upgrade_from_the_version_without_events_brings_no_repeats(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = a_vpc_with_much_that_stands_open(account)
    account.converge(vpc_id)
    item = account.dynamo.items[f"vpc#{vpc_id}", "state"]
    document = json.loads(item["doc"]["S"])
    del document["quiet"]
    for finding in document["findings"]:
        del finding["announced"]
    item["doc"] = {"S": json.dumps(document)}
    account.ledger = account.new_ledger()
    assert subscriber.hears_of(vpc_id) == []
    account.ec2.faults.clear()
    assert told(subscriber.hears_of(vpc_id)) == [("remediated", "endpoint-missing")]


def test_a_vpc_that_is_not_shown_for_a_while_tells_again_of_what_stands_open(
    account: Account, subscriber: Subscriber
) -> None:
    vpc_id = account.vpc(profile="apmesh")
    subscriber.hears_of(vpc_id)
    memory = account.ledger.read(vpc_id)
    assert memory is not None
    account.ledger.forget(memory, account.clock.now())
    assert [each["change"] for each in subscriber.hears_of(vpc_id)] == ["detected", "blocked"]
