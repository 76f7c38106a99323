"""What the remediator must not do: each story is someone's doing, and what has to become of it.

A story that does not go as it should raises `NotShown`. EC2's own answers say how it went, and the
remediator's log lines who it says did it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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
    """What someone does to the VPC of that name; `play` tells what became of it."""

    vpc: str
    title: str
    by: Person
    play: Callable[[Stage], str]


def lose_tag(stage: Stage) -> str:
    """The opt-in tag is stripped, and put back before the time at which what is owned would go."""
    scene, before = stage.scene, set(stage.marks)
    scene.ec2.delete_tags(Resources=[stage.vpc], Tags=[{"Key": f"{scene.truth.prefix}:profile"}])
    stage.wait(lambda: all(stage.marks.values()), "not all that is owned was marked as leaving")
    leaves = min(datetime.fromisoformat(each) for each in stage.marks.values())
    stage.sandbox.invoke("SweepFunction", {})
    stage.wait(
        lambda: witness.has_swept_as_leaving(stage.sandbox, stage.vpc), "no sweep saw that it is leaving"
    )
    if set(stage.marks) != before or stage.faults:
        raise NotShown(f"the tag was lost, and {stage.faults or 'what is owned is not what it was'}")
    hours = (leaves - datetime.now(UTC)).total_seconds() / 3600
    fleet.opt_in(scene.ec2, scene.vpc, scene.truth.prefix)
    stage.wait(lambda: not any(stage.marks.values()), "the marks were not removed")
    if set(stage.marks) != before or stage.faults:
        raise NotShown(f"the tag came back, and {stage.faults or 'what is owned is not what it was'}")
    return (
        f"{len(before)} things marked as leaving in {hours:.0f} h, 0 deleted; the tag back: 0 marks,"
        " and the same things as before"
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
    return f"{len(vpc.private)} subnets refused {refused} times, then let go; group and VPC gone"


def fight(stage: Stage) -> str:
    """The same rule is let in again each time that it is revoked, until one of the two gives up."""
    for number in range(_FIGHTS):
        _let_in(stage, _PEER)
        stage.wait(
            lambda: not stage.faults or witness.is_contested(stage.sandbox, stage.vpc),
            f"the rule was neither revoked nor contested, the time after {number}",
        )
        if stage.faults:
            break
    else:
        raise NotShown(f"revoked {_FIGHTS} times, and never contested")
    left = stage.faults
    unmark_group(stage.scene)
    stage.wait(lambda: stage.faults == left, f"another break was to heal: {stage.faults}")
    return f"revoked {number} times, then contested: the rule stays, all else still heals"


STORIES = (
    Story("orders", "opt-in tag lost, and put back", DEPLOY, lose_tag),
    Story("preview", "terraform destroy, opt-in tag on", DEPLOY, destroy),
    Story("payments", f"{_PEER} let in, again and again", NETWORK, fight),
)


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
