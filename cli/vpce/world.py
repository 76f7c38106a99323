"""What a command works with, and the options that all commands have."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Concatenate, ParamSpec

import click

from . import deployment
from .account import Account
from .deployment import Deployment
from .screen import Screen

P = ParamSpec("P")


@dataclass(frozen=True)
class Surroundings:
    """How a command comes by what it works with. Tests hand in their own. Times are in seconds."""

    account: Callable[[str | None, str | None], Account] = Account
    now: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep


@dataclass
class World:
    """What a command works with. `stack` is what `--stack` names."""

    account: Account
    screen: Screen
    stack: str | None = None
    surroundings: Surroundings = field(default_factory=Surroundings)

    @cached_property
    def deployment(self) -> Deployment:
        """The installation that the command is about."""
        return deployment.find(self.account, self.stack, self.screen.warn)

    @cached_property
    def resources(self) -> dict[str, str]:
        """The physical ids of the stack's resources, by logical id; empty where no stack is deployed."""
        there = self.deployment
        return dict(deployment.resources(self.account, there)) if there.is_deployed else {}

    def now(self) -> float:
        """Seconds since 1970."""
        return self.surroundings.now()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.surroundings.sleep(seconds)


def options(command: Callable[Concatenate[World, P], int]) -> Callable[..., int]:
    """Give a command the options that all have, and what it works with as its first argument."""

    @click.option("--region", metavar="NAME", help="The Region, as the AWS CLI chooses it by default.")
    @click.option(
        "--aws-profile", metavar="NAME", help="The AWS CLI's profile with the credentials; like AWS_PROFILE."
    )
    @click.option("--stack", metavar="NAME", help="The installation's stack, where a Region has several.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, for machines.")
    @click.pass_context
    @functools.wraps(command)
    def with_world(
        context: click.Context,
        /,
        *arguments: Any,
        region: str | None,
        aws_profile: str | None,
        stack: str | None,
        as_json: bool,
        **others: Any,
    ) -> int:
        surroundings = context.ensure_object(Surroundings)
        account = surroundings.account(region, aws_profile)
        world = World(account, Screen(as_json=as_json), stack, surroundings)
        return command(world, *arguments, **others)

    return with_world
