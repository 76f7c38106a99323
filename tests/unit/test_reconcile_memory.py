"""What a run asks of the ledger, what it leaves there, and what it does without."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast
from unittest.mock import Mock, patch

import pytest
from botocore.exceptions import ConnectTimeoutError

from reconciler import reconcile
from reconciler.conclusion import Ending, Run
from reconciler.domain import remembering
from reconciler.domain.contest import SAME_CHANGE
from reconciler.domain.findings import Kind, Status
from reconciler.domain.memory import Cause, Made, Memory
from reconciler.ec2.observe import Observer
from reconciler.messages import RunRequest
from sandbox.ec2.calls import ConnectionLost
from tests.account import INSTALLATION, Account
from tests.unit.fakes import FakeDynamo, refusal

REFUSALS = [
    refusal("ResourceNotFoundException", "no such table"),
    refusal("AccessDeniedException", "you may not"),
    ConnectTimeoutError(endpoint_url="https://dynamodb"),
]


@pytest.fixture
def account() -> Account:
    return Account()


def turn_dns_off(account: Account, vpc_id: str) -> None:
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})


def lose_tag(account: Account, vpc_id: str) -> None:
    account.customer.delete_tags(Resources=[vpc_id], Tags=[{"Key": INSTALLATION.profile_key}])


# ---- what it costs


def test_a_run_over_an_unchanged_vpc_costs_one_read(account: Account) -> None:
    vpc_id = account.converged_vpc()
    account.dynamo.calls.clear()
    assert account.one_run(vpc_id).ending is Ending.CONVERGED
    assert account.dynamo.calls == ["query"]


def test_a_finding_that_stays_is_written_once(account: Account) -> None:
    vpc_id = account.converged_vpc()
    account.tag(vpc_id, Mode="audit")
    writes = []
    for _ in range(3):
        account.dynamo.calls.clear()
        account.one_run(vpc_id)
        writes.append(list(account.dynamo.calls))
        account.clock.advance(60)
    assert writes == [["query", "put_item"], ["query"], ["query"]]


def test_a_run_that_only_looks_writes_of_its_findings_alone(account: Account) -> None:
    vpc_id = account.converged_vpc()
    turn_dns_off(account, vpc_id)
    account.tag(vpc_id, mode="audit")
    account.dynamo.calls.clear()
    assert account.one_run(vpc_id).ending is Ending.REPORTED
    assert account.dynamo.calls == ["query", "put_item"]


def test_what_is_known_of_a_vpc_that_ec2_did_not_show_for_a_moment_is_kept(account: Account) -> None:
    """Else the proofs of creation would be gone a month later."""
    vpc_id = account.converged_vpc()
    key = (f"vpc#{vpc_id}", "state")
    observer = Mock(spec=Observer)
    observer.one.return_value = None
    request = RunRequest(vpc_id, first_seen=1)
    assert reconcile.run(request, replace(account.means, observer=observer)).ending is Ending.GONE
    assert "expires" in account.dynamo.items[key]
    assert account.one_run(vpc_id).ending is Ending.CONVERGED
    assert "expires" not in account.dynamo.items[key]
    account.dynamo.calls.clear()
    account.one_run(vpc_id)
    assert account.dynamo.calls == ["query"]


# ---- a creation is written ahead of its call


class Watched:
    """An EC2 client that looks into the ledger's table at each creation."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.seen: list[tuple[str, set[str]]] = []

    def __getattr__(self, name: str) -> Any:
        if name in ("create_vpc_endpoint", "create_security_group"):
            [vpc_id] = {pk for pk, sk in self._account.dynamo.items if sk == "state"}
            document = json.loads(self._account.dynamo.items[vpc_id, "state"]["doc"]["S"])
            self.seen.append((name, {each["purpose"] for each in document["making"]}))
        return getattr(self._account.reconciler, name)


def test_every_creation_is_an_open_intention_before_ec2_is_asked(account: Account) -> None:
    vpc_id = account.vpc()
    watched = Watched(account)
    means = replace(account.means, ec2=cast("Any", watched))
    reconcile.run(RunRequest(vpc_id, first_seen=1), means)
    purposes = {f"{INSTALLATION.id}/{each}" for each in ("endpoints", "appmesh-envoy-management", "logs")}
    assert [name for name, _ in watched.seen] == ["create_security_group", *["create_vpc_endpoint"] * 2]
    assert all(making == purposes for _, making in watched.seen)
    memory = account.ledger.read(vpc_id)
    assert memory is not None
    assert ({each.purpose for each in memory.made.values()}, memory.making) == (purposes, ())


def test_the_double_of_a_lost_answer_is_ours(account: Account) -> None:
    vpc_id = account.vpc()
    account.ec2.faults.after("CreateVpcEndpoint", ConnectionLost, times=2)
    account.converge(vpc_id)
    memory = account.ledger.read(vpc_id)
    assert memory is not None
    assert set(account.made_here()) == set(memory.made)
    assert account.truth.faults(vpc_id) == []


def test_what_a_lost_answer_made_stays_ours_though_ec2_refuses_the_same_before_it_shows_it(
    account: Account,
) -> None:
    vpc_id, lost = account.vpc(), f"{INSTALLATION.id}/logs"
    assert account.ledger.save(Memory(vpc_id).opened([lost], account.clock.now()))
    account.clock.advance(60)
    account.ec2.faults.before("CreateVpcEndpoint", "UnauthorizedOperation", times=10**6)
    assert account.converge(vpc_id)[-1].ending is Ending.BLOCKED
    memory = account.ledger.read(vpc_id)
    assert memory is not None
    assert [each.purpose for each in memory.making] == [lost]


# ---- without the ledger


@pytest.mark.parametrize("error", REFUSALS)
def test_a_run_heals_where_the_ledger_refuses_and_says_so_in_one_line(
    account: Account, error: Exception
) -> None:
    account.dynamo.error = error
    vpc_id = account.vpc()
    done = account.converge(vpc_id)
    assert done[-1].ending is Ending.CONVERGED
    assert account.truth.faults(vpc_id) == []
    assert account.said == [f"the ledger could not be used: {error}"] * len(done)


def test_what_was_made_without_the_ledger_goes_with_the_message_until_the_ledger_is_back(
    account: Account,
) -> None:
    vpc_id = account.vpc()
    account.dynamo.error = refusal("AccessDeniedException")
    done = account.one_run(vpc_id)
    assert {each.id for each in done.unproven} == account.made_here()
    account.dynamo.error = None
    account.clock.advance(30)
    account.converge(vpc_id, request=account.next_request(done))
    memory = account.ledger.read(vpc_id)
    assert memory is not None
    assert set(memory.made) == account.made_here()
    assert account.truth.faults(vpc_id) == []


def test_what_the_ledger_refused_halfway_goes_with_the_message(account: Account) -> None:
    vpc_id = account.vpc()

    class FullDynamo(FakeDynamo):
        def put_item(self, **request: Any) -> dict[str, Any]:
            if self.calls.count("put_item") > 1:
                raise refusal("RequestLimitExceeded")
            return super().put_item(**request)

    account.dynamo = FullDynamo()
    account.ledger = account.new_ledger()
    account.ledger.set_complete(0)
    done = account.one_run(vpc_id)
    assert {each.id for each in done.unproven} == account.made_here() != set()


@pytest.mark.parametrize("refused", ["put_item", "batch_write_item"])
def test_intake_learns_later_of_which_vpc_a_thing_is_that_the_ledger_did_not_take(
    account: Account, refused: str
) -> None:
    vpc_id = account.vpc()
    with patch.object(account.dynamo, refused, side_effect=refusal("ThrottlingException")):
        done = account.one_run(vpc_id)
    made = account.made_here()
    assert made
    account.clock.advance(30)
    account.converge(vpc_id, request=account.next_request(done))
    assert account.ledger.vpcs_of(made) == dict.fromkeys(made, vpc_id)


def test_intake_knows_what_a_run_made_that_was_killed_before_it_could_say_so(account: Account) -> None:
    vpc_id = account.vpc()
    with patch.object(remembering, "after", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        account.one_run(vpc_id)
    made = account.made_here()
    assert made
    account.clock.advance(90)
    account.converge(vpc_id)
    assert account.ledger.vpcs_of(made) == dict.fromkeys(made, vpc_id)


def test_what_came_with_the_message_is_written_though_nothing_else_is_new(account: Account) -> None:
    vpc_id = account.converged_vpc()
    request = RunRequest(vpc_id, first_seen=1, made=(Made("vpce-0123456789abcdef0", "our-stack/logs", 7),))
    account.one_run(vpc_id, request)
    memory = account.new_ledger().read(vpc_id)
    assert memory is not None
    assert "vpce-0123456789abcdef0" in memory.made


def test_without_the_ledger_nothing_is_deleted_late_and_none_is_followed(account: Account) -> None:
    vpc_id = account.converged_vpc()
    lose_tag(account, vpc_id)
    account.one_run(vpc_id)
    account.clock.advance(25 * 3600)
    account.dynamo.error = refusal("AccessDeniedException")
    with account.calls() as calls:
        done = account.one_run(vpc_id)
    assert account.writes(calls) == []
    assert {each.status for each in done.findings} == {Status.LEAVING}
    account.tag(vpc_id, profile="none")
    with account.calls() as calls:
        account.one_run(vpc_id)
    assert account.writes(calls) == ["DeleteVpcEndpoints"]


@pytest.mark.parametrize("error", [None, refusal("AccessDeniedException")])
def test_a_fight_stops_with_and_without_the_ledger(account: Account, error: Exception | None) -> None:
    """Without it, the queue's message carries the count as far as it goes."""
    vpc_id = account.converged_vpc()
    account.clock.advance(3600)
    account.dynamo.error = error
    request: RunRequest | None = None
    done: list[Run] = []
    for _ in range(SAME_CHANGE[0][0] + 1):
        turn_dns_off(account, vpc_id)
        done.append(account.one_run(vpc_id, request))
        account.clock.advance(30)
        request = account.next_request(done[-1])
    assert [each.ending for each in done] == [*[Ending.REQUEUED] * SAME_CHANGE[0][0], Ending.CONTESTED]


# ---- causes


def test_a_finding_says_who_brought_it_about_and_since_when_it_stands(account: Account) -> None:
    vpc_id = account.converged_vpc()
    turn_dns_off(account, vpc_id)
    account.tag(vpc_id, mode="audit")
    now = int(account.clock.now())
    cause = Cause("call-1", "ModifyVpcAttribute", "ada", now, (vpc_id,))
    account.ledger.add_causes([(vpc_id, cause)])
    for _ in range(2):
        [found] = account.one_run(vpc_id).findings
        assert (found.finding.kind, found.since, found.cause) == (Kind.DNS_HOSTNAMES_OFF, now, cause)
        account.clock.advance(3600)


@pytest.mark.parametrize(
    ("swept", "foretold", "count"), [(True, False, 1), (True, True, 0), (False, False, 0)]
)
def test_drift_that_a_sweep_found_and_no_event_foretold_is_counted(
    account: Account, swept: bool, foretold: bool, count: int
) -> None:
    vpc_id = account.converged_vpc()
    turn_dns_off(account, vpc_id)
    now = int(account.clock.now())
    if foretold:
        account.ledger.add_causes([(vpc_id, Cause("call-1", "ModifyVpcAttribute", "ada", now, (vpc_id,)))])
    request = RunRequest(vpc_id, first_seen=now * 1000, swept=swept)
    assert account.one_run(vpc_id, request).unforeseen == count


def test_what_a_new_vpc_lacks_is_not_drift_that_an_event_should_have_foretold(account: Account) -> None:
    vpc_id = account.vpc()
    assert account.one_run(vpc_id, RunRequest(vpc_id, first_seen=1, swept=True)).unforeseen == 0
