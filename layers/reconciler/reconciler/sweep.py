"""The sweep: every VPC of the Region that is tagged, or in which something owned is left, observed in bulk.

It is what heals at install time, what catches lost events, and what counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .domain.findings import Finding, Status
from .domain.model import Profile
from .ec2.locate import opted_in, with_owned
from .reconcile import plan_of, read_intent

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

    from .ec2.observe import Observer
    from .settings import Settings


@dataclass(frozen=True)
class Sweep:
    """How VPCs stand: the tagged ones, and as `leftovers` those that are not and in which something owned is.

    `drifted` are those that a pass may do something about.
    """

    in_sync: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()

    @property
    def to_pass_over(self) -> tuple[str, ...]:
        """Those that differ; the blocked ones too: what blocked them may be gone, and a pass says why."""
        return tuple(sorted({*self.drifted, *self.blocked, *self.leftovers}))


def sweep(
    observer: Observer, ec2: EC2Client, profiles: Mapping[str, Profile], settings: Settings, now: float
) -> Sweep:
    """Look at every VPC that is tagged or has something owned in it. Writes nothing. `now` is in seconds
    since 1970.

    Raises:
        One of `refusals.ERRORS`: when EC2 refuses a read.
    """
    tagged = set(opted_in(ec2, settings.installation))
    standing: dict[str, list[str]] = {"in_sync": [], "drifted": [], "blocked": [], "leftovers": []}
    for observation in observer.many(tagged | set(with_owned(ec2, settings.installation)), profiles):
        asked = read_intent(observation, profiles, settings, now)
        wanted = plan_of(observation, asked, settings)
        stands = _standing((*asked.findings, *wanted.findings))
        if observation.vpc.id in tagged:
            standing[stands].append(observation.vpc.id)
        elif stands != "in_sync":
            standing["leftovers"].append(observation.vpc.id)
    return Sweep(**{name: tuple(vpc_ids) for name, vpc_ids in standing.items()})


def _standing(findings: Iterable[Finding]) -> str:
    statuses = {finding.status for finding in findings}
    if statuses & {Status.REMEDIABLE, Status.CONVERGING}:
        return "drifted"
    return "blocked" if Status.BLOCKED in statuses else "in_sync"
