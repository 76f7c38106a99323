"""Actions to EC2, each with its outcome. Knows how to ask, and nothing of why.

Every step is attempted whatever became of the others, except where it needs the security group of the same
plan and that was not made. Nothing here waits for AWS.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError

from . import decode, refusals
from .actions import (
    Action,
    AuthorizeIngress,
    CreateEndpoint,
    CreateSecurityGroup,
    CreateTags,
    DeleteEndpoint,
    EnableVpcAttribute,
    GroupRef,
    ModifyEndpoint,
    NewGroup,
    Outcome,
    Result,
    RevokeEgress,
    RevokeIngress,
    Step,
    VpcAttribute,
)
from .model import DEAD, EndpointState, Mode, Tags
from .refusals import Refusal, Verdict

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import TagTypeDef

_RESULTS = {
    Verdict.WAIT: Result.WAITING,
    Verdict.GONE: Result.WAITING,  # what was planned for has changed meanwhile: look again
    Verdict.ALREADY_DONE: Result.ALREADY_DONE,
    Verdict.NAME_TAKEN: Result.WAITING,
    Verdict.BLOCKED: Result.BLOCKED,
}

# An endpoint that a client token brings back and that is older than this is the one of an earlier making.
_JUST_MADE = timedelta(minutes=5)
_GENERATIONS = 5
_GROUP_NAMES = 5
_SPENT = DEAD | {EndpointState.DELETING, EndpointState.DELETED}


class _GroupNotMade(Exception):
    """The step needs the plan's own security group, and there is none."""


def apply(steps: Iterable[Step], ec2: EC2Client, mode: Mode, now: Callable[[], float]) -> list[Outcome]:
    """Carry out `steps` in order; in audit mode only say that they would be. `now` is seconds since 1970."""
    if mode is Mode.AUDIT:
        return [Outcome(step, Result.TOLD) for step in steps]
    executor = _Executor(ec2, now)
    return [executor.run(step) for step in steps]


class _Executor:
    def __init__(self, ec2: EC2Client, now: Callable[[], float]) -> None:
        self._ec2 = ec2
        self._now = now
        self._new_group_id: str | None = None

    def run(self, step: Step) -> Outcome:
        try:
            refusal = self._carry_out(step.action)
        except _GroupNotMade:
            return Outcome(step, Result.SKIPPED, detail="its security group was not made")
        except (ClientError, HTTPClientError) as error:
            refusal = refusals.classify(error)
        if refusal is None:
            return Outcome(step, Result.DONE)
        return Outcome(step, _RESULTS[refusal.verdict], refusal.reason, str(refusal))

    def _carry_out(self, action: Action) -> Refusal | None:
        """Do it. Answers a refusal that EC2 gave with a success code, None for none."""
        match action:
            case EnableVpcAttribute():
                self._enable(action)
            case CreateSecurityGroup():
                self._create_group(action)
            case AuthorizeIngress(group, rules):
                self._ec2.authorize_security_group_ingress(
                    GroupId=self._id_of(group), IpPermissions=decode.permissions(rules)
                )
            case RevokeIngress(group, rules):
                self._ec2.revoke_security_group_ingress(
                    GroupId=self._id_of(group), IpPermissions=decode.permissions(rules)
                )
            case RevokeEgress(group, rules):
                self._ec2.revoke_security_group_egress(
                    GroupId=self._id_of(group), IpPermissions=decode.permissions(rules)
                )
            case CreateTags(resource_id, tags):
                self._ec2.create_tags(Resources=[resource_id], Tags=_tag_list(tags))
            case CreateEndpoint():
                return self._create_endpoint(action)
            case ModifyEndpoint():
                self._modify_endpoint(action)
            case DeleteEndpoint(endpoint_id):
                return self._delete_endpoint(endpoint_id)
        return None

    def _id_of(self, group: GroupRef) -> str:
        if not isinstance(group, NewGroup):
            return group
        if self._new_group_id is None:
            raise _GroupNotMade
        return self._new_group_id

    def _enable(self, action: EnableVpcAttribute) -> None:
        if action.attribute is VpcAttribute.DNS_SUPPORT:
            self._ec2.modify_vpc_attribute(VpcId=action.vpc_id, EnableDnsSupport={"Value": True})
        else:
            self._ec2.modify_vpc_attribute(VpcId=action.vpc_id, EnableDnsHostnames={"Value": True})

    def _create_group(self, action: CreateSecurityGroup) -> None:
        """Create it. The call has no client token, but a name is taken once in a VPC.

        Where ours has it, the group was made by a pass that died, and EC2 is late in showing it: come again.
        Where someone else's has it, ours gets a number.
        """
        names = [action.name, *(f"{action.name}-{number}" for number in range(2, _GROUP_NAMES + 1))]
        for name in names:
            try:
                answer = self._ec2.create_security_group(
                    VpcId=action.vpc_id,
                    GroupName=name,
                    Description=action.description,
                    TagSpecifications=[{"ResourceType": "security-group", "Tags": _tag_list(action.tags)}],
                )
            except ClientError as error:
                taken = refusals.classify(error).verdict is Verdict.NAME_TAKEN
                if not taken or not self._is_foreign(action, name) or name == names[-1]:
                    raise
            else:
                self._new_group_id = answer["GroupId"]
                return

    def _is_foreign(self, action: CreateSecurityGroup, name: str) -> bool:
        """Whether a group is seen that has `name` and none of our tags. Case does not tell names apart
        (facts, section 3), but EC2's filters do, so all groups of the VPC are looked through."""
        pages = self._ec2.get_paginator("describe_security_groups")
        for page in pages.paginate(Filters=[{"Name": "vpc-id", "Values": [action.vpc_id]}]):
            for group in page["SecurityGroups"]:
                if group.get("GroupName", "").casefold() == name.casefold():
                    tags = decode.tags(group.get("Tags", []))
                    return not any(tags.get(key) == value for key, value in action.tags.items())
        return False

    def _create_endpoint(self, action: CreateEndpoint) -> Refusal | None:
        """Create it, under a client token that comes from the request itself.

        So a pass that did not see an earlier one's endpoint yet gets that one back, and none is double. A
        token that brings back an endpoint that has died since is spent; the next generation of it is not
        (facts, section 5).
        """
        request: dict[str, Any] = {
            "VpcEndpointType": "Interface",
            "VpcId": action.vpc_id,
            "ServiceName": action.service_name,
            "SubnetIds": list(action.subnet_ids),
            "SecurityGroupIds": [self._id_of(action.group)],
            "PrivateDnsEnabled": True,
            "TagSpecifications": [{"ResourceType": "vpc-endpoint", "Tags": _tag_list(action.tags)}],
        }
        for generation in range(_GENERATIONS):
            token = _client_token(request, generation)
            answer = self._ec2.create_vpc_endpoint(**request, ClientToken=token)
            made = decode.endpoint(answer["VpcEndpoint"])
            age = self._age(answer["VpcEndpoint"].get("CreationTimestamp"))
            if made.state not in _SPENT and age < _JUST_MADE:
                return None
        return Refusal(Verdict.WAIT, None, "ClientTokenSpent", f"{made.id} is {made.state}, not a new one")

    def _age(self, created: datetime | None) -> timedelta:
        moment = datetime.fromtimestamp(self._now(), UTC)
        return moment - created if created else timedelta(0)

    def _modify_endpoint(self, action: ModifyEndpoint) -> None:
        """Send what changes and nothing else: EC2 reads an empty list as one."""
        request: dict[str, Any] = {
            "AddSubnetIds": list(action.add_subnet_ids),
            "RemoveSubnetIds": list(action.remove_subnet_ids),
            "AddSecurityGroupIds": [self._id_of(group) for group in action.add_groups],
            "RemoveSecurityGroupIds": list(action.remove_group_ids),
            "PrivateDnsEnabled": action.enable_private_dns,
        }
        changes = {key: value for key, value in request.items() if value}
        self._ec2.modify_vpc_endpoint(VpcEndpointId=action.endpoint_id, **changes)

    def _delete_endpoint(self, endpoint_id: str) -> Refusal | None:
        """EC2 answers 200 also where it did not delete (facts, section 3)."""
        answer = self._ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
        for failure in answer.get("Unsuccessful", []):
            error = failure.get("Error", {})
            return refusals.classify_code(error.get("Code", ""), error.get("Message", ""))
        return None


def _client_token(request: Mapping[str, Any], generation: int) -> str:
    content = json.dumps([request, generation], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _tag_list(tags: Tags) -> list[TagTypeDef]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
