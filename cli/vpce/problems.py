"""What stops a command, as one sentence for a person. A traceback is a fault of this program."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError

from reconciler.profile_store import ProfilesUnavailable

# What AWS raises, and what the package does, that is a person's to put right.
EXPECTED = (BotoCoreError, ClientError, ResponseParserError, ProfilesUnavailable)

# Where `account` notes whose answer an answer is: botocore's errors name only the operation.
SERVICE = "Service"

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_INVALID = frozenset(
    """
    AuthFailure IncompleteSignature InvalidAccessKeyId InvalidClientTokenId InvalidSignatureException
    MissingAuthenticationToken SignatureDoesNotMatch UnrecognizedClientException
    """.split()
)
_REFUSED = frozenset(
    """
    AccessDenied AccessDeniedException AuthorizationError AuthorizationErrorException NotAuthorized
    UnauthorizedOperation
    """.split()
)


class Problem(Exception):
    """What stops a command; a sentence for a person, which says what to do."""


def is_refused(error: Exception) -> bool:
    """Whether AWS says that the caller may not."""
    return isinstance(error, ClientError) and _code(error) in _REFUSED


def is_signed_out(code: str) -> bool:
    """Whether an error's code says that the credentials are no more, or never were, any good."""
    return code.rpartition(": ")[2] in _EXPIRED | _INVALID


def is_unreachable(error: Exception) -> bool:
    """Whether no answer came."""
    return isinstance(error, NoConnection | ConnectTimeoutError | ReadTimeoutError)


def sentence(error: Exception) -> str:
    """One of `EXPECTED` in words."""
    if isinstance(error, ClientError):
        return _of_answer(error)
    if isinstance(error, NoCredentialsError):
        return (
            "There are no AWS credentials. Sign in as for the AWS CLI (aws configure, aws sso login), "
            "or name a profile with AWS_PROFILE or --aws-profile."
        )
    if isinstance(error, PartialCredentialsError):
        return f"The AWS credentials are incomplete: {error}."
    if isinstance(error, SSOError | TokenRetrievalError):
        return f"The sign-in has expired or is missing ({error}). Run: aws sso login"
    if isinstance(error, ProfileNotFound):
        name = error.kwargs.get("profile", "")
        return (
            f"The AWS profile {name!r} is not defined. List them with: aws configure list-profiles "
            "(AWS_PROFILE or --aws-profile names it)."
        )
    if isinstance(error, NoRegionError):
        return "No Region is chosen. Name one with --region or AWS_REGION, or in the AWS profile."
    if isinstance(error, ProxyConnectionError):
        return f"The proxy cannot be reached: {error} Look at HTTPS_PROXY and NO_PROXY."
    if isinstance(error, SSLError):
        return f"The connection is not trusted: {error} Look at AWS_CA_BUNDLE."
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError | ReadTimeoutError | NoConnection):
        return f"AWS cannot be reached: {error} Look at the Region's name, the network and AWS_ENDPOINT_URL."
    return f"{str(error).rstrip('.')}."


def _of_answer(error: ClientError) -> str:
    code, message = _code(error), error.response.get("Error", {}).get("Message", "")
    if code in _EXPIRED:
        return "The AWS credentials have expired. Sign in again (aws sso login, or new keys)."
    if code in _INVALID:
        return f"AWS does not know these credentials ({code}: {message.rstrip('.')})."
    if code in _REFUSED:
        return f"The credentials do not allow {action(error)}. AWS says: {message.rstrip('.')}."
    if code == "InvalidVpcID.NotFound":
        return f"{message.rstrip('.')}. Look at the Region and the account."
    return f"AWS refused {action(error)}: {code}: {message.rstrip('.')}."


def action(error: ClientError) -> str:
    """The action as a policy names it, such as `ec2:DescribeVpcs`; without the service, where the client that
    raised it is not one of `account`'s."""
    service = error.response.get(SERVICE, "")
    return f"{service}:{error.operation_name}" if service else error.operation_name


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
