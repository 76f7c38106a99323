"""`python -m sandbox.caller`: what is missing in the caller's AWS settings for `make deploy`, in a sentence.

The one module here that reads them. It makes no call to AWS.
"""

from __future__ import annotations

import sys

from botocore.exceptions import BotoCoreError
from botocore.session import Session


def missing() -> str | None:
    """What has to be set before anything can be deployed; None where all is there."""
    try:
        return _missing(Session())
    except BotoCoreError as error:
        return f"Your AWS settings cannot be used: {error}"


def _missing(session: Session) -> str | None:
    name, known = session.get_config_variable("profile"), session.available_profiles
    if name and name not in known:
        there = f"There are {', '.join(sorted(known))}." if known else "There are no profiles."
        return (
            f"AWS_PROFILE is {name}, and your AWS configuration has no such profile. {there}"
            " Set AWS_PROFILE to one of these, make one with `aws configure`, or unset it."
        )
    if session.get_credentials() is None:
        return (
            "No AWS credentials are found. Set them up as for the AWS CLI: with `aws configure`,"
            " with `aws sso login`, or by AWS_PROFILE."
        )
    if not session.get_config_variable("region"):
        return "No Region is set. Name the one to deploy to: AWS_REGION=eu-west-1 make deploy"
    return None


if __name__ == "__main__":
    sentence = missing()
    if sentence:
        print(sentence, file=sys.stderr)
    sys.exit(bool(sentence))
