from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError, ReadTimeoutError

from reconciler.model import Reason
from reconciler.refusals import Refusal, Verdict, classify, classify_code


def refused(code: str, message: str = "no") -> Refusal:
    return classify(ClientError({"Error": {"Code": code, "Message": message}}, "CreateVpcEndpoint"))


@pytest.mark.parametrize(
    "code",
    """
    RequestLimitExceeded EC2ThrottledException Throttling ThrottlingException OperationInProgress
    IncorrectState InvalidState ConcurrentTagAccess DependencyViolation InvalidGroup.NotFound
    InternalError InternalFailure ServerInternal ServiceUnavailable Unavailable
    """.split(),
)
def test_where_aws_is_busy_or_late_one_comes_again(code: str) -> None:
    refusal = refused(code)
    assert (refusal.verdict, refusal.reason) == (Verdict.WAIT, None)


@pytest.mark.parametrize("code", ["InvalidPermission.Duplicate", "InvalidPermission.NotFound"])
def test_a_rule_that_is_there_or_gone_already_is_as_asked_for(code: str) -> None:
    assert refused(code).verdict is Verdict.ALREADY_DONE


@pytest.mark.parametrize(
    "code",
    """
    InvalidVpcID.NotFound InvalidVpcEndpointId.NotFound InvalidVpcEndpoint.NotFound
    InvalidSecurityGroupID.NotFound InvalidSubnetID.NotFound InvalidSubnetId.NotFound
    """.split(),
)
def test_what_is_no_more_is_gone_in_either_spelling(code: str) -> None:
    assert refused(code).verdict is Verdict.GONE


def test_a_name_that_is_taken_is_told_apart() -> None:
    assert refused("InvalidGroup.Duplicate").verdict is Verdict.NAME_TAKEN


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("InvalidServiceName", "does not exist", Reason.SERVICE_UNAVAILABLE),
        ("VpcEndpointLimitExceeded", "", Reason.ENDPOINT_QUOTA),
        ("SecurityGroupLimitExceeded", "", Reason.GROUP_QUOTA),
        ("SecurityGroupsPerInterfaceLimitExceeded", "", Reason.GROUP_QUOTA),
        ("RulesPerSecurityGroupLimitExceeded", "", Reason.RULE_QUOTA),
        ("InsufficientFreeAddressesInSubnet", "", Reason.NO_FREE_ADDRESSES),
        ("UnauthorizedOperation", "Encoded authorization failure message: x", Reason.UNAUTHORIZED),
        ("AuthFailure", "", Reason.UNAUTHORIZED),
        ("OptInRequired", "", Reason.UNAUTHORIZED),
        ("TagPolicyViolation", "", Reason.TAG_POLICY),
        (
            "InvalidParameter",
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
            "logs.eu-west-1.amazonaws.com in the VPC vpc-1",
            Reason.PRIVATE_DNS_CONFLICT,
        ),
        (
            "InvalidParameter",
            "The VPC endpoint service com.amazonaws.eu-west-1.logs does not support the availability zone of "
            "the subnet: subnet-1.",
            Reason.ZONE_NOT_OFFERED,
        ),
        ("InvalidParameter", "something else", Reason.UNKNOWN),
        ("SomethingNew", "", Reason.UNKNOWN),
        ("", "", Reason.UNKNOWN),
    ],
)
def test_what_asking_again_will_not_help_is_blocked_for_a_reason(
    code: str, message: str, reason: Reason
) -> None:
    refusal = refused(code, message)
    assert (refusal.verdict, refusal.reason) == (Verdict.BLOCKED, reason)


def test_private_dns_that_waits_for_the_vpcs_attributes_is_no_blockage() -> None:
    message = (
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to "
        "true for vpc-1"
    )
    assert refused("InvalidParameter", message).verdict is Verdict.WAIT


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://ec2"),
        ConnectionClosedError(endpoint_url="https://ec2"),
        HTTPClientError(error="broken"),
    ],
)
def test_no_answer_says_nothing_of_what_was_done_so_one_comes_and_looks(error: HTTPClientError) -> None:
    refusal = classify(error)
    assert refusal.verdict is Verdict.WAIT
    assert type(error).__name__ in str(refusal)


def test_ec2s_own_words_are_kept_for_a_person() -> None:
    assert str(refused("InvalidServiceName", "does not exist")) == "InvalidServiceName: does not exist"


def test_a_failure_listed_in_an_answer_is_classed_as_one_that_was_raised() -> None:
    assert classify_code("OperationInProgress", "busy") == refused("OperationInProgress", "busy")


def test_an_answer_without_an_error_in_it_is_unknown() -> None:
    assert classify(ClientError({}, "CreateVpcEndpoint")).reason is Reason.UNKNOWN
