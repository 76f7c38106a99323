from __future__ import annotations

import pytest

from reconciler.domain.access import lets_in, reaches
from reconciler.domain.model import Rule, SecurityGroup, SourceKind


def a_rule(source: str, kind: SourceKind = SourceKind.CIDR, ports: tuple[int, int] = (443, 443)) -> Rule:
    return Rule("tcp", *ports, kind, source)


def a_group(*rules: Rule) -> SecurityGroup:
    return SecurityGroup("sg-1", "theirs", {}, frozenset(rules), frozenset())


CLIENT = a_rule("10.0.0.0/24")


@pytest.mark.parametrize(
    ("rule", "reached"),
    [
        (Rule("tcp", 443, 443, SourceKind.CIDR, "0.0.0.0/0"), True),
        (Rule("tcp", 0, 65535, SourceKind.CIDR, "0.0.0.0/0"), True),
        (Rule("-1", -1, -1, SourceKind.CIDR, "0.0.0.0/0"), True),
        (Rule("tcp", 444, 65535, SourceKind.CIDR, "0.0.0.0/0"), False),
        (Rule("tcp", 0, 442, SourceKind.CIDR, "0.0.0.0/0"), False),
        (Rule("udp", 443, 443, SourceKind.CIDR, "0.0.0.0/0"), False),
    ],
)
def test_a_rule_reaches_a_port_by_its_protocol_and_range(rule: Rule, reached: bool) -> None:
    assert reaches(rule, 443) is reached


@pytest.mark.parametrize("source", ["10.0.0.0/24", "10.0.0.0/16", "0.0.0.0/0"])
def test_a_rule_for_the_same_block_or_a_wider_one_lets_a_client_in(source: str) -> None:
    assert lets_in([a_group(a_rule(source))], CLIENT)


@pytest.mark.parametrize("source", ["10.0.0.0/25", "10.0.1.0/24"])
def test_a_rule_for_a_part_or_another_block_does_not(source: str) -> None:
    assert not lets_in([a_group(a_rule(source))], CLIENT)


def test_two_rules_that_let_in_the_halves_are_not_counted_together() -> None:
    assert not lets_in([a_group(a_rule("10.0.0.0/25"), a_rule("10.0.0.128/25"))], CLIENT)


def test_one_of_several_groups_suffices() -> None:
    assert lets_in([a_group(), a_group(CLIENT)], CLIENT)
    assert not lets_in([], CLIENT)


def test_a_rule_for_another_port_lets_nobody_in() -> None:
    assert not lets_in([a_group(a_rule("10.0.0.0/24", ports=(80, 80)))], CLIENT)


def test_address_families_are_apart() -> None:
    v6 = a_rule("2001:db8::/64", SourceKind.CIDR_V6)
    assert lets_in([a_group(a_rule("2001:db8::/32", SourceKind.CIDR_V6))], v6)
    assert not lets_in([a_group(a_rule("::/0", SourceKind.CIDR_V6))], CLIENT)
    assert not lets_in([a_group(a_rule("0.0.0.0/0"))], v6)


@pytest.mark.parametrize("kind", [SourceKind.GROUP, SourceKind.PREFIX_LIST])
def test_a_group_or_a_prefix_list_is_let_in_by_its_own_name_alone(kind: SourceKind) -> None:
    client = a_rule("x-1", kind)
    assert lets_in([a_group(a_rule("x-1", kind))], client)
    assert not lets_in([a_group(a_rule("x-2", kind), a_rule("0.0.0.0/0"))], client)
