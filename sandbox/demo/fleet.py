"""The demo's VPCs, made through EC2's public calls as a customer's teams would make them, each broken in its
own way.

What is wrong with them afterwards is in `sandbox.demo.breaks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.networks import EVERYWHERE, make_network
from sandbox.truth import APP_MESH, LOGS

if TYPE_CHECKING:
    from mypy_boto3_ec2.client import EC2Client


PREVIEW_GROUP = "preview-app"
"""The name of the group that its own team made in the VPC of a preview."""


@dataclass(frozen=True)
class VpcDesign:
    """A VPC to be made: its subnets' zones, whether it has a way out, and what its team got wrong."""

    name: str
    story: str
    number: int
    private: str
    """The zones of the private subnets, a letter each, for instance `aab`."""
    public: str = ""
    """The zones of the public subnets. With any, the VPC has an internet gateway."""
    tags: Mapping[str, str] = field(default_factory=dict)
    spoil: Callable[[EC2Client, Vpc], None] = lambda ec2, vpc: None  # noqa: ARG005


@dataclass(frozen=True)
class Vpc:
    """A VPC that was made."""

    plan: VpcDesign
    id: str
    private: tuple[str, ...]
    public: tuple[str, ...]
    gateway: str | None

    @property
    def name(self) -> str:
        """What its team calls it."""
        return self.plan.name


def _half_made_endpoint(ec2: EC2Client, vpc: Vpc) -> None:
    """An endpoint by hand: in one zone, with the VPC's default group, and nobody finds it by its name."""
    ec2.create_vpc_endpoint(
        VpcId=vpc.id,
        VpcEndpointType="Interface",
        ServiceName=APP_MESH,
        SubnetIds=[vpc.private[0]],
        PrivateDnsEnabled=False,
    )


def _logs_only(ec2: EC2Client, vpc: Vpc) -> None:
    """An endpoint for logs by hand, and a group that is open to everyone."""
    group = ec2.create_security_group(GroupName="temporary", Description="debugging", VpcId=vpc.id)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="-1", CidrIp=EVERYWHERE)
    ec2.create_vpc_endpoint(
        VpcId=vpc.id,
        VpcEndpointType="Interface",
        ServiceName=LOGS,
        SubnetIds=[vpc.private[0]],
        SecurityGroupIds=[group],
        PrivateDnsEnabled=False,
    )


def _with_group(ec2: EC2Client, vpc: Vpc) -> None:
    ec2.create_security_group(GroupName=PREVIEW_GROUP, Description="its application", VpcId=vpc.id)


def _no_dns(ec2: EC2Client, vpc: Vpc) -> None:
    ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsSupport={"Value": False})


FLEET = (
    VpcDesign("orders", "brand new: no endpoints, DNS hostnames off", 1, private="ab"),
    VpcDesign(
        "payments",
        "App Mesh's endpoint made by hand: one zone, default group, no private DNS",
        2,
        private="a",
        public="ab",
        spoil=_half_made_endpoint,
    ),
    VpcDesign("web", "DNS support off; an internet gateway", 3, private="ab", public="ab", spoil=_no_dns),
    VpcDesign("batch", "two private subnets in each zone, none with an endpoint", 4, private="aabb"),
    VpcDesign(
        "legacy", "logs' endpoint only, in a group open to the world", 5, private="abc", spoil=_logs_only
    ),
    VpcDesign("preview", "made by Terraform for a day: two subnets, a group", 8, "ab", spoil=_with_group),
)
BYSTANDER = VpcDesign("bystander", "never tagged, the same defects", 6, private="ab", spoil=_logs_only)
AUDITED = VpcDesign(
    "watched", "tagged, but mode = audit", 7, private="ab", tags={"mode": "audit"}, spoil=_half_made_endpoint
)


def make(ec2: EC2Client, plan: VpcDesign) -> Vpc:
    """Make the VPC of a design, untagged but for its name."""
    network = make_network(ec2, plan.number, plan.private, plan.public)
    ec2.create_tags(Resources=[network.vpc], Tags=[{"Key": "Name", "Value": plan.name}])
    made = Vpc(plan, network.vpc, network.private, network.public, network.gateway)
    plan.spoil(ec2, made)
    return made


def opt_in(ec2: EC2Client, vpc: Vpc, prefix: str) -> None:
    """Tag the VPC: the one thing that a team has to do."""
    tags = {"profile": "appmesh", **vpc.plan.tags}
    ec2.create_tags(
        Resources=[vpc.id], Tags=[{"Key": f"{prefix}:{key}", "Value": value} for key, value in tags.items()]
    )
