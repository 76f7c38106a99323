"""What the template sets, read from the environment once, into one checked value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .domain.installation import Installation
from .domain.model import Mode


class InvalidSettings(ValueError):
    """The environment is not what the template makes; says which variable is wrong and why."""


@dataclass(frozen=True)
class Settings:
    """An installation's settings. `debounce` is in seconds; `profiles_parameter` is empty for none."""

    installation: Installation
    debounce: int
    pass_queue_url: str
    sweep_queue_url: str
    profiles_parameter: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the variables that the template sets.

        Raises:
            InvalidSettings: when one is missing or has a value that cannot be used.
        """

        def value(name: str) -> str:
            if not environment.get(name):
                raise InvalidSettings(f"the environment variable {name} is not set")
            return environment[name]

        word = value("DEFAULT_MODE")
        try:
            mode = Mode(word)
        except ValueError as error:
            raise InvalidSettings(f"DEFAULT_MODE is not one of {', '.join(Mode)}") from error
        debounce = value("DEBOUNCE_SECONDS")
        if not debounce.isdecimal():
            raise InvalidSettings(f"DEBOUNCE_SECONDS is {debounce!r}, not a whole number of seconds")
        return cls(
            installation=Installation(
                value("STACK_NAME"), value("TAG_PREFIX"), value("AWS_REGION"), value("ACCOUNT_ID"), mode
            ),
            debounce=int(debounce),
            pass_queue_url=value("PASS_QUEUE_URL"),
            sweep_queue_url=value("SWEEP_QUEUE_URL"),
            profiles_parameter=environment.get("PROFILES_PARAMETER", ""),
        )
