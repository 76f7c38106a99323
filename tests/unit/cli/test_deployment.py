"""The Region's installation is found, and its stack says what it does."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.model import Mode
from tests.account import INSTALLATION, STACK
from tests.command_line import NUMBER, REGION, FakeCloudFormation, a_stack
from vpce import deployment
from vpce.account import Account
from vpce.deployment import Deployment
from vpce.problems import Problem


class Region:
    """An account's Region with these stacks in it, and the warnings."""

    def __init__(self, *stacks: dict[str, Any]) -> None:
        self.cloudformation = FakeCloudFormation(list(stacks), {})
        self.account = Account(REGION)
        self.account.__dict__.update(id=NUMBER, region=REGION, cloudformation=self.cloudformation)
        self.warned: list[str] = []

    def find(self, name: str | None = None) -> Deployment:
        return deployment.find(self.account, name, self.warned.append)


def test_the_one_installation_is_found_among_other_stacks() -> None:
    other = a_stack("other") | {"Parameters": [{"ParameterKey": "TagPrefix", "ParameterValue": "x"}]}
    found = Region(other, a_stack()).find()
    assert found.stack == STACK
    assert found.installation == INSTALLATION
    assert (found.ledger_table, found.debounce, found.vpc_queue_url) == ("ledger", 30, "runs")
    assert found.dead_letter_queue_urls == ("dead-1", "dead-2")


def test_its_parameters_are_its_settings() -> None:
    stack = a_stack(
        InstallationId="ours",
        TagPrefix="net",
        DefaultMode="audit",
        Paused="true",
        GracePeriodMinutes="10",
        TeardownLimit="7",
        ProfilesParameter="/p",
    )
    found = Region(stack).find()
    there = found.installation
    assert (there.id, there.tag_prefix, there.default_mode, there.paused) == ("ours", "net", Mode.AUDIT, True)
    assert (there.grace_seconds, there.teardown_limit) == (600, 7)
    assert found.profiles_parameter == "/p"


def test_a_stack_of_the_first_version_has_no_ledger_and_todays_limits() -> None:
    stack = a_stack()
    new = {"Paused", "GracePeriodMinutes", "TeardownLimit", "InstallationId"}
    stack["Parameters"] = [each for each in stack["Parameters"] if each["ParameterKey"] not in new]
    stack["Outputs"] = []
    found = Region(stack).find()
    assert found.installation == INSTALLATION
    assert found.ledger_table == ""


def test_several_are_named() -> None:
    with pytest.raises(Problem, match=r"2 installations in eu-west-1: a, b\. Choose one with --stack"):
        Region(a_stack("a"), a_stack("b")).find()
    assert Region(a_stack("a"), a_stack("b")).find("b").stack == "b"


def test_where_there_is_none_it_is_as_a_new_one_would_be() -> None:
    region = Region()
    found = region.find()
    assert (found.is_deployed, found.unread, found.installation) == (False, False, INSTALLATION)
    assert region.warned == []


def test_where_the_stacks_may_not_be_listed_it_warns_and_is_as_a_new_one_would_be() -> None:
    region = Region(a_stack("theirs", TagPrefix="net"))
    region.cloudformation.refuse("AccessDenied")
    found = region.find()
    assert (found.is_deployed, found.unread, found.installation) == (False, True, INSTALLATION)
    assert "not known whether the remediator is deployed here" in region.warned[0]


def test_a_stack_that_is_not_there_is_an_error() -> None:
    with pytest.raises(Problem, match="There is no stack 'x' in eu-west-1"):
        Region(a_stack()).find("x")


def test_a_stack_of_something_else_is_an_error() -> None:
    other = a_stack("other") | {"Parameters": []}
    with pytest.raises(Problem, match="The stack 'other' is no installation"):
        Region(other).find("other")


@pytest.mark.parametrize(
    ("option", "environment", "region"),
    [
        ("us-east-1", {"AWS_REGION": "eu-west-2"}, "us-east-1"),
        (None, {"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-2"),
        (None, {"AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3"),
    ],
)
def test_the_region_is_chosen_as_the_aws_cli_does(
    option: str | None, environment: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(each, raising=False)
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    assert Account(option).region == region
