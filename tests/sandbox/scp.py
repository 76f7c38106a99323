"""docs/scp/keep-marks.json over an account, and the calls that its tests make."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.ec2 import AssumedRole
from sandbox.iam.ec2_decision import Ec2Permissions
from sandbox.iam.service_control import ServiceControl
from tests.account import INSTALLATION
from tests.template.deployed import VALUES

POLICY = Path(__file__).parents[2] / "docs" / "scp" / "keep-marks.json"
ROLES = f"arn:aws:iam::{INSTALLATION.account}:role"
REMEDIATOR = AssumedRole(VALUES["ReconcileRole.Arn"])
ADMIN = AssumedRole(f"{ROLES}/vpce-remediator-admin")
DEPLOYER = AssumedRole(f"{ROLES}/vpce-remediator-deployer")
STACK_SETS = AssumedRole(f"{ROLES}/stacksets-exec-0123456789abcdef")

VPC, SUBNET = "vpc-00000000000000001", "subnet-00000000000000001"
OWNED, STRANGERS = "vpce-00000000000000001", "vpce-00000000000000002"
OWNED_GROUP, STRANGERS_GROUP = "sg-00000000000000001", "sg-00000000000000002"
TAGS: Mapping[str, Mapping[str, str]] = {
    VPC: {INSTALLATION.profile_key: "appmesh"},
    OWNED: INSTALLATION.endpoint_tags(VPC, INSTALLATION.service_name("logs")),
    OWNED_GROUP: INSTALLATION.group_tags(VPC),
    STRANGERS: {"Name": "app/logs", "team": "app"},
    STRANGERS_GROUP: {"Name": "app"},
}


def over(own: Ec2Permissions | None = None) -> ServiceControl:
    """The policy over an account in which every principal may do everything, but for what `own` says."""
    statements = json.loads(POLICY.read_text(encoding="utf-8"))["Statement"]
    everything = Ec2Permissions(
        {}, INSTALLATION.account, INSTALLATION.region, lambda each: TAGS.get(each, {})
    )
    return ServiceControl(statements, own or everything)


def put(resource: str | list[str], **tags: str) -> tuple[str, dict[str, Any]]:
    """A call that puts tags on: those of ours by their last word, others with their `key=`."""
    return "CreateTags", {"Resources": _several(resource), "Tags": _tags(tags)}


def take(resource: str | list[str], *keys: str) -> tuple[str, dict[str, Any]]:
    """A call that takes tags off: all of them, where none is named."""
    return "DeleteTags", {"Resources": _several(resource), "Tags": [{"Key": _key(each)} for each in keys]}


def make(kind: str, **tags: str) -> tuple[str, dict[str, Any]]:
    """A call that makes something with tags."""
    action = {
        "vpc": "CreateVpc",
        "subnet": "CreateSubnet",
        "vpc-endpoint": "CreateVpcEndpoint",
        "security-group": "CreateSecurityGroup",
    }
    specification = [{"ResourceType": kind, "Tags": _tags(tags)}]
    return action[kind], {"VpcId": VPC, "TagSpecifications": specification}


def _several(resource: str | list[str]) -> list[str]:
    return [resource] if isinstance(resource, str) else resource


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": _key(key), "Value": value} for key, value in tags.items()]


def _key(word: str) -> str:
    return word if word in ("Name", "team") else f"{INSTALLATION.tag_prefix}:{word.replace('_', '-')}"
