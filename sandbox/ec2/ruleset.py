"""All the rules, in the order in which EC2 is taken to look at a call, and the sets one starts from."""

from __future__ import annotations

from sandbox.ec2.rule import Ec2Rule
from sandbox.ec2.rules import (
    attributes,
    authorising,
    dependencies,
    endpoints,
    gateways,
    groups,
    networks,
    pages,
    policies,
    private_dns,
    quotas,
    routes,
    sharing,
    states,
    tags,
    throttling,
    tokens,
    visibility,
)

_IN_ORDER = (
    throttling,
    sharing,
    tokens,
    endpoints,
    states,
    policies,
    private_dns,
    quotas,
    dependencies,
    groups,
    authorising,
    attributes,
    networks,
    gateways,
    routes,
    tags,
    visibility,
    pages,
)
EVERY_RULE: tuple[Ec2Rule, ...] = tuple(
    dict.fromkeys(each for module in _IN_ORDER for each in vars(module).values() if isinstance(each, Ec2Rule))
)


class Rules:
    """The sets of rules to start from; take rules away with `-`: `Rules.default() - {one_subnet_a_zone}`."""

    @staticmethod
    def all() -> frozenset[Ec2Rule]:
        """Every rule."""
        return frozenset(EVERY_RULE)

    @staticmethod
    def default() -> frozenset[Ec2Rule]:
        """All but the two that a test asks for by name: throttling, and states in varied case."""
        return Rules.all() - {throttling.calls_empty_a_bucket, states.states_come_in_varied_case}

    @staticmethod
    def none() -> frozenset[Ec2Rule]:
        """No rule: moto's EC2, with endpoints that can be modified."""
        return frozenset()
