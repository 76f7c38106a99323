"""Whose a security group or an endpoint is: by its marks, and by what the ledger knows of its creation.

Anyone who may call `ec2:CreateTags` can forge a mark. So one mark proves nothing, two that agree prove
ownership, and where the ledger is there, it must know of the creation too: it was written ahead of the call,
and no tag can forge that (facts, section 15; docs/security.md). To delete, to narrow and to reset a
policy, the owner mark and the VPC mark are both needed as they stand at that moment.
"""

from __future__ import annotations

from enum import Enum, auto

from .installation import Installation
from .memory import Memory
from .model import Tags

# Who bears one of these is under a controller that would undo what is added, or fights for it.
_CONTROLLERS = {
    "aws:cloudformation:stack-name": "CloudFormation",
    "aws:servicecatalog:provisionedProductArn": "Service Catalog",
    "elbv2.k8s.aws/cluster": "the AWS Load Balancer Controller",
    "red-hat-managed": "Red Hat OpenShift",
    "GuardDutyManaged": "GuardDuty",
}
_KUBERNETES = ("kubernetes.io/", "k8s.io/")


class Ownership(Enum):
    """Whose a thing is."""

    OWNED = auto()  # made by this installation
    UNPROVEN = auto()  # it bears marks of this installation, which do not prove that
    OTHER_INSTALLATION = auto()  # its owner mark names another installation
    FOREIGN = auto()  # someone else's


def ownership(
    resource_id: str, tags: Tags, marks: Tags, installation: Installation, memory: Memory | None
) -> Ownership:
    """Whose a thing is that bears `tags`, where one of ours would bear `marks`.

    `memory` is None where the ledger is not there: then two marks that agree suffice.
    """
    owner = tags.get(installation.owner_key, installation.id)
    if owner != installation.id:
        return Ownership.OTHER_INSTALLATION
    agreeing = sum(tags.get(key) == value for key, value in marks.items())
    if agreeing == 0:
        return Ownership.FOREIGN
    purpose = marks["Name"]
    known = memory is None or memory.knows(resource_id, purpose)
    return Ownership.OWNED if agreeing > 1 and known else Ownership.UNPROVEN


def may_be_narrowed(tags: Tags, marks: Tags, installation: Installation) -> bool:
    """Whether an owned thing bears the marks that deleting and narrowing need."""
    return all(tags.get(key) == marks[key] for key in (installation.owner_key, installation.vpc_key))


def controller_of(tags: Tags) -> str:
    """Who else keeps the thing as it is, by its tags; empty where nobody is known to."""
    for key in tags:
        if key in _CONTROLLERS:
            return _CONTROLLERS[key]
        if key.startswith(_KUBERNETES):
            return "Kubernetes"
    return ""
