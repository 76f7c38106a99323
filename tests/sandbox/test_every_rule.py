from __future__ import annotations

from sandbox.ec2.ruleset import EVERY_RULE
from tests.sandbox import (
    test_endpoint_rules,
    test_group_rules,
    test_network_rules,
    test_route_rules,
    test_state_rules,
    test_visibility_and_limit_rules,
)
from tests.sandbox.network import SHOWN

SHOWING = (
    test_endpoint_rules,
    test_group_rules,
    test_network_rules,
    test_route_rules,
    test_state_rules,
    test_visibility_and_limit_rules,
)


def test_every_rule_is_shown_by_a_test_that_fails_without_it() -> None:
    assert SHOWING
    assert [rule for rule in EVERY_RULE if rule not in SHOWN] == []


def test_every_rule_says_what_it_keeps_and_where_that_is_known_from() -> None:
    for rule in EVERY_RULE:
        assert rule.fact, f"{rule} has no docstring"
    assert len({rule.name for rule in EVERY_RULE}) == len(EVERY_RULE)
