"""The account that the sandbox plays, and boto3 clients for it.

Apart, so that nothing of the caller's own AWS settings (profile, keys, endpoints) can ever reach the
sandbox, nor the sandbox a real account.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

ACCOUNT = "111122223333"
REGION = "eu-west-1"
SECRET = "test"
"""The secret of every key in the sandbox."""
_LOOPBACK = ("127.0.0.1", "localhost")

_SHIELD = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ca_bundle": (None, None, None, None),
}


def root_environment(endpoint: str) -> dict[str, str]:
    """What a command line tool needs in its environment to be root of the sandbox's account."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def without_aws(environment: dict[str, str]) -> dict[str, str]:
    """The environment without anything that points at somebody's AWS account."""
    kept = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }


def forget_the_callers_account() -> None:
    """Take everything that points at somebody's AWS account out of this process' environment."""
    kept = without_aws(dict(os.environ))
    os.environ.clear()
    os.environ.update(kept)


def reach_loopback() -> None:
    """Have this process, and those that it starts, reach this machine without the proxy that is set."""
    names = ("no_proxy", "NO_PROXY")
    # Tools read one of the two, the one before the other; "*" alone stands for every host.
    others = next((value for name in names if (value := os.environ.get(name, "").strip())), "")
    if others != "*":
        os.environ.update(dict.fromkeys(names, ",".join([*filter(None, [others]), *_LOOPBACK])))


@cache
def client(service: str, endpoint: str, access_key: str = ACCOUNT) -> Any:
    """A boto3 client of `service` at `endpoint`; by default the account's root. Made once: it takes long."""
    core = botocore.session.Session(session_vars=_SHIELD)
    session = boto3.Session(
        aws_access_key_id=access_key,
        aws_secret_access_key=SECRET,
        region_name=REGION,
        botocore_session=core,
    )
    config = Config(retries={"mode": "standard", "total_max_attempts": 5}, max_pool_connections=32)
    return session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]
