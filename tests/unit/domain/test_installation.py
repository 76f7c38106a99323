from __future__ import annotations

import re

import pytest

from reconciler.domain.actions import NEW_GROUP
from reconciler.domain.installation import Installation
from tests.builders import ENVOY, INSTALLATION, VPC_ID, a_vpc, situation

WANTED = INSTALLATION.endpoint_tags(VPC_ID, ENVOY)


def test_what_is_made_bears_the_owner_the_vpc_and_a_name() -> None:
    assert WANTED == {
        "vpce-remediator:owner": "our-stack",
        "vpce-remediator:vpc": VPC_ID,
        "Name": "our-stack/appmesh-envoy-management",
    }
    assert INSTALLATION.group_tags(VPC_ID)["Name"] == "our-stack/endpoints"


def test_a_services_full_name_says_its_region() -> None:
    assert INSTALLATION.service_name("logs") == "com.amazonaws.eu-west-1.logs"


def test_the_tag_keys_begin_with_the_prefix() -> None:
    keys = (INSTALLATION.profile_key, INSTALLATION.mode_key, INSTALLATION.owner_key)
    assert keys == ("vpce-remediator:profile", "vpce-remediator:mode", "vpce-remediator:owner")


def test_of_several_owned_groups_the_first_by_id_is_the_owned_one() -> None:
    observation = a_vpc().with_group("sg-2").with_group("sg-1").with_foreign_group("sg-0").observed()
    group = situation(observation).owned_group
    assert group is not None
    assert group.id == "sg-1"
    assert situation(observation).group_ref == "sg-1"


def test_without_an_owned_group_the_plans_own_is_meant() -> None:
    assert situation(a_vpc().with_foreign_group().observed()).group_ref is NEW_GROUP


@pytest.mark.parametrize("stack", ["our-stack", "s" * 128])
def test_ec2_takes_the_groups_name_and_description(stack: str) -> None:
    """Its rule: at most 255 of letters, digits, spaces and these signs."""
    installation = Installation(stack, "vpce-remediator", "eu-west-1", "111122223333")
    for text in (installation.group_name, installation.group_description):
        assert re.fullmatch(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}", text)
