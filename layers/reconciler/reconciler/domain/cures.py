"""What a person does about a finding, in one sentence.

docs/findings.md says more of each; this is what fits on the line of a log, an event or a table.
"""

from __future__ import annotations

from collections.abc import Mapping

from .findings import Kind, Reason, Status

NOTHING_TO_DO = "nothing to do"
_LOOK = "look at the line's own words"

_OF_KIND: Mapping[Kind, str] = {
    Kind.UNKNOWN_PROFILE: "set the profile tag to one of the profiles that the line names",
    Kind.UNKNOWN_MODE: "set the mode tag to enforce or audit",
    Kind.UNKNOWN_TAG: "correct the tag's key, or take the tag off",
    Kind.SHARED_VPC: "deploy the remediator in the account that owns the VPC, and tag the VPC there",
    Kind.RELEASED: "delete the VPC or subnet within the hour, else it is healed again",
    Kind.DELETION_REFUSED: "remove what the line names, or keep what was to be deleted",
    Kind.CUSTOM_DNS: "have those name servers forward the services' names to the VPC's own resolver",
    Kind.PUBLIC_SUBNETS_CUT_OFF: "set clients = 'vpc' in the profile, or private-dns = false",
    Kind.NETWORK_ACL: "let the network ACL pass 443/tcp between the clients' and the endpoints' subnets",
    Kind.NOT_WANTED: NOTHING_TO_DO,
    Kind.LEAVING: "put back what was lost to keep it, or set profile = none on the VPC to have it go now",
    Kind.UNPROVEN: "put its marks back and claim it in the ledger, or take the marks off",
    Kind.OTHER_INSTALLATION: "opt the VPC out of one of the two installations",
    Kind.NOT_ADOPTED: "change that endpoint by hand, or delete it so that one is created",
    Kind.DNS_SUPPORT_OFF: NOTHING_TO_DO,
    Kind.DNS_HOSTNAMES_OFF: NOTHING_TO_DO,
    Kind.GROUP_MISSING: NOTHING_TO_DO,
    Kind.GROUP_RULE_MISSING: NOTHING_TO_DO,
    Kind.GROUP_RULE_EXTRA: "if someone needs the rule, name its source in extra-clients of the profile",
    Kind.GROUP_RULES_COARSE: "give the private subnets adjacent blocks to have the rules exact",
    Kind.GROUP_EGRESS: NOTHING_TO_DO,
    Kind.GROUP_DOUBLE: NOTHING_TO_DO,
    Kind.ENDPOINT_MISSING: NOTHING_TO_DO,
    Kind.ENDPOINT_NOT_READY: "wait for AWS; if it lasts, look at the endpoint's state",
    Kind.ENDPOINT_FAILED: NOTHING_TO_DO,
    Kind.ENDPOINT_DOUBLE: NOTHING_TO_DO,
    Kind.ENDPOINT_POLICY: "change the policy in the profile, or take it out of the profile",
    Kind.ENDPOINT_ADDRESS_TYPE: "give the subnets the address family, or take it out of the profile",
    Kind.ENDPOINT_ROUTE_TABLE_MISSING: NOTHING_TO_DO,
    Kind.ENDPOINT_ROUTE_TABLE_EXTRA: NOTHING_TO_DO,
    Kind.SERVICE_UNAVAILABLE: "take the service out of the profile, or say optional = true for it",
    Kind.ENDPOINT_SUBNET_MISSING: NOTHING_TO_DO,
    Kind.ENDPOINT_SUBNET_EXTRA: NOTHING_TO_DO,
    Kind.ENDPOINT_GROUP_MISSING: NOTHING_TO_DO,
    Kind.ENDPOINT_GROUP_EXTRA: "do nothing to keep the group, or set groups = 'exact' to have it detached",
    Kind.PRIVATE_DNS_OFF: NOTHING_TO_DO,
    Kind.PRIVATE_DNS_ON: NOTHING_TO_DO,
    Kind.TAGS_MISSING: "have the tool that took the tags off ignore those of our prefix",
    Kind.ZONE_UNCOVERED: "nothing to do, or move the clients to a zone that the service offers",
    Kind.SURPLUS: "do nothing to keep it, or set surplus = 'remove' in the profile",
}

_OF_REASON: Mapping[Reason, str] = {
    Reason.PRIVATE_DNS_CONFLICT: "delete the endpoint or hosted zone that has the name, or turn its private"
    " DNS off",
    Reason.PRIVATE_DNS_UNAVAILABLE: "set private-dns = false for the endpoint in the profile",
    Reason.SERVICE_UNAVAILABLE: "take the service out of the profile, or say optional = true for it",
    Reason.ZONE_NOT_OFFERED: "make a private subnet in one of the service's zones",
    Reason.NO_PRIVATE_SUBNET: "make a private subnet, or take a subnet's route to the internet gateway away",
    Reason.ENDPOINT_QUOTA: "delete interface endpoints of the VPC, or raise quota L-29B6F2EB",
    Reason.GATEWAY_ENDPOINT_QUOTA: "delete gateway endpoints of the Region, or raise quota L-1B52E74A",
    Reason.GROUP_QUOTA: "delete security groups, or raise their quota",
    Reason.RULE_QUOTA: "raise the quota of rules per group, or name fewer extra-clients and ports",
    Reason.NO_FREE_ADDRESSES: "free an address in the zone's subnets, or make another private subnet there",
    Reason.SHARED_VPC: _OF_KIND[Kind.SHARED_VPC],
    Reason.UNAUTHORIZED: "look for a service control policy, a permissions boundary or a change of the role",
    Reason.TAG_POLICY: "allow the tags under the prefix in the tag policy, or deploy with another TagPrefix",
    Reason.IN_USE: "take away what the line says is using it",
    Reason.UNKNOWN_PROFILE: _OF_KIND[Kind.UNKNOWN_PROFILE],
    Reason.UNKNOWN_MODE: _OF_KIND[Kind.UNKNOWN_MODE],
    Reason.TEARDOWN_LIMIT: "if these VPCs are to lose nothing, deploy with Paused=true; else wait, or raise"
    " TeardownLimit",
    Reason.STUCK: "look at what it waits for; the next event or sweep tries again",
    Reason.UNKNOWN: _LOOK,
}

_CONTESTED = "have the one who undoes it stop, or change the profile so that it asks for what is there"


def cure(kind: Kind, status: Status, reason: Reason | None = None) -> str:
    """What a person does about a finding of a kind, with what became of it and why.

    What AWS is at work on needs nobody.
    """
    if status in (Status.REMEDIABLE, Status.WAITING):
        return NOTHING_TO_DO
    if status is Status.CONTESTED and kind is not Kind.OTHER_INSTALLATION:
        return _CONTESTED
    if status is Status.REPORTED:
        return "set mode = enforce to have it remediated"
    if status is Status.BLOCKED:
        return _OF_REASON[reason] if reason else _OF_KIND[kind]
    return _OF_KIND[kind]
