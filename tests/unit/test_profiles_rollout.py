"""A changed profiles document reaches the workers one by one: no two of them create and delete in turn.

A run leaves in the ledger which version of the document it followed. A worker that kept an older one reads
the parameter again before it judges that VPC, and judges it by no older one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from reconciler import reconcile
from reconciler.messages import RunRequest
from reconciler.profile_store import ProfileStore, ProfilesUnavailable
from tests.account import Account
from tests.unit.fakes import FakeSsm

LESS = "[[web.endpoint]]\nservice = 'logs'"
MORE = f"{LESS}\n[[web.endpoint]]\nservice = 'sqs'"


@dataclass
class Worker:
    """A process that is kept warm: it has its own profiles, its own ledger client, its own observer."""

    account: Account
    ssm: FakeSsm

    def __post_init__(self) -> None:
        self.profiles = ProfileStore("/p", lambda: self.ssm.client, lambda _: None, self.account.clock.now)
        self.ledger = self.account.new_ledger()
        self.observer = self.account.new_observer()

    def run(self, vpc_id: str) -> list[str]:
        """One run; gives its writes."""
        means = replace(
            self.account.means,
            observer=self.observer,
            ledger=self.ledger,
            catalogue=self.profiles.current,
        )
        with self.account.calls() as calls:
            reconcile.run(RunRequest(vpc_id, first_seen=1), means)
        return self.account.writes(calls)


def rolled_out(before: str, after: str, rounds: Sequence[int]) -> list[str]:
    """The calls that create or delete endpoints, once the document was changed. Two warm workers make runs
    in this order; the second saw the change at once."""
    account = Account(grace_seconds=0)
    ssm = FakeSsm(before)
    vpc_id = account.vpc(profile="web")
    workers = [Worker(account, ssm), Worker(account, ssm)]
    for worker in (*workers, *workers, *workers):
        worker.run(vpc_id)
        account.clock.advance(60)
    account.clock.advance(300)
    assert workers[0].run(vpc_id) == []  # it has just read the document, and keeps it for minutes
    ssm.versions.append(after)
    workers[1] = Worker(account, ssm)
    writes = []
    for number in rounds:
        account.clock.advance(10)
        writes += workers[number].run(vpc_id)
    return [each for each in writes if each in ("CreateVpcEndpoint", "DeleteVpcEndpoints")]


ORDERS = [[1, 0] * 5, [0, 1] * 5, [1, 1, 0, 0, 1, 0], [0, 0, 1, 0, 1, 1]]


@pytest.mark.parametrize("rounds", ORDERS)
def test_an_endpoint_that_a_new_document_asks_for_is_made_once_and_stays(rounds: list[int]) -> None:
    assert rolled_out(LESS, MORE, rounds) == ["CreateVpcEndpoint"]


@pytest.mark.parametrize("rounds", ORDERS)
def test_an_endpoint_that_a_new_document_no_longer_asks_for_goes_once_and_stays_away(
    rounds: list[int],
) -> None:
    assert rolled_out(MORE, LESS, rounds) == ["DeleteVpcEndpoints"]


@pytest.mark.parametrize(("before", "after"), [(LESS, MORE), (MORE, LESS)])
@pytest.mark.parametrize("down", [True, False])
def test_a_worker_that_gets_no_newer_document_judges_no_vpc(before: str, after: str, down: bool) -> None:
    """SSM is down for it, or still serves it the old version."""
    account = Account(grace_seconds=0)
    ssm, late = FakeSsm(before), FakeSsm(before)
    vpc_id = account.vpc(profile="web")
    old = Worker(account, late)
    for _ in range(3):
        old.run(vpc_id)
        account.clock.advance(60)
    ssm.versions.append(after)
    new = Worker(account, ssm)
    assert new.run(vpc_id) != []
    late.down = down
    for _ in range(3):
        account.clock.advance(60)
        with pytest.raises(ProfilesUnavailable):
            old.run(vpc_id)
        assert new.run(vpc_id) == []
