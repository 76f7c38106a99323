"""A small network to try EC2's rules on, and the words the tests say them in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox import networks
from sandbox.ec2 import Ec2, Ec2Rule, ManualClock, Rules

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

SHOWN: set[Ec2Rule] = set()
NOT_SHOWN = (AssertionError, ClientError, LookupError, pytest.fail.Exception)
MESH = "com.amazonaws.eu-west-1.appmesh-envoy-management"
LOGS = "com.amazonaws.eu-west-1.logs"
S3 = "com.amazonaws.eu-west-1.s3"


class Network:
    """A VPC with both DNS attributes on and a subnet in each of the zones a, b and c."""

    def __init__(self, rules: frozenset[Ec2Rule] | None = None) -> None:
        self.clock = ManualClock()
        self.ec2 = Ec2(clock=self.clock, rules=rules)
        self.api: EC2Client = self.ec2.client()
        self.vpc = self.new_vpc()
        self.subnets = {zone: self.new_subnet(zone, number) for number, zone in enumerate("abc")}
        self.group = self.new_group("ours")

    @property
    def a(self) -> str:
        """The subnet in zone a."""
        return self.subnets["a"]

    @property
    def b(self) -> str:
        """The subnet in zone b."""
        return self.subnets["b"]

    @property
    def c(self) -> str:
        """The subnet in zone c."""
        return self.subnets["c"]

    def new_vpc(self, cidr: str = "10.0.0.0/16", **more: Any) -> str:
        """Make a VPC with both DNS attributes on."""
        vpc = self.api.create_vpc(CidrBlock=cidr, **more)["Vpc"]["VpcId"]
        self.api.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        return vpc

    def new_subnet(self, zone: str, number: int, vpc: str | None = None) -> str:
        """Make the subnet 10.0.<number>.0/24."""
        return networks.make_subnet(self.api, vpc or self.vpc, zone, f"10.0.{number}.0/24")

    def new_group(self, name: str, vpc: str | None = None) -> str:
        """Make a security group."""
        answer = self.api.create_security_group(GroupName=name, Description=name, VpcId=vpc or self.vpc)
        return answer["GroupId"]

    def new_gateway(self) -> str:
        """Make an internet gateway."""
        return self.api.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]

    def attached_gateway(self) -> str:
        """Make an internet gateway, and attach it to the VPC."""
        return networks.make_gateway(self.api, self.vpc)

    def new_table(self) -> str:
        """Make a route table."""
        return networks.make_table(self.api, self.vpc)

    def new_endpoint(self, *subnets: str, service: str = LOGS, **more: Any) -> str:
        """Make an interface endpoint; it is pending."""
        params: dict[str, Any] = {"VpcEndpointType": "Interface", "SubnetIds": list(subnets), **more}
        answer = self.api.create_vpc_endpoint(VpcId=self.vpc, ServiceName=service, **params)
        return answer["VpcEndpoint"]["VpcEndpointId"]

    def ready_endpoint(self, *subnets: str, **more: Any) -> str:
        """Make an interface endpoint, and wait until it is available."""
        endpoint = self.new_endpoint(*subnets, **more)
        self.clock.advance(60)
        return endpoint

    def endpoint(self, endpoint_id: str) -> Any:
        """An endpoint as it is described."""
        (found,) = self.api.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
        return found

    def state(self, endpoint_id: str) -> str:
        """An endpoint's state as it is described."""
        return str(self.endpoint(endpoint_id)["State"])

    def free(self, subnet: str) -> int:
        """How many addresses a subnet has left."""
        (found,) = self.api.describe_subnets(SubnetIds=[subnet])["Subnets"]
        return found["AvailableIpAddressCount"]

    def let_in(self, group: str, *cidrs: str, port: int = 443) -> Any:
        """Authorise ingress from CIDR blocks."""
        return self.api.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[tcp(*cidrs, port=port)]
        )

    def ingress(self, group: str) -> list[str]:
        """The CIDR blocks that a group lets in."""
        (found,) = self.api.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        return [each["CidrIp"] for one in found["IpPermissions"] for each in one["IpRanges"]]


def tcp(*cidrs: str, port: int = 443) -> Any:
    """A permission for a TCP port."""
    ranges = [{"CidrIp": cidr} for cidr in cidrs]
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}


@contextmanager
def expect_refusal(code: str, text: str = "") -> Iterator[None]:
    """What is done in the `with` must be refused with that code, and that in the message."""
    with pytest.raises(ClientError) as raised:
        yield
    error = raised.value.response["Error"]
    assert (error["Code"], text in error["Message"]) == (code, True), error


def shows(rule: Ec2Rule) -> Callable[[Callable[[Network], None]], Callable[[bool], None]]:
    """Make two tests of a check: it holds with the rule, and does not without: so it is the rule it shows."""
    SHOWN.add(rule)

    def make(check: Callable[[Network], None]) -> Callable[[bool], None]:
        @pytest.mark.parametrize("kept", [True, False], ids=["kept", "switched-off"])
        def test(kept: bool) -> None:
            if kept:
                check(Network(Rules.default() | {rule}))
            else:
                with pytest.raises(NOT_SHOWN):
                    check(Network(Rules.default() - {rule}))

        test.__name__ = check.__name__
        test.__doc__ = check.__doc__
        return test

    return make
