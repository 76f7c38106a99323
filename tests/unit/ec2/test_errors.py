from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from reconciler.domain.findings import Reason
from reconciler.ec2.errors import ERRORS, AwsError, Refusal, Verdict, classify, classify_code


def refused(code: str, message: str = "no") -> Refusal:
    return classify(ClientError({"Error": {"Code": code, "Message": message}}, "CreateVpcEndpoint"))


@pytest.mark.parametrize(
    "code",
    """
    InternalError InternalFailure ServerInternal ServiceUnavailable Unavailable
    """.split(),
)
def test_where_ec2_could_not_for_now_one_asks_again(code: str) -> None:
    refusal = refused(code)
    assert (refusal.verdict, refusal.reason) == (Verdict.RETRY, None)


@pytest.mark.parametrize(
    "code", "RequestLimitExceeded EC2ThrottledException Throttling ThrottlingException".split()
)
def test_where_ec2_takes_no_more_calls_one_asks_again_and_spares_it_the_others(code: str) -> None:
    refusal = refused(code)
    assert (refusal.verdict, refusal.reason) == (Verdict.THROTTLED, None)


@pytest.mark.parametrize("code", "CannotDelete InvalidClientToken InvalidParameterCombination".split())
def test_what_asking_again_does_not_help_is_blocked_with_ec2s_words(code: str) -> None:
    refusal = refused(code)
    assert (refusal.verdict, refusal.reason) == (Verdict.BLOCKED, Reason.UNKNOWN)
    assert code in str(refusal)


@pytest.mark.parametrize(
    "code",
    """
    OperationInProgress IncorrectState InvalidState ConcurrentTagAccess DependencyViolation
    InvalidGroup.NotFound IdempotentParameterMismatch DuplicateSubnetsInSameZone RouteAlreadyExists
    """.split(),
)
def test_where_aws_is_at_work_or_late_one_is_requeued(code: str) -> None:
    refusal = refused(code)
    assert (refusal.verdict, refusal.reason) == (Verdict.WAIT, None)


def test_a_group_that_another_groups_rule_names_is_in_use() -> None:
    refusal = refused("InvalidGroup.InUse")
    assert (refusal.verdict, refusal.reason) == (Verdict.BLOCKED, Reason.IN_USE)


@pytest.mark.parametrize(
    "message",
    [
        "Private DNS can't be enabled because the service com.amazonaws.eu-west-1.x does not provide a "
        "private DNS name.",
        "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC vpc-1 must have a Gateway endpoint "
        "for the service.",
    ],
)
def test_private_dns_that_the_service_does_not_give_is_blocked(message: str) -> None:
    refusal = refused("InvalidParameter", message)
    assert (refusal.verdict, refusal.reason) == (Verdict.BLOCKED, Reason.PRIVATE_DNS_UNAVAILABLE)


@pytest.mark.parametrize("code", ["InvalidPermission.Duplicate", "InvalidPermission.NotFound"])
def test_a_rule_that_is_there_or_gone_already_is_as_asked_for(code: str) -> None:
    assert refused(code).verdict is Verdict.ALREADY_DONE


@pytest.mark.parametrize(
    "code",
    """
    InvalidVpcID.NotFound InvalidVpcEndpointId.NotFound InvalidVpcEndpoint.NotFound
    InvalidSecurityGroupID.NotFound InvalidVpcID.Malformed
    """.split(),
)
def test_what_is_no_more_is_gone_in_either_spelling(code: str) -> None:
    assert refused(code).verdict is Verdict.GONE


@pytest.mark.parametrize("code", ["InvalidSubnetID.NotFound", "InvalidSubnetId.NotFound"])
def test_a_subnet_that_is_gone_gives_way_to_another(code: str) -> None:
    refusal = refused(code, "The subnet ID 'subnet-0a1b' does not exist")
    assert (refusal.verdict, refusal.reason) == (Verdict.OTHER_SUBNET, None)
    assert refusal.subnet_id == "subnet-0a1b"


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("InsufficientFreeAddressesInSubnet", "subnet-0a1b is full", Reason.NO_FREE_ADDRESSES),
        (
            "InvalidParameter",
            "The VPC endpoint service com.amazonaws.eu-west-1.logs does not support the availability zone of "
            "the subnet: subnet-0a1b.",
            Reason.ZONE_NOT_OFFERED,
        ),
    ],
)
def test_a_subnet_that_will_not_do_gives_way_to_another_for_a_reason(
    code: str, message: str, reason: Reason
) -> None:
    refusal = refused(code, message)
    assert (refusal.verdict, refusal.reason) == (Verdict.OTHER_SUBNET, reason)
    assert refusal.subnet_id == "subnet-0a1b"


def test_words_that_name_no_subnet_name_none() -> None:
    assert refused("InsufficientFreeAddressesInSubnet", "full").subnet_id is None


def test_a_name_that_is_taken_is_reported_apart() -> None:
    assert refused("InvalidGroup.Duplicate").verdict is Verdict.NAME_TAKEN


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("InvalidServiceName", "does not exist", Reason.SERVICE_UNAVAILABLE),
        ("VpcEndpointLimitExceeded", "", Reason.ENDPOINT_QUOTA),
        ("SecurityGroupLimitExceeded", "", Reason.GROUP_QUOTA),
        ("SecurityGroupsPerInterfaceLimitExceeded", "", Reason.GROUP_QUOTA),
        ("RulesPerSecurityGroupLimitExceeded", "", Reason.RULE_QUOTA),
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
    ],
)
def test_what_asking_again_will_not_help_is_blocked_for_a_reason(
    code: str, message: str, reason: Reason
) -> None:
    refusal = refused(code, message)
    assert (refusal.verdict, refusal.reason) == (Verdict.BLOCKED, reason)


@pytest.mark.parametrize("code", ["SomethingNew", "InvalidParameter", ""])
def test_what_is_not_known_is_reported_as_unknown(code: str) -> None:
    refusal = refused(code, "something else")
    assert (refusal.verdict, refusal.reason) == (Verdict.UNKNOWN, Reason.UNKNOWN)


def test_what_is_not_known_and_ec2_takes_upon_itself_is_asked_again() -> None:
    answer = {"Error": {"Code": "SomethingNew"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
    assert classify(ClientError(cast("Any", answer), "CreateVpcEndpoint")).verdict is Verdict.RETRY


def test_private_dns_that_waits_for_the_vpcs_attributes_is_no_blockage() -> None:
    message = (
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to "
        "true for vpc-1"
    )
    assert refused("InvalidParameter", message).verdict is Verdict.DNS_OFF


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://ec2"),
        ConnectionClosedError(endpoint_url="https://ec2"),
        ConnectTimeoutError(endpoint_url="https://ec2"),
        EndpointConnectionError(endpoint_url="https://ec2"),
        SSLError(endpoint_url="https://ec2", error=OSError("x")),
        HTTPClientError(error="broken"),
        ResponseParserError("no XML"),
    ],
)
def test_no_answer_says_nothing_of_what_was_done_so_one_asks_again(error: AwsError) -> None:
    assert isinstance(error, ERRORS)
    refusal = classify(error)
    assert refusal.verdict is Verdict.RETRY
    assert type(error).__name__ in str(refusal)


def test_ec2s_own_words_are_kept_for_a_person() -> None:
    assert str(refused("InvalidServiceName", "does not exist")) == "InvalidServiceName: does not exist"


def test_what_is_not_allowed_says_which_call_it_was_since_ec2s_words_may_be_encoded() -> None:
    assert (
        str(refused("UnauthorizedOperation", "4Zx9")) == "ec2:CreateVpcEndpoint: UnauthorizedOperation: 4Zx9"
    )


def test_a_failure_listed_in_an_answer_is_classed_as_one_that_was_raised() -> None:
    assert classify_code("OperationInProgress", "busy") == refused("OperationInProgress", "busy")


def test_an_answer_without_an_error_in_it_is_unknown() -> None:
    assert classify(ClientError({}, "CreateVpcEndpoint")).reason is Reason.UNKNOWN
