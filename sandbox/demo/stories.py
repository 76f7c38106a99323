"""What the remediator must not do: each story is someone's doing, and what has to become of it.

A story that does not go as it should raises `NotShown`. EC2's own answers say how it went, and the
remediator's log lines who it says did it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from botocore.exceptions import ClientError

from sandbox.demo import fleet, witness
from sandbox.demo.breaks import Scene, unmark_group
from sandbox.demo.people import DEPLOY, NETWORK, Person
from sandbox.sandbox import Sandbox, wait_until
from sandbox.truth import Found

_PATIENCE = 60.0
_LOOK_EVERY = 0.3
# A tool retries a refused deletion; the sandbox's time is about ten times as fast as AWS's.
_RETRY_EVERY = 1.0
# Nobody fights longer than this: then the remediator does not give up, and the story has failed.
_FIGHTS = 6
_PEER = "10.99.0.0/16"


class NotShown(Exception):
    """A story did not go as it should; says how."""


@dataclass(frozen=True)
class Stage:
    """One VPC, who acts on it, and the way to look at it."""

    sandbox: Sandbox
    scene: Scene
    by: Person

    @property
    def vpc(self) -> str:
        """The VPC's id."""
        return self.scene.vpc.id

    @property
    def faults(self) -> list[str]:
        """What EC2 says is wrong with it."""
        return self.scene.truth.faults(self.vpc)

    @property
    def marks(self) -> Mapping[str, str]:
        """Of each owned thing in the VPC, by id: the time at which it leaves, empty where it stays."""
        truth = self.scene.truth
        things = chain(
            ((each["VpcEndpointId"], _tags(each)) for each in truth.endpoints(self.vpc)),
            ((each["GroupId"], _tags(each)) for each in truth.groups(self.vpc)),
        )
        return {
            key: tags.get(f"{truth.prefix}:leaving-at", "")
            for key, tags in things
            if tags.get(f"{truth.prefix}:owner") == truth.owner
        }

    def wait(self, holds: Callable[[], bool], otherwise: str) -> None:
        """Wait until something holds."""
        if not wait_until(holds, _PATIENCE, _LOOK_EVERY):
            raise NotShown(otherwise)


@dataclass(frozen=True)
class Story:
    """What someone does to the VPC of that name. `play` tells what became of it, `ending` in a word."""

    vpc: str
    title: str
    by: Person
    play: Callable[[Stage], str]
    ending: str


def lose_tag(stage: Stage) -> str:
    """The opt-in tag is stripped, and put back before the time at which what is owned would go."""
    scene, before = stage.scene, set(stage.marks)
    scene.ec2.delete_tags(Resources=[stage.vpc], Tags=[{"Key": f"{scene.truth.prefix}:profile"}])
    stage.wait(
        lambda: set(stage.marks) != before or all(stage.marks.values()),
        "not all that is owned was marked as leaving",
    )
    _expect_untouched(stage, before)
    leaves = min(datetime.fromisoformat(each) for each in stage.marks.values())
    stage.sandbox.invoke("SweepFunction", {})
    stage.wait(
        lambda: witness.has_swept_as_leaving(stage.sandbox, stage.vpc), "no sweep saw that it is leaving"
    )
    _expect_untouched(stage, before)
    hours = (leaves - datetime.now(UTC)).total_seconds() / 3600
    fleet.opt_in(scene.ec2, scene.vpc, scene.truth.prefix)
    stage.wait(lambda: not any(stage.marks.values()), "the marks were not removed")
    _expect_untouched(stage, before)
    return (
        f"{len(before)} owned things marked as leaving in {hours:.0f} h, none deleted;"
        " with the tag back, the marks are gone"
    )


def destroy(stage: Stage) -> str:
    """`terraform destroy`, as its provider does it: subnets side by side, each retried; group; VPC."""
    ec2, vpc = stage.scene.ec2, stage.scene.vpc
    (group,) = (
        each["GroupId"]
        for each in stage.scene.truth.groups(vpc.id)
        if each["GroupName"] == fleet.PREVIEW_GROUP
    )
    with ThreadPoolExecutor(len(vpc.private)) as pool:
        deletions = pool.map(
            lambda subnet: _until_deleted(lambda: ec2.delete_subnet(SubnetId=subnet), subnet), vpc.private
        )
        refused = sum(deletions)
    _until_deleted(lambda: ec2.delete_security_group(GroupId=group), group)
    _until_deleted(lambda: ec2.delete_vpc(VpcId=vpc.id), vpc.id)
    if not refused:
        raise NotShown("no subnet's deletion was ever refused, so nothing made way")
    if stage.marks:
        raise NotShown(f"the VPC is gone, and {', '.join(stage.marks)} are left")
    return f"{len(vpc.private)} subnets, refused {refused} times, let go; then group and VPC, all gone"


def fight(stage: Stage) -> str:
    """The same rule is let in again each time that it is revoked, until one of the two gives up."""
    revoked = _until_contested(stage)
    left, opponents = stage.faults, witness.contested_with(stage.sandbox, stage.vpc)
    if opponents != [stage.by.named]:
        raise NotShown(f"contested with {', '.join(opponents)}, not with {stage.by.named}")
    unmark_group(stage.scene)
    stage.wait(lambda: stage.faults == left, f"another break was to heal: {stage.faults}")
    return f"revoked {revoked} times, then left there; all else of the VPC still heals"


STORIES = (
    Story("orders", "opt-in tag lost, put back before anything goes", DEPLOY, lose_tag, "kept"),
    Story("preview", "terraform destroy of the VPC, with its tag on", DEPLOY, destroy, "gone"),
    Story("payments", f"{_PEER} let in again each time it is revoked", NETWORK, fight, "contested"),
)


def _expect_untouched(stage: Stage, before: Set[str]) -> None:
    """Nothing that was owned before is gone or made anew, and EC2 finds no fault."""
    if gone := before - set(stage.marks):
        raise NotShown(f"deleted: {', '.join(sorted(gone))}")
    if stage.faults or set(stage.marks) != before:
        raise NotShown("; ".join(stage.faults) or "something was made anew")


def _until_contested(stage: Stage) -> int:
    """Let the rule in until it stays. Gives how often it was revoked."""
    for revoked in range(_FIGHTS):
        _let_in(stage, _PEER)
        stage.wait(
            lambda: not stage.faults or bool(witness.contested_with(stage.sandbox, stage.vpc)),
            "the rule was neither revoked nor contested",
        )
        if stage.faults:
            return revoked
    raise NotShown(f"revoked {_FIGHTS} times, and never contested")


def _let_in(stage: Stage, cidr: str) -> None:
    stage.scene.ec2.authorize_security_group_ingress(
        GroupId=stage.scene.group["GroupId"], IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp=cidr
    )


def _until_deleted(delete: Callable[[], object], what: str) -> int:
    """Delete, as often as EC2 refuses it for what stands in the way. Gives how often it refused."""
    deadline, refused = time.monotonic() + _PATIENCE, 0
    while True:
        try:
            delete()
        except ClientError as error:
            if error.response["Error"]["Code"] != "DependencyViolation":
                raise
            if time.monotonic() > deadline:
                raise NotShown(f"{what} could not be deleted, refused {refused} times") from error
            refused += 1
            time.sleep(_RETRY_EVERY)
        else:
            return refused


def _tags(thing: Found) -> Mapping[str, str]:
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}
