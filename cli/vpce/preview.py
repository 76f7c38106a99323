"""What the next run of each VPC would do: found out by the code of the run itself, and not done."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler import reconcile
from reconciler.domain import actions
from reconciler.domain.findings import Finding, Reason, Status
from reconciler.domain.intent import Intent
from reconciler.domain.model import Mode, Tags, Vpc
from reconciler.domain.plan import Plan, Step, together
from reconciler.domain.profile import NONE_FOLLOWED, NOTHING
from reconciler.domain.profiles import NONE
from reconciler.domain.restraint import held_back
from reconciler.ec2.index import bearing_our_tags, with_owned
from reconciler.messages import RunRequest
from reconciler.reconcile import Means

from .means import AsIf, to_plan
from .problems import Problem
from .words import count
from .world import World

DEFAULT_PROFILE = "appmesh"
_VPC_ID = re.compile(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})")
# So many are looked at before the next word on how far it is.
_AT_ONCE = 25
# What is to be done, or to be looked at by a person before it can be.
_DIFFERS = frozenset({Status.REMEDIABLE, Status.WAITING, Status.BLOCKED, Status.CONTESTED})

CALLS: Mapping[type, str] = {
    actions.CreateTags: "CreateTags",
    actions.DeleteTags: "DeleteTags",
    actions.EnableVpcAttribute: "ModifyVpcAttribute",
    actions.CreateSecurityGroup: "CreateSecurityGroup",
    actions.AuthorizeIngress: "AuthorizeSecurityGroupIngress",
    actions.CreateEndpoint: "CreateVpcEndpoint",
    actions.CreateGatewayEndpoint: "CreateVpcEndpoint",
    actions.ModifyEndpoint: "ModifyVpcEndpoint",
    actions.DeleteEndpoint: "DeleteVpcEndpoints",
    actions.RevokeIngress: "RevokeSecurityGroupIngress",
    actions.RevokeEgress: "RevokeSecurityGroupEgress",
    actions.DeleteSecurityGroup: "DeleteSecurityGroup",
}


@dataclass(frozen=True)
class PlannedCall:
    """One call to EC2, or what one does to one of several endpoints that it deletes. `later` says that it is
    made only by a later run: an earlier call puts back marks that it needs."""

    step: Step
    reasons: tuple[Finding, ...]

    @classmethod
    def all_of(cls, plan: Plan) -> tuple[PlannedCall, ...]:
        """The calls of a plan, in their order."""
        return tuple(call for steps in plan.calls for call in cls._of(steps))

    @classmethod
    def _of(cls, steps: Sequence[Step]) -> Iterator[PlannedCall]:
        if isinstance(steps[0].action, actions.DeleteEndpoint):
            yield from (cls(step, step.remediates) for step in steps)
            return
        step = steps[0] if len(steps) == 1 else together(steps)
        yield cls(step, tuple(dict.fromkeys(each for one in steps for each in one.remediates)))

    @property
    def name(self) -> str:
        """EC2's name of it."""
        return CALLS[type(self.step.action)]

    @property
    def sign(self) -> str:
        """`+` where something is created or opened, `-` where something is deleted or closed, else `~`."""
        return str(self.step)[0]

    @property
    def text(self) -> str:
        """It in words, without the sign."""
        return str(self.step)[2:]

    @property
    def resource(self) -> str:
        """What it is about: an id, or what is made."""
        match self.step.action:
            case actions.EnableVpcAttribute(vpc_id):
                return vpc_id
            case actions.CreateSecurityGroup() as creation:
                return creation.free_name
            case actions.CreateEndpoint(_, service_name) | actions.CreateGatewayEndpoint(_, service_name):
                return service_name
            case actions.CreateTags(resource_id):
                return resource_id
        return self.step.changed_id or actions.NEW_GROUP.value

    @property
    def later(self) -> bool:
        """Whether it waits for the run after the next."""
        return self.step.marks_first


@dataclass(frozen=True)
class Preview:
    """What the next run of a VPC would do. `as_if` is the profile that it was planned for, where the VPC does
    not bear its tag."""

    vpc: Vpc
    wanted: Intent
    plan: Plan
    opted_in: bool
    as_if: str = ""

    @property
    def name(self) -> str:
        """The VPC's `Name` tag."""
        return self.vpc.tags.get("Name", "")

    @property
    def profile(self) -> str:
        """The profile that it was planned for; `none` where it should have nothing, empty where it is left as
        it is."""
        if self.wanted.profile is None:
            return ""
        return NONE if self.wanted.profile == NOTHING else self.wanted.profile.name

    @property
    def is_enforced(self) -> bool:
        """Whether the calls are made, and not only reported."""
        return self.wanted.mode is Mode.ENFORCE

    @property
    def calls(self) -> tuple[PlannedCall, ...]:
        """The calls, in their order."""
        return PlannedCall.all_of(self.plan)

    @property
    def others(self) -> tuple[Finding, ...]:
        """The findings that no call remediates."""
        remedied = {finding for call in self.calls for finding in call.reasons}
        return tuple(each for each in self.plan.findings if each not in remedied)

    @property
    def differs(self) -> bool:
        """Whether the VPC is not as it should be."""
        return bool(self.plan.steps) or any(each.status in _DIFFERS for each in self.plan.findings)


def checked_ids(vpc_ids: Iterable[str]) -> tuple[str, ...]:
    """Each id once.

    Raises:
        Problem: when one is not a VPC's.
    """
    for each in vpc_ids:
        if not _VPC_ID.fullmatch(each):
            raise Problem(f"{each!r} is no VPC id: one is vpc- and 8 or 17 digits from 0 to 9 and a to f.")
    return tuple(dict.fromkeys(vpc_ids))


@dataclass(frozen=True)
class Fleet:
    """The VPCs that concern the installation: `tagged` bear a tag under its prefix, in `others` something
    owned is left."""

    tagged: frozenset[str]
    others: frozenset[str]

    @classmethod
    def of(cls, world: World) -> Fleet:
        """Those of the Region."""
        ec2, installation = world.account.ec2, world.deployment.installation
        tagged = frozenset(bearing_our_tags(ec2, installation))
        return cls(tagged, frozenset(with_owned(ec2, installation)) - tagged)

    @property
    def all(self) -> tuple[str, ...]:
        """All of them, in order."""
        return tuple(sorted(self.tagged | self.others))


def preview(
    world: World,
    vpc_ids: Iterable[str] = (),
    profile: str | None = None,
    profiles_file: Path | None = None,
) -> list[Preview]:
    """What the next run of each of these VPCs would do; of all that concern the installation, where none is
    named. With `profile`, as if they bore its tag; so too where one is named that asks for nothing.

    Raises:
        Problem: when a VPC or a profile is not there.
    """
    named = checked_ids(vpc_ids)
    if profile and not named:
        raise Problem("--profile is for VPCs that are named: vpce plan VPC --profile NAME")
    fleet = Fleet.of(world)
    as_if = {each: profile or DEFAULT_PROFILE for each in named if profile or each not in fleet.all}
    key = world.deployment.installation.profile_key

    def retag(vpc: Vpc) -> Tags:
        return {**vpc.tags, key: as_if[vpc.id]} if vpc.id in as_if else vpc.tags

    observer = AsIf(world, retag)
    means = to_plan(world, observer, profiles_file)
    known = means.catalogue(NONE_FOLLOWED).profiles
    if profile and profile not in known and profile != NONE:
        raise Problem(f"There is no profile {profile!r}: there are {', '.join((*sorted(known), NONE))}.")
    wanted = named or fleet.all
    found = look_at(world, wanted, observer, means, as_if)
    there = {each.vpc.id for each in found}
    if missing := [each for each in named if each not in there]:
        raise Problem(
            f"There is no VPC {', '.join(missing)} in {world.account.region} of account {world.account.id}."
        )
    return found


def look_at(
    world: World, vpc_ids: Sequence[str], observer: AsIf, means: Means, as_if: Mapping[str, str]
) -> list[Preview]:
    """What the next run of each of these VPCs would do; those that are gone are left out. `as_if` are the
    profiles of those that `observer` shows under another tag than they bear."""
    known, found = means.catalogue(NONE_FOLLOWED).profiles, []
    what = f"Looking at {count(len(vpc_ids), 'VPC')} in {world.account.region} …"
    with world.screen.busy(what) as progress:
        for start in range(0, len(vpc_ids), _AT_ONCE):
            some = vpc_ids[start : start + _AT_ONCE]
            progress.at(f"Looking at VPCs {start + 1} to {start + len(some)} of {len(vpc_ids)} …")
            observer.look_ahead(some, known)
            found += [_one(each, means, as_if.get(each, "")) for each in some]
    return [seen for seen in found if seen]


def _one(vpc_id: str, means: Means, as_if: str) -> Preview | None:
    """As `reconcile.run` does up to its first write."""
    request = RunRequest(vpc_id, first_seen=int(means.now() * 1000))
    seen = reconcile.look(request, means, means.ledger.read(vpc_id))
    if seen is None:
        return None
    plan, limit = seen.plan, means.installation.teardown_limit
    enforced = seen.wanted.mode is Mode.ENFORCE
    if enforced and plan.takes_down and not means.ledger.admits_teardown(vpc_id, means.now(), limit):
        plan = held_back(plan, Reason.TEARDOWN_LIMIT)
    opted_in = means.installation.profile_key in seen.observation.vpc.tags
    return Preview(seen.observation.vpc, seen.wanted, plan, opted_in and not as_if, as_if)
