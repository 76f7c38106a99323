"""What an EC2 error means: the one place where the codes of EC2's answers are looked at.

The codes and messages are those of facts, section 3. EC2 says some things with a code of their own, and
others only in the message of an `InvalidParameter`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError

from ..domain.findings import Reason

# What a call can raise that says something of EC2; anything else says something of this program.
ERRORS = (ClientError, HTTPClientError, NoConnection, ResponseParserError)
AwsError: TypeAlias = ClientError | HTTPClientError | NoConnection | ResponseParserError


class Verdict(Enum):
    """What to do about a refusal."""

    THROTTLED = auto()  # EC2 takes no more calls of this kind for now: ask again, after a growing pause
    RETRY = auto()  # EC2 could not, for now: ask again, after a growing pause
    WAIT = auto()  # AWS is at work on it, or does not show yet what there is: look again
    ALREADY_DONE = auto()  # what was asked for is so already
    GONE = auto()  # what was asked about is no more: look again
    DNS_OFF = auto()  # private DNS needs attributes that are off, or whose change EC2 does not know yet
    NAME_TAKEN = auto()  # by ours, not shown yet, or by someone else's: look
    OTHER_SUBNET = auto()  # this subnet will not do: take another
    BLOCKED = auto()  # asking again will not help
    UNKNOWN = auto()  # not in this table: ask again a few times, then blocked


@dataclass(frozen=True)
class Refusal:
    """An EC2 error, classed; with EC2's own words for a person."""

    verdict: Verdict
    reason: Reason | None
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def subnet_id(self) -> str | None:
        """The subnet that EC2's words name, if they name one."""
        found = re.search(r"subnet-[0-9a-z]+", self.message)
        return found[0] if found else None


_BY_CODE: dict[str, tuple[Verdict, Reason | None]] = {
    code: (verdict, None)
    for verdict, codes in {
        Verdict.THROTTLED: """
            RequestLimitExceeded EC2ThrottledException Throttling ThrottlingException ThrottledException
            PriorRequestNotComplete
            """,
        Verdict.RETRY: """
            InternalError InternalFailure ServerInternal ServiceUnavailable Unavailable RequestTimeout
            RequestTimeoutException RequestExpired
            """,
        # `InvalidGroup.NotFound` comes of a group that was just made: EC2 does not know it everywhere yet.
        Verdict.WAIT: """
            OperationInProgress IncorrectState InvalidState IncorrectInstanceState ConcurrentTagAccess
            DependencyViolation InvalidGroup.NotFound IdempotentParameterMismatch
            DuplicateSubnetsInSameZone RouteAlreadyExists
            """,
        Verdict.ALREADY_DONE: "InvalidPermission.Duplicate InvalidPermission.NotFound",
        Verdict.GONE: """
            InvalidVpcID.NotFound InvalidVpcEndpointId.NotFound InvalidVpcEndpoint.NotFound
            InvalidSecurityGroupID.NotFound InvalidGroupId.NotFound InvalidRouteTableID.NotFound
            InvalidDhcpOptionID.NotFound InvalidDhcpOptionsID.NotFound InvalidID.NotFound
            InvalidVpcID.Malformed
            """,
        Verdict.NAME_TAKEN: "InvalidGroup.Duplicate",
        Verdict.OTHER_SUBNET: "InvalidSubnetID.NotFound InvalidSubnetId.NotFound",
    }.items()
    for code in codes.split()
} | {
    "InsufficientFreeAddressesInSubnet": (Verdict.OTHER_SUBNET, Reason.NO_FREE_ADDRESSES),
    # Another group's rule names ours; EC2's words say which.
    "InvalidGroup.InUse": (Verdict.BLOCKED, Reason.IN_USE),
    # What only a fault of ours can bring about.
    "CannotDelete": (Verdict.BLOCKED, Reason.UNKNOWN),
    "InvalidClientToken": (Verdict.BLOCKED, Reason.UNKNOWN),
    "InvalidParameterCombination": (Verdict.BLOCKED, Reason.UNKNOWN),
    "InvalidPolicyDocument": (Verdict.BLOCKED, Reason.UNKNOWN),
    "InvalidServiceName": (Verdict.BLOCKED, Reason.SERVICE_UNAVAILABLE),
    "VpcEndpointLimitExceeded": (Verdict.BLOCKED, Reason.ENDPOINT_QUOTA),
    "SecurityGroupLimitExceeded": (Verdict.BLOCKED, Reason.GROUP_QUOTA),
    "SecurityGroupsPerInterfaceLimitExceeded": (Verdict.BLOCKED, Reason.GROUP_QUOTA),
    "RulesPerSecurityGroupLimitExceeded": (Verdict.BLOCKED, Reason.RULE_QUOTA),
    "UnauthorizedOperation": (Verdict.BLOCKED, Reason.UNAUTHORIZED),
    "AuthFailure": (Verdict.BLOCKED, Reason.UNAUTHORIZED),
    "OptInRequired": (Verdict.BLOCKED, Reason.UNAUTHORIZED),
    "TagPolicyViolation": (Verdict.BLOCKED, Reason.TAG_POLICY),
}
# By a part of the message, where the code says nothing.
_BY_MESSAGE: dict[str, tuple[Verdict, Reason | None]] = {
    "conflicting DNS domain": (Verdict.BLOCKED, Reason.PRIVATE_DNS_CONFLICT),
    "does not support the availability zone": (Verdict.OTHER_SUBNET, Reason.ZONE_NOT_OFFERED),
    "does not provide a private DNS name": (Verdict.BLOCKED, Reason.PRIVATE_DNS_UNAVAILABLE),
    "PrivateDnsOnlyForInboundResolverEndpoint": (Verdict.BLOCKED, Reason.PRIVATE_DNS_UNAVAILABLE),
    "requires both enableDnsSupport and enableDnsHostnames": (Verdict.DNS_OFF, None),
}


def classify(error: AwsError) -> Refusal:
    """Class one of `ERRORS`. An error without an answer (a time-out, a connection lost) says nothing of what
    was done, and one that EC2 takes upon itself (5xx) may pass: ask again.
    """
    if not isinstance(error, ClientError):
        return Refusal(Verdict.RETRY, None, type(error).__name__, str(error))
    answer = error.response.get("Error", {})
    refusal = classify_code(answer.get("Code", ""), answer.get("Message", ""), error.operation_name)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if refusal.verdict is Verdict.UNKNOWN and status >= 500:
        return Refusal(Verdict.RETRY, None, refusal.code, refusal.message)
    return refusal


def classify_code(code: str, message: str, operation: str = "") -> Refusal:
    """Class an error by its code and message: some calls list failures in an answer that says 200.

    One that is not known is reported with EC2's words, under the reason `unknown`. One that is not authorised
    names the action, since EC2's words may be an encoded message that does not.
    """
    for part, (verdict, reason) in _BY_MESSAGE.items():
        if part in message:
            return Refusal(verdict, reason, code, message)
    verdict, reason = _BY_CODE.get(code, (Verdict.UNKNOWN, Reason.UNKNOWN))
    if reason is Reason.UNAUTHORIZED and operation:
        code = f"ec2:{operation}: {code}"
    return Refusal(verdict, reason, code, message)
