"""Whatever is called in whatever order, EC2 stays within its own rules."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.network import LOGS, MESH, Network

SUBNETS = st.lists(st.sampled_from("abcd"), max_size=3, unique=True)
STEPS = st.one_of(
    st.tuples(st.just("create"), SUBNETS, st.sampled_from([LOGS, MESH]), st.booleans()),
    st.tuples(st.just("modify"), SUBNETS, SUBNETS, st.sampled_from([None, True, False])),
    st.tuples(st.just("delete"), st.integers(0, 3)),
    st.tuples(st.just("drop a subnet"), st.sampled_from("abcd")),
    st.tuples(st.just("wait"), st.sampled_from([5, 30, 120])),
)


class Random(Network):
    """A network that takes random steps, refused or not; zone a has two subnets, a and d."""

    def __init__(self) -> None:
        super().__init__()
        self.subnets["d"] = self.new_subnet("a", 9)
        self.free_at_first = {letter: self.free(subnet) for letter, subnet in self.subnets.items()}
        self.made: list[str] = []

    def ids(self, letters: list[str]) -> list[str]:
        return [self.subnets[letter] for letter in letters]

    def take(self, step: Any) -> None:
        kind, *how = step
        if kind == "create":
            subnets, service, private = how
            self.made.append(
                self.new_endpoint(*self.ids(subnets), service=service, PrivateDnsEnabled=private)
            )
        elif kind == "modify" and self.made:
            added, removed, private = how
            more: dict[str, Any] = {} if private is None else {"PrivateDnsEnabled": private}
            more |= {"AddSubnetIds": self.ids(added), "RemoveSubnetIds": self.ids(removed)}
            self.api.modify_vpc_endpoint(VpcEndpointId=self.made[-1], **more)
        elif kind == "delete" and self.made:
            self.api.delete_vpc_endpoints(VpcEndpointIds=[self.made[how[0] % len(self.made)]])
        elif kind == "drop a subnet":
            self.api.delete_subnet(SubnetId=self.subnets[how[0]])
        elif kind == "wait":
            self.clock.advance(how[0])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, max_size=12))
def test_no_order_of_calls_breaks_ec2s_own_rules(steps: list[Any]) -> None:
    net = Random()
    for step in steps:
        with suppress(ClientError):
            net.take(step)
        subnets = {each["SubnetId"]: each for each in net.api.describe_subnets()["Subnets"]}
        endpoints = net.api.describe_vpc_endpoints()["VpcEndpoints"]
        alive = [each for each in endpoints if str(each["State"]) != "deleted"]
        names = Counter(each["ServiceName"] for each in alive if each["PrivateDnsEnabled"])
        assert all(count == 1 for count in names.values())
        for endpoint in alive:
            zones = [subnets[each]["AvailabilityZone"] for each in endpoint["SubnetIds"]]
            assert len(zones) == len(set(zones))
            assert endpoint["ServiceName"] != MESH or "eu-west-1c" not in zones
        for letter, subnet in net.subnets.items():
            standing = sum(subnet in each["SubnetIds"] for each in alive)
            if subnet in subnets:
                free = subnets[subnet]["AvailableIpAddressCount"]
                assert free <= net.free_at_first[letter] - standing
            else:
                assert standing == 0
