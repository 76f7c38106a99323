"""Profiles: TOML to checked values. Pure.

A profile names the endpoints that a VPC should have. The built-in ones stand in `builtin.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from .model import EndpointSpec, Profile, When


class InvalidProfile(ValueError):
    """A profile document that cannot be used; says which profile and key, and why."""


def parse(document: str) -> Mapping[str, Profile]:
    """Read a TOML document of profiles: `[[NAME.endpoint]]` tables with `service` and, at will, `when`.

    Raises:
        InvalidProfile: when the document is not TOML, or a key is missing, unknown or has a value that
            cannot be used.
    """
    try:
        tables = tomllib.loads(document)
    except tomllib.TOMLDecodeError as error:
        raise InvalidProfile(f"not TOML: {error}") from error
    return {name: _profile(name, table) for name, table in tables.items()}


@cache
def builtin() -> Mapping[str, Profile]:
    """The profiles that every installation has."""
    return parse(files(__package__).joinpath("builtin.toml").read_text(encoding="utf-8"))


def _profile(name: str, table: Any) -> Profile:
    entries = table.get("endpoint") if isinstance(table, dict) else None
    if not isinstance(entries, list) or not entries:
        raise InvalidProfile(f"profile {name!r}: needs at least one [[{name}.endpoint]] table")
    if unknown := set(table) - {"endpoint"}:
        raise InvalidProfile(f"profile {name!r}: unknown key {min(unknown)!r}")
    specs = tuple(_endpoint(name, entry) for entry in entries)
    services = [spec.service for spec in specs]
    if len(set(services)) < len(services):
        raise InvalidProfile(f"profile {name!r}: a service is named twice")
    return Profile(name, specs)


def _endpoint(profile: str, entry: Any) -> EndpointSpec:
    if not isinstance(entry, dict):
        raise InvalidProfile(f"profile {profile!r}: an endpoint must be a table")
    if unknown := set(entry) - {"service", "when"}:
        raise InvalidProfile(f"profile {profile!r}: unknown key {min(unknown)!r} of an endpoint")
    service, when = entry.get("service"), entry.get("when", When.ALWAYS)
    if not isinstance(service, str) or not service:
        raise InvalidProfile(f"profile {profile!r}: an endpoint needs a service, a word as in 'logs'")
    try:
        return EndpointSpec(service, When(when))
    except ValueError as error:
        words = ", ".join(When)
        raise InvalidProfile(
            f"profile {profile!r}: when of {service!r} is {when!r}, not one of {words}"
        ) from error
