"""What people and pipelines do to a VPC that was fine: each break one or a few public calls of EC2.

A list of its own, so that one more way to break a VPC is one more function and one more line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sandbox.demo.fleet import Vpc
from sandbox.demo.people import ANN, BOB, CLEANUP, DEPLOY, NETWORK, Person
from sandbox.networks import EVERYWHERE, make_gateway, make_public_table, make_subnet, route_by
from sandbox.truth import APP_MESH, LOGS, Found, Truth

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client
    from mypy_boto3_ec2.type_defs import IpPermissionTypeDef

_PATIENCE = 20.0


@dataclass(frozen=True)
class Scene:
    """One VPC, EC2 for whoever works on it, and the way to look at it."""

    ec2: EC2Client
    truth: Truth
    vpc: Vpc

    def endpoint(self, service: str) -> Found:
        """The VPC's endpoint for `service`."""
        return self.truth.endpoints(self.vpc.id, service)[0]

    @property
    def group(self) -> Found:
        """The owned security group."""
        group = self.truth.owned_group(self.vpc.id)
        assert group is not None
        return group


@dataclass(frozen=True)
class Break:
    """One way to break the VPC of that name, and who does it."""

    vpc: str
    title: str
    do: Callable[[Scene], None]
    by: Person


def delete_endpoint(scene: Scene) -> None:
    """`DeleteVpcEndpoints`."""
    scene.ec2.delete_vpc_endpoints(VpcEndpointIds=[scene.endpoint(APP_MESH)["VpcEndpointId"]])


def close_group(scene: Scene) -> None:
    """Every rule of the group revoked."""
    group = scene.group
    scene.ec2.revoke_security_group_ingress(
        GroupId=group["GroupId"], IpPermissions=[_as_sent(each) for each in group["IpPermissions"]]
    )


def open_group(scene: Scene) -> None:
    """443 for everyone, and ssh with it."""
    group = scene.group["GroupId"]
    for port in (443, 22):
        scene.ec2.authorize_security_group_ingress(
            GroupId=group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp=EVERYWHERE
        )


def give_egress(scene: Scene) -> None:
    """A way out of the group, which has none."""
    everything: IpPermissionTypeDef = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]}
    scene.ec2.authorize_security_group_egress(GroupId=scene.group["GroupId"], IpPermissions=[everything])


def detach_group(scene: Scene) -> None:
    """The endpoint's groups swapped for the VPC's default one."""
    endpoint = scene.endpoint(APP_MESH)
    default = _default_group(scene)
    kept = {each["GroupId"] for each in endpoint["Groups"]}
    scene.ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint["VpcEndpointId"],
        RemoveSecurityGroupIds=[scene.group["GroupId"]],
        AddSecurityGroupIds=[] if default in kept else [default],
    )


def private_dns_off(scene: Scene) -> None:
    """The service's name no longer leads to the endpoint."""
    scene.ec2.modify_vpc_endpoint(
        VpcEndpointId=scene.endpoint(LOGS)["VpcEndpointId"], PrivateDnsEnabled=False
    )


def remove_subnet(scene: Scene) -> None:
    """One zone without the endpoint."""
    endpoint = scene.endpoint(APP_MESH)
    scene.ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint["VpcEndpointId"], RemoveSubnetIds=[sorted(endpoint["SubnetIds"])[-1]]
    )


def add_zone(scene: Scene) -> None:
    """A private subnet in a zone that had none."""
    make_subnet(scene.ec2, scene.vpc.id, "b", f"10.{scene.vpc.plan.number}.9.0/24")


def make_public(scene: Scene) -> None:
    """A subnet with an endpoint in it gets a route to a new internet gateway."""
    attached = sorted(scene.endpoint(APP_MESH)["SubnetIds"])
    gateway = make_gateway(scene.ec2, scene.vpc.id)
    route_by(scene.ec2, make_public_table(scene.ec2, scene.vpc.id, gateway), attached[:1])


def detach_gateway(scene: Scene) -> None:
    """The way out is gone: logs need an endpoint now, and no subnet is public any more."""
    assert scene.vpc.gateway is not None
    scene.ec2.detach_internet_gateway(InternetGatewayId=scene.vpc.gateway, VpcId=scene.vpc.id)


def dns_support_off(scene: Scene) -> None:
    """`enableDnsSupport = false`."""
    scene.ec2.modify_vpc_attribute(VpcId=scene.vpc.id, EnableDnsSupport={"Value": False})


def dns_hostnames_off(scene: Scene) -> None:
    """`enableDnsHostnames = false`."""
    scene.ec2.modify_vpc_attribute(VpcId=scene.vpc.id, EnableDnsHostnames={"Value": False})


def unmark_group(scene: Scene) -> None:
    """The group's owner tag removed."""
    _untag(scene, scene.group["GroupId"])


def unmark_endpoint(scene: Scene) -> None:
    """The owner tag of logs' endpoint removed."""
    _untag(scene, scene.endpoint(LOGS)["VpcEndpointId"])


def delete_everything(scene: Scene) -> None:
    """Both endpoints deleted, and the group as soon as EC2 lets go of it."""
    group = scene.group["GroupId"]
    endpoints = [each["VpcEndpointId"] for each in scene.truth.endpoints(scene.vpc.id)]
    scene.ec2.delete_vpc_endpoints(VpcEndpointIds=endpoints)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            scene.ec2.delete_security_group(GroupId=group)
        except ClientError as error:
            if error.response["Error"]["Code"] != "DependencyViolation" or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


BREAKS = (
    Break("orders", "App Mesh's endpoint deleted", delete_endpoint, CLEANUP),
    Break("orders", "443 revoked from the security group", close_group, ANN),
    Break("orders", "private DNS of logs' endpoint turned off", private_dns_off, BOB),
    Break("payments", "security group taken off a hand-made endpoint", detach_group, DEPLOY),
    Break("payments", "private subnet added in a new zone", add_zone, NETWORK),
    Break("payments", "enableDnsHostnames turned off", dns_hostnames_off, BOB),
    Break("web", "security group opened to the world", open_group, BOB),
    Break("web", "internet gateway detached: logs need an endpoint", detach_gateway, NETWORK),
    Break("web", "security group given egress", give_egress, ANN),
    Break("batch", "subnet removed from App Mesh's endpoint", remove_subnet, DEPLOY),
    Break("batch", "an endpoint's subnet made public by a route", make_public, ANN),
    Break("batch", "owner tag removed from the security group", unmark_group, CLEANUP),
    Break("legacy", "endpoints and security group all deleted", delete_everything, CLEANUP),
    Break("legacy", "owner tag removed from logs' endpoint", unmark_endpoint, DEPLOY),
    Break("legacy", "enableDnsSupport turned off", dns_support_off, BOB),
)


def _as_sent(rule: Found) -> IpPermissionTypeDef:
    """A rule of a description, as a call takes it: without the lists that are empty."""
    return {name: value for name, value in rule.items() if value != []}  # type: ignore[return-value]


def _default_group(scene: Scene) -> str:
    (default,) = (
        group["GroupId"] for group in scene.truth.groups(scene.vpc.id) if group["GroupName"] == "default"
    )
    return str(default)


def _untag(scene: Scene, resource: str) -> None:
    scene.ec2.delete_tags(Resources=[resource], Tags=[{"Key": f"{scene.truth.prefix}:owner"}])
