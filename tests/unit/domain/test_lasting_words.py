"""The words by which the ledger knows a change again: where they change, every fight begins anew."""

from __future__ import annotations

import pytest

from reconciler.domain.actions import (
    NEW_GROUP,
    Action,
    AuthorizeIngress,
    DeleteEndpoint,
    EnableVpcAttribute,
    RevokeEgress,
    RevokeIngress,
)
from reconciler.domain.model import Rule, SourceKind, VpcAttribute
from reconciler.domain.plan import Step

SSH = Rule("tcp", 22, 22, SourceKind.CIDR, "0.0.0.0/0")
ALL = Rule("-1", 0, 0, SourceKind.CIDR, "0.0.0.0/0")


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (
            AuthorizeIngress(NEW_GROUP, (SSH,)),
            "+ let 22/tcp from or to 0.0.0.0/0 into the security group of this plan",
        ),
        (RevokeIngress("sg-1", (SSH,)), "- no longer let 22/tcp from or to 0.0.0.0/0 into sg-1"),
        (
            RevokeEgress("sg-1", (ALL,)),
            "- no longer let everything from or to 0.0.0.0/0 out of sg-1",
        ),
        (DeleteEndpoint("vpce-1"), "- delete endpoint vpce-1"),
        (EnableVpcAttribute("vpc-1", VpcAttribute.DNS_SUPPORT), "~ turn on enableDnsSupport of vpc-1"),
    ],
)
def test_a_change_is_known_by_the_words_of_the_first_version(action: Action, words: str) -> None:
    assert Step(action, ()).change == words
