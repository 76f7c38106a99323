"""Who makes a call: EC2 knows it from the access key, and the trail writes it down."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count

_ACCESS_KEY = re.compile(r"Credential=([^/,\s]+)/\d+/([^/,\s]+)/")


@dataclass(frozen=True)
class IamUser:
    """A person or a pipeline with keys of its own: its events have no `sessionIssuer`."""

    name: str


@dataclass(frozen=True)
class AssumedRole:
    """A session of a role, such as a Lambda function's."""

    role_arn: str
    session: str = "session"


@dataclass(frozen=True)
class Root:
    """The account's root user."""


@dataclass(frozen=True)
class AwsService:
    """A service that acts by itself, for instance `vpce.amazonaws.com`."""

    name: str


Principal = IamUser | AssumedRole | Root | AwsService


class Principals:
    """Access keys and whose they are. A key that nobody registered is an IAM user's of that name."""

    def __init__(self) -> None:
        self._by_key: dict[str, Principal] = {}
        self._numbers = count(1)

    def register(self, access_key: str, principal: Principal) -> None:
        """Let calls signed with `access_key` be `principal`'s."""
        self._by_key[access_key] = principal

    def key_of(self, principal: Principal) -> str:
        """An access key of `principal`, made if there is none yet."""
        for key, owner in self._by_key.items():
            if owner == principal:
                return key
        prefix = "AKIA" if isinstance(principal, IamUser) else "ASIA"
        key = f"{prefix}SANDBOX{next(self._numbers):09d}"
        self.register(key, principal)
        return key

    def of(self, access_key: str) -> Principal:
        """Whose `access_key` is."""
        return self._by_key.get(access_key) or IamUser(access_key)


def credential(authorization: str) -> tuple[str, str]:
    """The access key and the Region out of a request's `Authorization` header."""
    found = _ACCESS_KEY.search(authorization)
    return (found[1], found[2]) if found else ("anonymous", "")
