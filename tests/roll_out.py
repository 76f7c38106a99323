"""A roll-out under EC2's buckets: many new VPCs are asked for at once, on a simulated clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from reconciler.domain.pace import DEFAULT_PACE
from sandbox.ec2 import Call, Rules
from tests.account import ROLE, Account
from tests.at_work import AtWork, Ran

ENDPOINTS = 2
PACED_CALLS = ("CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints")


@dataclass
class RollOut:
    """A roll-out that was made. Times are in seconds since the first run began."""

    account: Account
    vpc_ids: Sequence[str]
    calls: Sequence[Call] = ()
    ran: Sequence[Ran] = ()
    began: float = 0.0
    letters: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def ideal(self) -> float:
        """How long EC2's bucket takes to give so many calls, from full to the last one."""
        return (len(self.vpc_ids) * ENDPOINTS - DEFAULT_PACE.burst) / DEFAULT_PACE.rate

    @cached_property
    def created(self) -> dict[str, list[float]]:
        """When the endpoints of each VPC were made."""
        return {each: self.created_in(each) for each in self.vpc_ids}

    def created_in(self, vpc_id: str) -> list[float]:
        """When the endpoints of a VPC were made, also of one that was there before."""
        made = (call for call in self.calls if call.action == "CreateVpcEndpoint" and not call.error_code)
        return [call.time - self.began for call in made if call.params["VpcId"] == vpc_id]

    @property
    def last_created(self) -> float:
        return max(max(each) for each in self.created.values())

    @cached_property
    def converged(self) -> dict[str, float]:
        """When each VPC was first found converged."""
        found: dict[str, float] = {}
        for each in self.ran:
            if each.ending == "converged":
                found.setdefault(each.vpc_id, each.ended - self.began)
        return found

    @property
    def throttled(self) -> float:
        """The share of endpoint calls that EC2 throttled."""
        paced = [call for call in self.calls if call.action in PACED_CALLS]
        refused = sum(call.error_code == "RequestLimitExceeded" for call in paced)
        return refused / len(paced)

    @property
    def longest_half_done(self) -> float:
        """How long a VPC at most had one endpoint and waited for the next."""
        return max(max(each) - min(each) for each in self.created.values())

    @property
    def unevenness(self) -> float:
        """How far the number of VPCs that are complete is at most from growing evenly, as a share of all: 0
        where each takes its turn, near 1 where all wait for the last."""
        ends = sorted(max(each) for each in self.created.values())
        return max(abs(end / ends[-1] - (n + 1) / len(ends)) for n, end in enumerate(ends))

    @property
    def runs(self) -> Counter[str]:
        """How many runs ended how. Those of VPCs that wait for their turn are requeued."""
        return Counter(each.ending for each in self.ran)


def an_account_with_buckets() -> Account:
    """An account in which EC2 throttles."""
    return Account(Rules.all() - {each for each in Rules.all() if each.name == "states_come_in_varied_case"})


def new_vpcs(account: Account, count: int) -> list[str]:
    """Tagged VPCs in which nothing was made yet, made slowly."""
    made = []
    for number in range(1, count + 1):
        made.append(account.vpc("ab", number=number))
        account.clock.advance(5)
    return made


def roll_out(
    vpcs: int,
    *,
    paced: bool = True,
    workers: int = 2,
    meanwhile: Callable[[AtWork], None] = lambda _work: None,
    account: Account | None = None,
) -> RollOut:
    """Roll out on so many VPCs, while `meanwhile` may have something happen."""
    account = account or an_account_with_buckets()
    made = RollOut(account, new_vpcs(account, vpcs))
    at_work = AtWork(account, workers, paced=paced)
    since = len(account.ec2.calls)
    at_work.ask(made.vpc_ids)
    meanwhile(at_work)
    at_work.run()
    made.began = min(each.began for each in at_work.ran)
    made.calls = [call for call in account.ec2.calls[since:] if call.principal == ROLE]
    made.ran, made.letters = at_work.ran, len(at_work.queue.dead)
    made.faults = [fault for each in made.vpc_ids for fault in account.truth.faults(each)]
    return made
