"""Fights about what is owned end, also those about its tags, and also where the ledger takes nothing."""

from __future__ import annotations

from unittest.mock import Mock

from reconciler.conclusion import Run
from reconciler.domain.contest import SAME_CHANGE
from reconciler.domain.findings import Status
from reconciler.ledger import Ledger
from reconciler.messages import RunRequest
from reconciler.table import Table
from sandbox.truth import APP_MESH
from tests.account import INSTALLATION, STACK, Account
from tests.unit.fakes import refusal

HOUR, DAY = 3600, 24 * 3600
(SOON, _), (SLOWLY, _) = SAME_CHANGE


def is_contested(done: Run) -> bool:
    return any(each.status is Status.CONTESTED for each in done.findings)


def test_who_strips_the_marks_of_what_is_leaving_is_left_to_it(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    account.opt_out(vpc_id)
    things = [each["VpcEndpointId"] for each in account.truth.endpoints(vpc_id)]
    group = account.truth.owned_group(vpc_id)
    assert group is not None
    with account.calls() as calls:
        for _ in range(2 * DAY // HOUR):
            done = account.converge(vpc_id)[-1]
            for each in (*things, group["GroupId"]):
                account.customer.delete_tags(Resources=[each], Tags=[{"Key": INSTALLATION.leaving_key}])
            account.clock.advance(HOUR)
    assert is_contested(done)
    writes = account.writes(calls)
    assert set(writes) == {"CreateTags"}
    assert len(writes) <= 3 * (SLOWLY + 8)


def test_two_who_put_the_opt_in_tag_on_and_off_end_in_few_writes(account: Account) -> None:
    vpc_id = account.converged_vpc("ab")
    with account.calls() as calls:
        for _ in range(DAY // HOUR):
            account.opt_out(vpc_id)
            account.converge(vpc_id)
            account.clock.advance(HOUR / 4)
            account.tag(vpc_id, profile="appmesh")
            account.converge(vpc_id)
            account.clock.advance(HOUR / 4)
    writes = account.writes(calls)
    assert set(writes) == {"CreateTags", "DeleteTags"}
    assert len(writes) <= 2 * 3 * (SLOWLY + 8)
    assert account.truth.faults(vpc_id) == []


def test_a_fight_ends_also_where_the_ledger_can_be_read_and_not_written(account: Account) -> None:
    """The queue's message carries what the ledger does not take."""
    vpc_id = account.converged_vpc("ab")
    read_only = Mock(wraps=account.dynamo)
    read_only.put_item.side_effect = refusal("AccessDeniedException")
    account.ledger = Ledger(Table(lambda: read_only, "ledger", account.said.append), STACK)
    (mesh,) = account.truth.endpoints(vpc_id, APP_MESH)
    request = RunRequest(vpc_id, first_seen=int(account.clock.now() * 1000))
    remediated = 0
    for _ in range(3 * SOON):
        account.customer.modify_vpc_endpoint(VpcEndpointId=mesh["VpcEndpointId"], PrivateDnsEnabled=False)
        account.clock.advance(60)
        done = account.one_run(vpc_id, request)
        remediated += any(each.status is Status.REMEDIATED for each in done.findings)
        request = account.next_request(done)
        account.clock.advance(60)
    assert is_contested(done)
    assert remediated == SOON
