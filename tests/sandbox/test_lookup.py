"""CloudTrail's event history, looked up in the calls that the sandbox's EC2 got."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox import access
from sandbox.control_plane.ministack import ControlPlane
from sandbox.ec2 import AssumedRole, Ec2, IamUser, Root
from sandbox.trail import lookup


@pytest.fixture
def ec2() -> Ec2:
    return Ec2()


@pytest.fixture
def trail(ec2: Ec2) -> Iterator[Any]:
    """A client of CloudTrail; nobody answers what is handed on."""
    with lookup.serving(ec2, ControlPlane("http://127.0.0.1:9", Path("log"))) as endpoint:
        yield access.client("cloudtrail", endpoint)


def make_vpc(ec2: Ec2, *, by: Any = None) -> str:
    vpc: str = ec2.client(by or IamUser("ann")).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return vpc


def found(trail: Any, key: str, value: str) -> list[str]:
    attributes = [{"AttributeKey": key, "AttributeValue": value}]
    return [each["EventName"] for each in trail.lookup_events(LookupAttributes=attributes)["Events"]]


def test_the_events_of_a_resource_are_found_by_its_id_the_newest_first(ec2: Ec2, trail: Any) -> None:
    vpc, other = make_vpc(ec2), make_vpc(ec2)
    ec2.client(IamUser("bob")).create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")
    assert found(trail, "ResourceName", vpc) == ["CreateSubnet", "CreateVpc"]
    assert found(trail, "ResourceName", other) == ["CreateVpc"]


def test_an_event_says_who_called_what_and_has_the_record_of_the_trail(ec2: Ec2, trail: Any) -> None:
    vpc = make_vpc(ec2)
    (event,) = trail.lookup_events()["Events"]
    assert (event["Username"], event["EventName"], event["ReadOnly"]) == ("ann", "CreateVpc", "false")
    assert event["Resources"] == [{"ResourceType": "AWS::EC2::VPC", "ResourceName": vpc}]
    record = json.loads(event["CloudTrailEvent"])
    assert (record["eventID"], record["userIdentity"]["userName"]) == (event["EventId"], "ann")


@pytest.mark.parametrize(
    ("who", "username"),
    [
        (IamUser("ann"), "ann"),
        (AssumedRole("arn:aws:iam::111122223333:role/ci", "deploy-17"), "deploy-17"),
        (Root(), "root"),
    ],
)
def test_events_are_found_by_who_made_them(ec2: Ec2, trail: Any, who: Any, username: str) -> None:
    make_vpc(ec2, by=IamUser("someone else"))
    make_vpc(ec2, by=who)
    assert found(trail, "Username", username) == ["CreateVpc"]


def test_reads_are_told_too_and_can_be_left_out(ec2: Ec2, trail: Any) -> None:
    vpc = make_vpc(ec2)
    ec2.client(IamUser("ann")).describe_vpcs(VpcIds=[vpc])
    assert found(trail, "ReadOnly", "true") == ["DescribeVpcs"]
    assert found(trail, "ReadOnly", "false") == ["CreateVpc"]
    assert found(trail, "ResourceName", vpc) == ["CreateVpc"]


def test_pages_hold_fifty_events_and_lead_to_each_other(ec2: Ec2, trail: Any) -> None:
    vpc = make_vpc(ec2)
    for _ in range(60):
        ec2.client(IamUser("ann")).describe_vpcs(VpcIds=[vpc])
    first = trail.lookup_events()
    assert len(first["Events"]) == 50
    second = trail.lookup_events(NextToken=first["NextToken"])
    ids = [each["EventId"] for each in [*first["Events"], *second["Events"]]]
    assert len(ids) == len(set(ids)) == 61
    assert "NextToken" not in second


def test_only_events_within_the_times_are_told(ec2: Ec2, trail: Any) -> None:
    make_vpc(ec2)
    now = ec2.clock.now()
    assert trail.lookup_events(StartTime=now + 60)["Events"] == []
    assert trail.lookup_events(EndTime=now - 60)["Events"] == []
    assert len(trail.lookup_events(StartTime=now - 60, EndTime=now + 60)["Events"]) == 1


def test_more_than_one_attribute_is_refused_as_cloudtrail_refuses_it(trail: Any) -> None:
    attributes = [{"AttributeKey": key, "AttributeValue": "x"} for key in ("EventName", "Username")]
    with pytest.raises(ClientError, match="InvalidLookupAttributesException"):
        trail.lookup_events(LookupAttributes=attributes)
