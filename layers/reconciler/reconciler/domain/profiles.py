"""Profiles: TOML to checked values.

A profile names the endpoints that a VPC should have, and how they are to stand. The built-in ones stand in
`builtin.toml`; docs/profiles.md lists every key.
"""

from __future__ import annotations

import re
import reprlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from ipaddress import ip_network
from typing import Any, TypeVar

from .model import AddressType, EndpointType
from .policies import InvalidPolicy, canonical
from .profile import NONE_FOLLOWED, Clients, Edition, EndpointSpec, Existing, Groups, Profile, Surplus, When

Word = TypeVar("Word", bound=StrEnum)

PROFILE_KEYS = frozenset(
    """
    endpoint clients existing surplus ip-address-type zones groups extra-clients ports
    """.split()
)
ENDPOINT_KEYS = frozenset({"service", "when", "type", "private-dns", "policy", "optional"})
# The word of the opt-in tag that asks for nothing, at once.
NONE = "none"

# One that EC2 cannot have would refuse the look at all services; and a wildcard would match others.
_SERVICE = re.compile(r"[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?")
_FULL_NAME = re.compile(r"(com\.amazonaws|aws\.api|cn\.com\.amazonaws)\..+")
_ZONE_ID = re.compile(r"[a-z0-9-]+-az\d+")
_PREFIX_LIST = re.compile(r"pl-[0-9a-z]{1,32}")


@dataclass(frozen=True)
class Catalogue:
    """The profiles that a VPC can opt in to, and how sure they are.

    `edition` is that of the document. `doubt` says why they may not be what people wrote, empty where they
    are: on doubt nothing is deleted.
    """

    profiles: Mapping[str, Profile]
    edition: Edition = NONE_FOLLOWED
    doubt: str = ""


class InvalidProfile(ValueError):
    """A profile document that cannot be used. `mistakes` names each one: which line, profile and key, and
    why."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


def parse(document: str) -> Mapping[str, Profile]:
    """Read a TOML document: a table for each profile, with an `[[NAME.endpoint]]` for each endpoint.

    Raises:
        InvalidProfile: when the document is not TOML, or a key is missing, unknown or has a value that
            cannot be used. It names every mistake of the document.
    """
    try:
        tables = tomllib.loads(document)
        readers = {name: _Reader(document, name) for name in tables}
        profiles = {name: readers[name].profile(table) for name, table in tables.items()}
    except RecursionError as error:
        raise InvalidProfile("line 1: nested too deeply") from error
    except (ValueError, OverflowError) as error:
        # Not only `TOMLDecodeError`: Python refuses to read or to show an integer of thousands of digits.
        raise InvalidProfile(f"not TOML: {error}") from error
    if mistakes := [mistake for reader in readers.values() for mistake in reader.mistakes]:
        raise InvalidProfile(*mistakes)
    return profiles


@cache
def builtin() -> Mapping[str, Profile]:
    """The profiles that every installation has."""
    return parse(files(__package__).joinpath("builtin.toml").read_text(encoding="utf-8"))


class _Reader:
    """Reads one profile's table, and knows the document for the sake of its complaints.

    It reads on after a mistake, with a value that stands for what cannot be used, so that every mistake is
    named at once.
    """

    def __init__(self, document: str, name: str) -> None:
        self._lines = document.splitlines()
        self._name = name
        self.mistakes: list[str] = []

    def profile(self, table: Any) -> Profile:
        """The profile, to be used where there are no mistakes."""
        if self._name == NONE:
            self._complain("", "'none' is the word for no profile at all")
        if not isinstance(table, dict):
            self._complain("", "must be a table")
            table = {"endpoint": [{"service": "x"}]}
        for key in sorted(set(table) - PROFILE_KEYS):
            self._complain(key, f"is none of {', '.join(sorted(PROFILE_KEYS))}")
        entries = table.get("endpoint")
        if not isinstance(entries, list) or not entries:
            self._complain("endpoint", f"needs at least one [[{self._name}.endpoint]] table")
            entries = []
        endpoints = tuple(self._endpoint(entry, number) for number, entry in enumerate(entries))
        wanted = [(spec.service, spec.type) for spec in endpoints]
        for number, pair in enumerate(wanted):
            if pair[0] and pair in wanted[:number]:
                self._complain("service", f"{pair[0]!r} is named twice", number)
        return Profile(
            self._name,
            endpoints,
            clients=self._word(table, "clients", Clients.VPC),
            existing=self._word(table, "existing", Existing.OBSERVE),
            surplus=self._word(table, "surplus", Surplus.KEEP),
            groups=self._word(table, "groups", Groups.AT_LEAST),
            extra_clients=tuple(self._clients(table.get("extra-clients", []))),
            ports=tuple(self._ports(table.get("ports", [443]))),
            keeps_adopted="existing" not in table,
            address_type=self._word(table, "ip-address-type", AddressType.IPV4),
            zones=frozenset(self._zones(table.get("zones", []))),
        )

    def _endpoint(self, entry: Any, number: int) -> EndpointSpec:
        if not isinstance(entry, dict):
            self._complain("endpoint", "must be a table")
            return EndpointSpec("")
        for key in sorted(set(entry) - ENDPOINT_KEYS):
            self._complain(key, f"is none of {', '.join(sorted(ENDPOINT_KEYS))}", number)
        kind = self._type(entry, number)
        private_dns = self._truth(entry, "private-dns", number, default=kind is EndpointType.INTERFACE)
        if kind is EndpointType.GATEWAY and private_dns:
            why = "is for interface endpoints: a gateway endpoint has none"
            self._complain("private-dns", why, number)
        return EndpointSpec(
            self._service(entry.get("service"), number),
            when=self._word(entry, "when", When.ALWAYS, number),
            type=kind,
            private_dns=private_dns,
            policy=self._policy(entry.get("policy", ""), number),
            optional=self._truth(entry, "optional", number, default=False),
        )

    def _service(self, given: Any, number: int) -> str:
        if isinstance(given, str) and _FULL_NAME.fullmatch(given):
            why = f"is {reprlib.repr(given)}: give what follows com.amazonaws.REGION, such as 'ecr.api'"
            self._complain("service", why, number)
        elif not isinstance(given, str) or not _SERVICE.fullmatch(given):
            self._complain("service", "must be a word, such as 'logs' or 'ecr.api'", number)
        else:
            return given
        return ""

    def _type(self, entry: Mapping[str, Any], number: int) -> EndpointType:
        word = entry.get("type", "interface")
        if word not in ("interface", "gateway"):
            self._complain("type", f"is {reprlib.repr(word)}, not one of interface, gateway", number)
            return EndpointType.INTERFACE
        return EndpointType(word.capitalize())

    def _truth(self, entry: Mapping[str, Any], key: str, number: int, *, default: bool) -> bool:
        given = entry.get(key, default)
        if not isinstance(given, bool):
            self._complain(key, f"is {reprlib.repr(given)}, neither true nor false", number)
            return default
        return given

    def _policy(self, document: Any, number: int) -> str:
        if document == "":
            return ""
        try:
            return canonical(document if isinstance(document, str) else "")
        except InvalidPolicy as error:
            self._complain("policy", str(error), number)
        return ""

    def _zones(self, given: Any) -> list[str]:
        if not isinstance(given, list) or not all(isinstance(zone, str) for zone in given):
            self._complain("zones", "must be a list of zone ids, such as 'euw1-az1'")
            return []
        for zone in given:
            if not _ZONE_ID.fullmatch(zone):
                why = f"has {reprlib.repr(zone)}, which is no zone id, such as 'euw1-az1'; a zone's name is"
                self._complain("zones", f"{why} another zone in another account")
        return given

    def _clients(self, given: Any) -> list[str]:
        """CIDR blocks in the form that EC2 gives them, and prefix lists."""
        if not isinstance(given, list):
            self._complain("extra-clients", "must be a list of CIDR blocks and prefix lists")
            return []
        found = []
        for each in given:
            if isinstance(each, str) and _PREFIX_LIST.fullmatch(each):
                found.append(each)
                continue
            try:
                found.append(str(ip_network(each if isinstance(each, str) else "")))
            except ValueError as error:
                self._complain("extra-clients", f"has {reprlib.repr(each)}: {error}, and no pl-... either")
        return sorted(set(found))

    def _ports(self, given: Any) -> list[int]:
        numbers = isinstance(given, list) and all(type(port) is int and 0 < port < 65536 for port in given)
        if not numbers or not given:
            self._complain("ports", "must be a list of TCP ports, from 1 to 65535")
            return [443]
        return sorted(set(given))

    def _word(self, table: Mapping[str, Any], key: str, default: Word, number: int | None = None) -> Word:
        given = table.get(key, default)
        words: Callable[[Any], Word] = type(default)
        try:
            return words(given)
        except ValueError:
            why = f"is {reprlib.repr(given)}, not one of {', '.join(type(default))}"
            self._complain(key, why, number)
        return default

    def _complain(self, key: str, why: str, endpoint: int | None = None) -> None:
        place = f"profile {self._name!r}" + (f", endpoint {endpoint + 1}" if endpoint is not None else "")
        subject = f"{key!r} {why}" if key else why
        self.mistakes.append(f"line {self._line(key, endpoint)}: {place}: {subject}")

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
