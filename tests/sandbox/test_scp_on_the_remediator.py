"""Under the service control policy of docs/scp the remediator does all that it does; a tagger does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reconciler.conclusion import Ending
from reconciler.messages import RunRequest
from sandbox.ec2 import Principal
from sandbox.iam.ec2_decision import Ec2Permissions
from sandbox.truth import LOGS
from tests.account import INSTALLATION, ROLE, Account
from tests.sandbox.scp import ADMIN, REMEDIATOR, over
from tests.template.test_policies import actions, is_write, statements


class Governed:
    """An account under the policy, in which the remediator has the role that CloudFormation makes.

    `refused` are its calls that were not allowed.
    """

    def __init__(self, account: Account) -> None:
        self.refused: list[str] = []
        ec2 = account.ec2
        role = [each for name, each in statements() if name in ("ReconcileRole", "ObserveEc2")]
        self._policy = over(Ec2Permissions({REMEDIATOR.role_arn: role}, ec2.account, ec2.region, ec2.tags_of))
        ec2.authorise = self

    def __call__(self, principal: Principal, action: str, params: Mapping[str, Any]) -> str | None:
        reason = self._policy(REMEDIATOR if principal == ROLE else principal, action, params)
        if reason and principal == ROLE:
            self.refused.append(reason)
        return reason


def keys_put(calls: list[Any]) -> set[str]:
    """The keys of the tags that calls put on or take off, or make something with."""
    keys = set()
    for call in calls:
        made_with = [tag for each in call.params.get("TagSpecifications", []) for tag in each["Tags"]]
        keys |= {tag["Key"] for tag in [*call.params.get("Tags", []), *made_with]}
    return keys


def test_under_the_policy_the_remediator_makes_every_one_of_its_writes() -> None:
    account = Account()
    governed = Governed(account)
    admin = account.ec2.client(ADMIN)
    with account.calls() as calls:
        vpc_id = account.converged_vpc("abc")
        (endpoint,) = account.truth.endpoints(vpc_id, LOGS)
        group = account.truth.owned_group(vpc_id)
        assert group is not None
        # Each mark is lost, by a hand that may take it.
        for key in INSTALLATION.group_tags(vpc_id):
            admin.delete_tags(Resources=[endpoint["VpcEndpointId"], group["GroupId"]], Tags=[{"Key": key}])
            account.converge(vpc_id)
            assert account.truth.faults(vpc_id) == []
        # A group that is open, an endpoint that lost a subnet.
        account.customer.authorize_security_group_ingress(
            GroupId=group["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
        )
        account.customer.modify_vpc_endpoint(
            VpcEndpointId=endpoint["VpcEndpointId"], RemoveSubnetIds=endpoint["SubnetIds"][:1]
        )
        account.converge(vpc_id)
        # A lost opt-in tag, which comes back.
        account.customer.delete_tags(Resources=[vpc_id], Tags=[{"Key": INSTALLATION.profile_key}])
        account.converge(vpc_id)
        account.tag(vpc_id, profile="appmesh")
        account.converge(vpc_id)
        assert account.truth.faults(vpc_id) == []
        # A subnet that someone wants to delete, then all that is owned.
        asked_at = int(account.clock.now() * 1000)
        account.converge(vpc_id, request=RunRequest(vpc_id, asked_at, refused=(endpoint["SubnetIds"][1],)))
        account.tag(vpc_id, profile="none")
        assert account.converge(vpc_id)[-1].ending is Ending.LEFT_ALONE
    assert governed.refused == []
    assert account.truth.endpoints(vpc_id) == []
    writes = {f"ec2:{call.action}" for call in calls if call.mutating}
    allowed = {action for _, action in actions() if is_write(action)}
    assert writes == allowed - {"route53:AssociateVPCWithHostedZone"}
    marks = set(INSTALLATION.group_tags(vpc_id))
    assert keys_put(calls) == marks | {INSTALLATION.leaving_key, INSTALLATION.released_key}


def test_under_the_policy_a_tagger_is_refused_by_ec2() -> None:
    account = Account()
    vpc_id = account.converged_vpc("ab")
    Governed(account)
    (endpoint,) = account.truth.endpoints(vpc_id, LOGS)
    ids = [endpoint["VpcEndpointId"]]
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        account.customer.delete_tags(Resources=ids, Tags=[{"Key": INSTALLATION.owner_key}])
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        account.customer.delete_tags(Resources=ids)
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        account.customer.create_tags(Resources=ids, Tags=[{"Key": "Name", "Value": "mine"}])
    assert account.truth.faults(vpc_id) == []
