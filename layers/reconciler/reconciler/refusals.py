"""What an EC2 error means: the one place where error codes are looked at.

The codes and messages are those of facts, section 3. EC2 says some things with a code of their own and others
only in the message of an `InvalidParameter`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from botocore.exceptions import ClientError, HTTPClientError

from .model import Reason


class Verdict(Enum):
    """What to do about a refusal."""

    WAIT = auto()  # AWS is busy, or does not show yet what there is: come again
    ALREADY_DONE = auto()  # what was asked for is so already
    GONE = auto()  # what was asked about is no more
    NAME_TAKEN = auto()  # by ours, not shown yet, or by someone else's: look
    BLOCKED = auto()  # asking again will not help


@dataclass(frozen=True)
class Refusal:
    """An EC2 error, classed; with EC2's own words for a person."""

    verdict: Verdict
    reason: Reason | None
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


# `InvalidGroup.NotFound` comes of a group that was just made: EC2 does not know it everywhere yet.
_WAIT = frozenset(
    """
    RequestLimitExceeded EC2ThrottledException Throttling ThrottlingException OperationInProgress
    IncorrectState InvalidState ConcurrentTagAccess DependencyViolation InternalError InternalFailure
    ServerInternal ServiceUnavailable Unavailable RequestTimeout InvalidGroup.NotFound
    """.split()
)
_NAME_TAKEN = "InvalidGroup.Duplicate"
_ALREADY_DONE = frozenset("InvalidPermission.Duplicate InvalidPermission.NotFound".split())
_GONE = frozenset(
    """
    InvalidVpcID.NotFound InvalidVpcEndpointId.NotFound InvalidVpcEndpoint.NotFound
    InvalidSecurityGroupID.NotFound InvalidSubnetID.NotFound InvalidSubnetId.NotFound
    """.split()
)
_BLOCKED = {
    "InvalidServiceName": Reason.SERVICE_UNAVAILABLE,
    "VpcEndpointLimitExceeded": Reason.ENDPOINT_QUOTA,
    "SecurityGroupLimitExceeded": Reason.GROUP_QUOTA,
    "SecurityGroupsPerInterfaceLimitExceeded": Reason.GROUP_QUOTA,
    "RulesPerSecurityGroupLimitExceeded": Reason.RULE_QUOTA,
    "InsufficientFreeAddressesInSubnet": Reason.NO_FREE_ADDRESSES,
    "UnauthorizedOperation": Reason.UNAUTHORIZED,
    "AuthFailure": Reason.UNAUTHORIZED,
    "OptInRequired": Reason.UNAUTHORIZED,
    "TagPolicyViolation": Reason.TAG_POLICY,
}
# Parts of messages that come under `InvalidParameter`.
_BLOCKED_MESSAGES = {
    "conflicting DNS domain": Reason.PRIVATE_DNS_CONFLICT,
    "does not support the availability zone": Reason.ZONE_NOT_OFFERED,
}
_WAIT_MESSAGE = "requires both enableDnsSupport and enableDnsHostnames"


def classify(error: ClientError | HTTPClientError) -> Refusal:
    """Class `error`; one that is not known is blocked for the reason `unknown`, with EC2's words.

    An error without an answer (a time-out, a connection lost) says nothing of what was done: come again
    and look.
    """
    if isinstance(error, HTTPClientError):
        return Refusal(Verdict.WAIT, None, type(error).__name__, str(error))
    answer = error.response.get("Error", {})
    return classify_code(answer.get("Code", ""), answer.get("Message", ""))


def classify_code(code: str, message: str) -> Refusal:
    """Class an error by its code and message: some calls list failures in an answer that says 200."""
    verdict, reason = _class_of(code, message)
    return Refusal(verdict, reason, code, message)


def _class_of(code: str, message: str) -> tuple[Verdict, Reason | None]:
    if code in _WAIT or _WAIT_MESSAGE in message:
        return Verdict.WAIT, None
    if code == _NAME_TAKEN:
        return Verdict.NAME_TAKEN, None
    if code in _ALREADY_DONE:
        return Verdict.ALREADY_DONE, None
    if code in _GONE:
        return Verdict.GONE, None
    for part, reason in _BLOCKED_MESSAGES.items():
        if part in message:
            return Verdict.BLOCKED, reason
    return Verdict.BLOCKED, _BLOCKED.get(code, Reason.UNKNOWN)
