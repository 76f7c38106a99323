"""Profiles: TOML to checked values.

A profile names the endpoints that a VPC should have, and how they are to stand. The built-in ones stand in
`builtin.toml`; docs/profiles.md lists every key.
"""

from __future__ import annotations

import re
import reprlib
import tomllib
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, NoReturn, TypeVar

from .model import (
    AddressType,
    Clients,
    EndpointSpec,
    EndpointType,
    Existing,
    Profile,
    Surplus,
    When,
)
from .policies import InvalidPolicy, canonical

Word = TypeVar("Word", bound=StrEnum)

PROFILE_KEYS = frozenset({"endpoint", "clients", "existing", "surplus", "ip-address-type", "zones"})
ENDPOINT_KEYS = frozenset({"service", "when", "type", "private-dns", "policy"})


# One that EC2 cannot have would refuse the look at all services; and a wildcard would match others.
_SERVICE = re.compile(r"[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?")


class InvalidProfile(ValueError):
    """A profile document that cannot be used; says which line, profile and key, and why."""


def parse(document: str) -> Mapping[str, Profile]:
    """Read a TOML document: a table for each profile, with an `[[NAME.endpoint]]` for each endpoint.

    Raises:
        InvalidProfile: when the document is not TOML, or a key is missing, unknown or has a value that
            cannot be used.
    """
    try:
        tables = tomllib.loads(document)
        return {name: _Reader(document, name).profile(table) for name, table in tables.items()}
    except InvalidProfile:
        raise
    except RecursionError as error:
        raise InvalidProfile("line 1: nested too deeply") from error
    except (ValueError, OverflowError) as error:
        # Not only `TOMLDecodeError`: Python refuses to read or to show an integer of thousands of digits.
        raise InvalidProfile(f"not TOML: {error}") from error


@cache
def builtin() -> Mapping[str, Profile]:
    """The profiles that every installation has."""
    return parse(files(__package__).joinpath("builtin.toml").read_text(encoding="utf-8"))


class _Reader:
    """Reads one profile's table, and knows the document for the sake of its complaints."""

    def __init__(self, document: str, name: str) -> None:
        self._lines = document.splitlines()
        self._name = name

    def profile(self, table: Any) -> Profile:
        if not isinstance(table, dict):
            self._refuse("", "must be a table")
        if unknown := set(table) - PROFILE_KEYS:
            self._refuse(min(unknown), f"is none of {', '.join(sorted(PROFILE_KEYS))}")
        entries = table.get("endpoint")
        if not isinstance(entries, list) or not entries:
            self._refuse("endpoint", f"needs at least one [[{self._name}.endpoint]] table")
        endpoints = tuple(self._endpoint(entry, number) for number, entry in enumerate(entries))
        wanted = [(spec.service, spec.type) for spec in endpoints]
        for number, pair in enumerate(wanted):
            if pair in wanted[:number]:
                self._refuse("service", f"{pair[0]!r} is named twice", number)
        return Profile(
            self._name,
            endpoints,
            clients=self._word(table, "clients", Clients.PRIVATE_SUBNETS),
            existing=self._word(table, "existing", Existing.ADOPT),
            surplus=self._word(table, "surplus", Surplus.KEEP),
            address_type=self._word(table, "ip-address-type", AddressType.IPV4),
            zones=frozenset(self._zones(table.get("zones", []))),
        )

    def _endpoint(self, entry: Any, number: int) -> EndpointSpec:
        if not isinstance(entry, dict):
            self._refuse("endpoint", "must be a table")
        if unknown := set(entry) - ENDPOINT_KEYS:
            self._refuse(min(unknown), f"is none of {', '.join(sorted(ENDPOINT_KEYS))}", number)
        service = entry.get("service")
        if not isinstance(service, str) or not _SERVICE.fullmatch(service):
            self._refuse("service", "must be a word, such as 'logs' or 'ecr.api'", number)
        kind = self._type(entry, number)
        private_dns = entry.get("private-dns", kind is EndpointType.INTERFACE)
        if not isinstance(private_dns, bool):
            self._refuse("private-dns", f"is {reprlib.repr(private_dns)}, neither true nor false", number)
        if kind is EndpointType.GATEWAY and private_dns:
            self._refuse("private-dns", "is for interface endpoints: a gateway endpoint has none", number)
        return EndpointSpec(
            service,
            when=self._word(entry, "when", When.ALWAYS, number),
            type=kind,
            private_dns=private_dns,
            policy=self._policy(entry.get("policy", ""), number),
        )

    def _type(self, entry: Mapping[str, Any], number: int) -> EndpointType:
        word = entry.get("type", "interface")
        if word not in ("interface", "gateway"):
            self._refuse("type", f"is {reprlib.repr(word)}, not one of interface, gateway", number)
        return EndpointType(word.capitalize())

    def _policy(self, document: Any, number: int) -> str:
        if document == "":
            return ""
        try:
            return canonical(document if isinstance(document, str) else "")
        except InvalidPolicy as error:
            self._refuse("policy", str(error), number)

    def _zones(self, given: Any) -> list[str]:
        if not isinstance(given, list) or not all(isinstance(zone, str) for zone in given):
            self._refuse("zones", "must be a list of zone ids, such as 'euw1-az1'")
        return given

    def _word(self, table: Mapping[str, Any], key: str, default: Word, number: int | None = None) -> Word:
        given = table.get(key, default)
        words: Callable[[Any], Word] = type(default)
        try:
            return words(given)
        except ValueError:
            self._refuse(key, f"is {reprlib.repr(given)}, not one of {', '.join(type(default))}", number)

    def _refuse(self, key: str, why: str, endpoint: int | None = None) -> NoReturn:
        place = f"profile {self._name!r}" + (f", endpoint {endpoint + 1}" if endpoint is not None else "")
        subject = f"{key!r} {why}" if key else why
        raise InvalidProfile(f"line {self._line(key, endpoint)}: {place}: {subject}")

    def _line(self, key: str, endpoint: int | None) -> int:
        """The line to look at: that of the key, else of the table that it stands in or is missing from.

        tomllib does not say where what it has read stood.
        """
        name = rf"[\"']?{re.escape(self._name)}[\"']?"
        header = re.compile(rf"\s*\[\[?\s*{name}\s*(\.|\])|\s*{name}\s*=")
        entry = re.compile(rf"\s*\[\[\s*{name}\s*\.\s*endpoint\s*\]\]")
        table, seen = 0, -1
        for number, line in enumerate(self._lines, start=1):
            if entry.match(line):
                seen += 1
            if (entry if endpoint is not None else header).match(line):
                table = number if endpoint is None or seen == endpoint else table
            in_table = table and (endpoint is None or seen == endpoint)
            if in_table and key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
                return number
        return max(table, 1)
