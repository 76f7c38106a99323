"""Endpoint policies in one form, so that what means the same compares the same."""

from __future__ import annotations

import json
import re
from typing import Any

# A principal that is an account, as it may also be written, in any partition. The account's id alone says the
# same in each of them.
_ACCOUNT = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):root")
# The version that IAM assumes where a document names none.
_DEFAULT_VERSION = "2008-10-17"


class InvalidPolicy(ValueError):
    """A text that is not a policy document; says why."""


def canonical(document: str) -> str:
    """A policy document in one form, itself a policy document: keys and lists sorted, the statements a list,
    other lists of one as the one, no white space.

    EC2 gives a document back with its own spacing and order of keys (peers, 11).

    Raises:
        InvalidPolicy: when it is not a JSON object with a statement.
    """
    try:
        return _canonical(json.loads(document))
    except InvalidPolicy:
        raise
    except RecursionError as error:
        raise InvalidPolicy("nested too deeply") from error
    except ValueError as error:
        # Python refuses to read an integer of thousands of digits, too.
        raise InvalidPolicy(f"not JSON: {error}") from error


def _canonical(policy: Any) -> str:
    if not isinstance(policy, dict) or not policy.get("Statement"):
        raise InvalidPolicy("not a JSON object with a Statement")
    if policy.get("Version") == _DEFAULT_VERSION:
        del policy["Version"]
    given = policy["Statement"]
    statements = given if isinstance(given, list) else [given]
    if not all(isinstance(each, dict) for each in statements):
        raise InvalidPolicy("a Statement is not a JSON object")
    plain = [_plain(each) for each in statements]
    policy["Statement"] = sorted(plain, key=_as_text)
    return _as_text({key: value if key == "Statement" else _plain(value) for key, value in policy.items()})


def _as_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        plain = {name: _plain(item, key if key == "Condition" else name) for name, item in value.items()}
        return "*" if plain == {"AWS": "*"} else plain
    if isinstance(value, list):
        items = sorted((_plain(item, key) for item in value), key=_as_text)
        return items[0] if len(items) == 1 else items
    if key == "AWS" and isinstance(value, str) and (account := _ACCOUNT.fullmatch(value)):
        return account[1]
    if key == "Condition" and not isinstance(value, str):
        # IAM compares the text of a condition's values, however they are written.
        return _as_text(value)
    return value


# What EC2 gives an endpoint where none is sent.
FULL_ACCESS = canonical(
    '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}'
)
