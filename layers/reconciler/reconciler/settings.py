"""What the template sets, read from the environment once, into one checked value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .domain.installation import Installation
from .domain.model import Mode
from .domain.pace import Pace


class InvalidSettings(ValueError):
    """The environment is not what the template makes; says which variable is wrong and why."""


@dataclass(frozen=True)
class Settings:
    """An installation's settings. `debounce` is in seconds; `profiles_parameter` and `ledger_table` are
    names, empty for none."""

    installation: Installation
    debounce: int
    pass_queue_url: str
    sweep_queue_url: str
    profiles_parameter: str = ""
    ledger_table: str = ""

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

        def number(name: str, unit: str) -> int:
            text = value(name)
            if not text.isdecimal():
                raise InvalidSettings(f"{name} is {text!r}, not a whole number of {unit}")
            return int(text)

        paused = value("PAUSED")
        if paused not in ("true", "false"):
            raise InvalidSettings(f"PAUSED is {paused!r}, neither true nor false")
        return cls(
            installation=Installation(
                value("INSTALLATION_ID"),
                value("TAG_PREFIX"),
                value("AWS_REGION"),
                value("ACCOUNT_ID"),
                mode,
                grace_seconds=60 * number("GRACE_PERIOD_MINUTES", "minutes"),
                teardown_limit=number("TEARDOWN_LIMIT", "VPCs"),
                paused=paused == "true",
                pace=_pace(value("ENDPOINT_WRITE_RATE"), number("ENDPOINT_WRITE_BURST", "calls")),
            ),
            debounce=number("DEBOUNCE_SECONDS", "seconds"),
            pass_queue_url=value("PASS_QUEUE_URL"),
            sweep_queue_url=value("SWEEP_QUEUE_URL"),
            profiles_parameter=environment.get("PROFILES_PARAMETER", ""),
            ledger_table=environment.get("LEDGER_TABLE", ""),
        )


def _pace(rate: str, burst: int) -> Pace:
    try:
        pace = Pace(float(rate), burst)
    except ValueError:
        pace = Pace(0.0, burst)
    if not (0 < pace.rate < math.inf and pace.burst):
        given = f"ENDPOINT_WRITE_RATE is {rate!r} calls a second, ENDPOINT_WRITE_BURST {burst} calls"
        raise InvalidSettings(f"{given}: both are to be above 0")
    return pace
