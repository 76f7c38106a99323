"""Which of the calls that changed a VPC brought a finding about."""

from __future__ import annotations

from collections.abc import Mapping

from .findings import Finding, Kind
from .memory import Cause, Memory

# What a VPC lacks when it opts in is brought about by that; it is seen within minutes.
_OPTED_IN_SECONDS = 900
_OPT_IN = frozenset({"CreateTags", "CreateVpc"})
# Only these are brought about by calls that EC2 refused.
_OF_REFUSED = frozenset({Kind.RELEASED, Kind.DELETION_REFUSED, Kind.NOT_WANTED})
# A finding is brought about within this time before it is seen first; the sweep sees it within an hour.
_WITHIN_SECONDS = 24 * 3600

_NETWORK = """
    CreateSubnet CreateDefaultSubnet DeleteSubnet AssociateSubnetCidrBlock DisassociateSubnetCidrBlock
    AssociateVpcCidrBlock DisassociateVpcCidrBlock CreateRouteTable DeleteRouteTable AssociateRouteTable
    DisassociateRouteTable ReplaceRouteTableAssociation CreateRoute ReplaceRoute DeleteRoute
    AttachInternetGateway DetachInternetGateway
    """
_GROUP_RULES = """
    AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress
    RevokeSecurityGroupEgress ModifySecurityGroupRules
    """
_TAGS = "CreateTags DeleteTags"
_CALLS: Mapping[Kind, frozenset[str]] = {
    kind: frozenset(calls.split())
    for kind, calls in {
        Kind.UNKNOWN_PROFILE: _TAGS,
        Kind.UNKNOWN_MODE: _TAGS,
        Kind.UNKNOWN_TAG: _TAGS,
        Kind.TAGS_MISSING: _TAGS,
        Kind.UNPROVEN: f"{_TAGS} CreateVpcEndpoint CreateSecurityGroup",
        Kind.LEAVING: f"{_TAGS} {_NETWORK}",
        Kind.NOT_WANTED: f"{_TAGS} DeleteVpc",
        Kind.SURPLUS: _NETWORK,
        Kind.RELEASED: "DeleteVpc DeleteSubnet DeleteSecurityGroup",
        Kind.DELETION_REFUSED: "DeleteVpc DeleteSubnet DeleteSecurityGroup",
        Kind.CUSTOM_DNS: "AssociateDhcpOptions",
        Kind.PUBLIC_SUBNETS_CUT_OFF: _NETWORK,
        Kind.DNS_SUPPORT_OFF: "ModifyVpcAttribute",
        Kind.DNS_HOSTNAMES_OFF: "ModifyVpcAttribute",
        Kind.GROUP_MISSING: "DeleteSecurityGroup CreateTags DeleteTags",
        Kind.GROUP_RULE_MISSING: f"{_GROUP_RULES} {_NETWORK}",
        Kind.GROUP_RULE_EXTRA: f"{_GROUP_RULES} {_NETWORK}",
        Kind.GROUP_EGRESS: _GROUP_RULES,
        Kind.GROUP_DOUBLE: f"CreateSecurityGroup {_TAGS}",
        Kind.ENDPOINT_MISSING: f"DeleteVpcEndpoints {_TAGS} {_NETWORK}",
        Kind.ENDPOINT_NOT_READY: "DeleteVpcEndpoints ModifyVpcEndpoint",
        Kind.ENDPOINT_DOUBLE: f"CreateVpcEndpoint {_TAGS}",
        Kind.ENDPOINT_POLICY: "ModifyVpcEndpoint",
        Kind.ENDPOINT_ADDRESS_TYPE: "ModifyVpcEndpoint AssociateSubnetCidrBlock DisassociateSubnetCidrBlock",
        Kind.ENDPOINT_ROUTE_TABLE_MISSING: f"ModifyVpcEndpoint {_NETWORK}",
        Kind.ENDPOINT_ROUTE_TABLE_EXTRA: f"ModifyVpcEndpoint {_NETWORK}",
        Kind.ENDPOINT_SUBNET_MISSING: f"ModifyVpcEndpoint {_NETWORK}",
        Kind.ENDPOINT_SUBNET_EXTRA: f"ModifyVpcEndpoint {_NETWORK}",
        Kind.ENDPOINT_GROUP_MISSING: "ModifyVpcEndpoint",
        Kind.ENDPOINT_GROUP_EXTRA: "ModifyVpcEndpoint",
        Kind.PRIVATE_DNS_OFF: "ModifyVpcEndpoint CreateVpcEndpoint",
        Kind.PRIVATE_DNS_ON: "ModifyVpcEndpoint",
        Kind.OTHER_INSTALLATION: f"CreateVpcEndpoint CreateSecurityGroup {_TAGS}",
        Kind.NOT_ADOPTED: "CreateVpcEndpoint ModifyVpcEndpoint",
        Kind.ZONE_UNCOVERED: _NETWORK,
    }.items()
}


def cause_of(finding: Finding, memory: Memory, now: float, known: Cause | None = None) -> Cause | None:
    """The latest call that can have brought the finding about; None where none is known.

    A call that names the thing itself comes first. After it come what is `known` since an earlier run, calls
    that name nothing of the finding's own type, and the opt-in of a VPC that has not converged yet.
    """
    calls = _CALLS.get(finding.kind, frozenset())
    candidates = [
        cause
        for cause in memory.causes
        if cause.event_name in calls
        and now - cause.time < _WITHIN_SECONDS
        and (not cause.refused or finding.kind in _OF_REFUSED)
    ]
    named = [cause for cause in candidates if _names(cause, finding, memory)]
    others = [cause for cause in candidates if not _is_of_another(cause, finding)]
    settling = calls and memory.is_settling
    opted_in = [cause for cause in memory.causes if settling and _is_opt_in(cause, memory.vpc_id, now)]
    likely = named or ([known] if known else others or opted_in)
    return max(likely, key=lambda cause: cause.time, default=None)


def _is_opt_in(cause: Cause, vpc_id: str, now: float) -> bool:
    lately = now - cause.time < _OPTED_IN_SECONDS
    return lately and cause.event_name in _OPT_IN and vpc_id in cause.resources


def _names(cause: Cause, finding: Finding, memory: Memory) -> bool:
    if finding.resource in cause.resources:
        return True
    # What was deleted has no id any more: the ledger knows which id it had.
    made = [each for each in memory.made.values() if each.id in cause.resources]
    if finding.kind is Kind.ENDPOINT_MISSING:
        return any(finding.resource.endswith(f".{each.purpose.rpartition('/')[2]}") for each in made)
    anew = memory.made.get(finding.resource) if finding.kind is Kind.ENDPOINT_NOT_READY else None
    return anew is not None and any(each.purpose == anew.purpose for each in made)


def _is_of_another(cause: Cause, finding: Finding) -> bool:
    kind = finding.resource.partition("-")[0]
    if kind == "vpc":
        return False
    of_kind = {each for each in cause.resources if each.partition("-")[0] == kind}
    return bool(of_kind) and finding.resource not in of_kind
