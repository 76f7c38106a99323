"""Watches every write of the remediator while it is made: what it may narrow, and what must stay open.

It reads EC2's own truth, before and after each call, and shares no code with the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from ipaddress import IPv4Network, collapse_addresses
from typing import Any

from sandbox.ec2 import Call, Principal
from sandbox.iam.ec2_decision import Ec2Permissions
from sandbox.truth import APP_MESH, LOGS, Found
from tests.account import INSTALLATION, ROLE, STACK, Account
from tests.template import deployed

_DEAD = ("failed", "rejected", "expired", "deleting", "deleted")
_READS = ("Describe", "Get")
_NARROWING = ("Revoke", "DeleteVpcEndpoints", "DeleteSecurityGroup", "ModifyVpcEndpoint")


class Guard:
    """`violations` tells what the remediator did that it must not; empty when it did nothing of the kind.

    Tags that are shown late excuse a write: the program goes by those that it is shown.
    """

    def __init__(self, account: Account, vpc_id: str) -> None:
        self.violations: list[str] = []
        self._account = account
        self._vpc_id = vpc_id
        self._open_before: set[tuple[str, str]] = set()
        self._named_before: set[str] = set()
        self._permissions = Ec2Permissions(
            {ROLE.role_arn: _statements()}, account.ec2.account, account.ec2.region, account.ec2.tags_of
        )
        account.ec2.authorise = self.before
        account.ec2.on_call(self.after)

    def before(self, principal: Principal, action: str, params: Mapping[str, Any]) -> str | None:
        """Look at a call before its work is done; the deployed policies decide whether it may be made."""
        if principal != ROLE or action.startswith(_READS):
            return None
        self._open_before, self._named_before = self.open(), self.named()
        for resource in self._narrowed(action, params):
            if not self._owned(resource):
                self.violations.append(f"{action} narrows {resource}, which is not owned: {params}")
        self.violations += [f"{action} deletes {each} too early" for each in self._too_early(action, params)]
        reason = self._permissions(principal, action, params)
        if reason is not None and not self._tags_are_late():
            self.violations.append(reason)
        return reason

    def after(self, call: Call) -> None:
        """Look at what a call of the remediator's did."""
        if call.principal != ROLE or call.error_code is not None or not self.asked():
            return
        making_way = any(self._is_released(each) for each in self._subnets())
        if making_way and call.action == "DeleteVpcEndpoints" and not self._others_stand_in_it():
            return
        if closed := self._open_before - self.open():
            self.violations.append(f"{call.action} closes {sorted(closed)}: {call.params}")
        if lost := self._named_before - self.named():
            self.violations.append(f"{call.action} takes the private names of {sorted(lost)}: {call.params}")
        if call.action == "CreateVpcEndpoint" and (double := self._doubled(call.params["ServiceName"])):
            self.violations.append(f"{call.action} makes a second one beside {double}: {call.params}")

    def asked(self) -> bool:
        """Whether the VPC asks, by its tags, for the endpoints of the `appmesh` profile."""
        tags = self._account.ec2.tags_of(self._vpc_id)
        return tags.get(INSTALLATION.profile_key) == "appmesh" and not self._is_released(self._vpc_id)

    def open(self) -> set[tuple[str, str]]:
        """Services, each with a private subnet that its endpoints let in on 443. One that stands in no subnet
        lets nobody in.

        While rules are shown late, only the owned group's count: the program cannot know that it is closed,
        and that others' groups, which it takes off, are all that lets anybody in. A subnet that is not shown
        yet does not count.
        """
        truth, lateness = self._account.truth, self._account.ec2.world.late
        late = lateness.of("rule") > 0 or lateness.old_rules
        groups = {
            each["GroupId"]: list(_let_in(each))
            for each in truth.groups(self._vpc_id)
            if not late or self._owned(each["GroupId"])
        }
        blocks = {
            each["SubnetId"]: IPv4Network(each["CidrBlock"])
            for each in truth.private_subnets(self._vpc_id)
            if each["SubnetId"] not in lateness.hidden
        }
        found = set()
        for endpoint in truth.endpoints(self._vpc_id):
            if endpoint["ServiceName"] not in (APP_MESH, LOGS) or not _serves(endpoint):
                continue
            let_in = list(
                collapse_addresses(
                    block for group in endpoint["Groups"] for block in groups.get(group["GroupId"], [])
                )
            )
            found |= {
                (endpoint["ServiceName"], subnet)
                for subnet, block in blocks.items()
                if any(block.subnet_of(each) for each in let_in)
            }
        return found

    def named(self) -> set[str]:
        """The services of the profile whose private names lead to an endpoint that serves."""
        endpoints = self._account.truth.endpoints(self._vpc_id)
        led = {each["ServiceName"] for each in endpoints if each["PrivateDnsEnabled"] and _serves(each)}
        return led & {APP_MESH, LOGS}

    def _doubled(self, service: str) -> list[str]:
        """The owned endpoints for a service, where there are several; late or by copied tags, they may be."""
        serving = (each for each in self._account.truth.endpoints(self._vpc_id, service) if _serves(each))
        owned = [each["VpcEndpointId"] for each in serving if self._made_here(each["VpcEndpointId"])]
        return owned if len(owned) > 1 else []

    def _made_here(self, endpoint_id: str) -> bool:
        tokens = self._account.ec2.world.tokens.values()
        return self._owned(endpoint_id) and any(made.id == endpoint_id for _, made in tokens)

    def _narrowed(self, action: str, params: Mapping[str, Any]) -> Iterator[str]:
        """The resources that a call takes something from."""
        if not action.startswith(_NARROWING):
            return
        yield from params.get("VpcEndpointIds", [])
        if "GroupId" in params:
            yield params["GroupId"]
        taken = [*params.get("RemoveSubnetIds", []), *params.get("RemoveRouteTableIds", [])]
        taken += [each for each in params.get("RemoveSecurityGroupIds", []) if not self._owned(each)]
        if taken and not self._gives_back(params):
            yield params["VpcEndpointId"]

    def _gives_back(self, params: Mapping[str, Any]) -> bool:
        """Whether all that a call takes from an endpoint is what the remediator once added to it, or made it
        with: an endpoint that lost all its marks is someone else's."""
        added: dict[str, set[str]] = {"SubnetIds": set(), "SecurityGroupIds": set(), "RouteTableIds": set()}
        for call in self._account.ec2.calls:
            if call.principal != ROLE:
                continue
            made = (call.response or {}).get("VpcEndpoint", {}).get("VpcEndpointId")
            for kind, ids in added.items():
                if call.params.get("VpcEndpointId") == params["VpcEndpointId"]:
                    ids |= set(call.params.get(f"Add{kind}", []))
                if made == params["VpcEndpointId"]:
                    ids |= set(call.params.get(kind, []))
        return all(set(params.get(f"Remove{kind}", [])) <= ids for kind, ids in added.items())

    def _owned(self, resource: str) -> bool:
        """Whether the remediator made it, and it bears the owner tag and that of the VPC, or is shown with
        them."""
        marks = {INSTALLATION.owner_key: STACK, INSTALLATION.vpc_key: self._vpc_id}
        late, now = self._account.ec2.world.late.old_tags, self._account.ec2.tags_of(resource)
        bears = all(
            now.get(key) == value or late.get((resource, key), (None, None))[1] == value
            for key, value in marks.items()
        )
        return bears and resource in self._account.made_here()

    def _too_early(self, action: str, params: Mapping[str, Any]) -> Iterator[str]:
        """What a call deletes that is not to be deleted yet."""
        if action not in ("DeleteVpcEndpoints", "DeleteSecurityGroup") or self._tags_are_late():
            return
        for resource in params.get("VpcEndpointIds", [params.get("GroupId")]):
            if not (self._is_due(resource) or self._serves_nobody(resource) or self._is_double(resource)):
                yield resource

    def _is_due(self, resource: str) -> bool:
        tags = self._account.ec2.tags_of(self._vpc_id)
        if tags.get(INSTALLATION.profile_key) == "none" or self._is_released(self._vpc_id):
            return True
        if any(self._is_released(each) for each in self._subnets()):
            return True
        if not self._account.settings.installation.grace_seconds:
            return not self._doubtful(tags)
        at = self._account.ec2.tags_of(resource).get(INSTALLATION.leaving_key)
        due = at is not None and datetime.fromisoformat(at).timestamp() <= self._account.clock.now()
        return due and not self._doubtful(tags)

    def _doubtful(self, tags: Mapping[str, str]) -> bool:
        """Whether the profile names a service that the Region does not offer."""
        profile = self._account.profiles.get(tags.get(INSTALLATION.profile_key, ""))
        names = (INSTALLATION.service_name(each.service) for each in profile.endpoints) if profile else ()
        services = self._account.ec2.world.services
        return any(services.find(name, "Interface") is None for name in names if not name.endswith(".s3"))

    def _serves_nobody(self, resource: str) -> bool:
        endpoint = self._account.ec2.world.endpoints.get(resource)
        return endpoint is not None and endpoint.state(self._account.clock.now()).lower() in _DEAD

    def _is_double(self, resource: str) -> bool:
        endpoints = self._account.truth.endpoints(self._vpc_id)
        services = [each["ServiceName"] for each in endpoints if each["VpcEndpointId"] == resource]
        same = [e["VpcEndpointId"] for e in endpoints if e["ServiceName"] in services]
        same += [g["GroupId"] for g in self._account.truth.groups(self._vpc_id)] if not services else []
        return any(self._owned(each) for each in same if each != resource)

    def _is_released(self, resource: str) -> bool:
        until = self._account.ec2.tags_of(resource).get(INSTALLATION.released_key)
        return until is not None and datetime.fromisoformat(until).timestamp() > self._account.clock.now()

    def _subnets(self) -> list[str]:
        filters = [{"Name": "vpc-id", "Values": [self._vpc_id]}]
        return [
            each["SubnetId"]
            for each in self._account.ec2.truth("DescribeSubnets", Filters=filters)["Subnets"]
        ]

    def _others_stand_in_it(self) -> bool:
        """Whether anything stands in the VPC's subnets but what the remediator made. Those whose deletion was
        refused lately do not count: someone is about to delete them."""
        enis = self._account.ec2.world.backend.enis
        left = [each for each in self._subnets() if not self._is_released(each)]
        descriptions = [eni.description for subnet in left for eni in enis.of(subnet)]
        return not all(each.rpartition(" ")[2] in self._account.made_here() for each in descriptions)

    def _tags_are_late(self) -> bool:
        return bool(self._account.ec2.world.late.old_tags)


def _serves(endpoint: Found) -> bool:
    return endpoint["State"].lower() not in _DEAD and bool(endpoint["SubnetIds"])


def _let_in(group: Found) -> Iterator[IPv4Network]:
    """The IPv4 networks that a group lets in on 443/tcp."""
    for rule in group["IpPermissions"]:
        everything = rule["IpProtocol"] == "-1"
        https = rule["IpProtocol"] == "tcp" and rule["FromPort"] <= 443 <= rule["ToPort"]
        if everything or https:
            yield from (IPv4Network(each["CidrIp"]) for each in rule.get("IpRanges", []))


@cache
def _statements() -> list[Mapping[str, Any]]:
    """What the deployed policies of the reconcile role say."""
    managed = deployed.resources("AWS::IAM::ManagedPolicy")["ObserveEc2"]["PolicyDocument"]
    documents = [deployed.resolve(managed, deployed.VALUES), *deployed.documents_of("ReconcileRole")]
    return [statement for document in documents for statement in document["Statement"]]
