"""What a rule is: one fact of EC2 that moto does not keep, with a name, and a switch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.ec2.calls import Request, Response
    from sandbox.ec2.world import World

Before = Callable[["World", "Request"], "Response | None"]
"""Refuses a call, or answers it in EC2's stead, or lets it pass by returning None."""
After = Callable[["World", "Request", "Any"], None]
"""Mends the answer, or what was done, once the call went well."""


@dataclass(frozen=True, eq=False)
class Ec2Rule:
    """A fact of EC2. In a set of rules it is kept; left out, EC2 behaves as moto does."""

    name: str
    fact: str
    actions: frozenset[str]
    before: Before | None = None
    after: After | None = None

    def concerns(self, action: str) -> bool:
        """Whether a call of that name has to do with this rule."""
        return not self.actions or action in self.actions

    def __repr__(self) -> str:
        return self.name

    def __deepcopy__(self, _memo: object) -> Ec2Rule:
        """Itself: a rule is known by its identity."""
        return self


def before(*actions: str) -> Callable[[Before], Ec2Rule]:
    """Make a rule of a function that looks at a call before it is done. No names: every call."""

    def make(check: Before) -> Ec2Rule:
        return Ec2Rule(check.__name__, check.__doc__ or "", frozenset(actions), before=check)

    return make


def after(*actions: str) -> Callable[[After], Ec2Rule]:
    """Make a rule of a function that mends the answer of a call that went well."""

    def make(mend: After) -> Ec2Rule:
        return Ec2Rule(mend.__name__, mend.__doc__ or "", frozenset(actions), after=mend)

    return make


def fact(name: str, text: str) -> Ec2Rule:
    """A rule that the code elsewhere asks for by name, since it is more than a check."""
    return Ec2Rule(name, text, frozenset())
