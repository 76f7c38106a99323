"""The sandbox is reached whatever the caller's environment says of proxies and of AWS."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sandbox import access, places
from sandbox.ec2 import Ec2

_NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of it, for as long as the test lasts."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    access.client.cache_clear()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_a_proxy_that_is_set_is_not_asked_for_what_is_on_this_machine(name: str) -> None:
    os.environ.pop("no_proxy", None)
    os.environ.pop("NO_PROXY", None)
    os.environ[name] = _NOWHERE
    access.reach_loopback()
    with Ec2().serve() as endpoint:
        assert access.client("ec2", endpoint).describe_vpcs()["Vpcs"]


@pytest.mark.parametrize("given", ["NO_PROXY", "no_proxy"])
def test_hosts_that_were_excepted_from_the_proxy_stay_so(given: str) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        os.environ.pop(name, None)
    os.environ[given] = "intranet.example"
    access.reach_loopback()
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "intranet.example,127.0.0.1,localhost"


def test_where_no_host_has_a_proxy_nothing_changes() -> None:
    os.environ["no_proxy"] = "*"
    access.reach_loopback()
    assert os.environ["no_proxy"] == "*"


def test_nothing_of_the_callers_account_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "AWS_PROFILE", "of nobody")
    monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL_SQS", _NOWHERE)
    monkeypatch.setitem(os.environ, "AWS_SECRET_ACCESS_KEY", "secret")
    access.forget_the_callers_account()
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL_SQS", "AWS_SECRET_ACCESS_KEY"} & set(os.environ)
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull


@pytest.mark.parametrize(
    "setting",
    [
        {"AWS_PROFILE": "undefined"},
        {"AWS_DEFAULT_PROFILE": "undefined"},
        {"AWS_CONFIG_FILE": __file__},
        {"HOME": "/dev/null/home"},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_the_sandbox_starts_whatever_the_callers_settings_are(setting: dict[str, str]) -> None:
    helped = subprocess.run(
        [sys.executable, "-m", "sandbox", "--help"],
        cwd=places.PROJECT,
        env={**os.environ, **setting},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (helped.returncode, helped.stderr) == (0, "")
