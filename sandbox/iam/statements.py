"""One statement of a policy: whether it speaks of a request. Written for the elements that the template and
docs/scp use; what is not known is an error and not passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]
Context = Mapping[str, str | list[str]]

_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition"}
_ARN_PARTS = 6


class PolicyError(RuntimeError):
    """A policy says something that is not understood here; better told than passed over."""


@dataclass(frozen=True)
class Need:
    """One thing that IAM must allow for a call to go through. The keys of the context are in lower case:
    IAM does not regard theirs (facts, section 15)."""

    action: str
    resource: str
    context: Context


def speaks_of(statement: Statement, need: Need) -> bool:
    """Whether a statement, allowing or denying, is about this."""
    if unknown := set(statement) - _ELEMENTS:
        raise PolicyError(f"the sandbox does not know the policy element {', '.join(sorted(unknown))}")
    actions = [each.lower() for each in _listed(statement["Action"])]
    return (
        any(fnmatchcase(need.action.lower(), each) for each in actions)
        and any(fnmatchcase(need.resource, each) for each in _listed(statement["Resource"]))
        and all(
            _holds(operator, need.context.get(key.lower()), _listed(values))
            for operator, test in statement.get("Condition", {}).items()
            for key, values in test.items()
        )
    )


def _holds(operator: str, found: str | list[str] | None, wanted: list[str]) -> bool:
    """Whether one condition holds for what is known. A negated operator holds where the key is absent, and so
    does `ForAllValues`; `ForAnyValue` does not."""
    if operator == "Null":
        return (found is None) == (wanted == ["true"])
    values = _listed(found) if found is not None else []
    match operator:
        case "StringEquals":
            return found is not None and all(each in wanted for each in values)
        case "StringLike":
            return found is not None and all(_is_like(each, wanted) for each in values)
        case "StringNotEquals":
            return not any(each in wanted for each in values)
        case "ForAllValues:StringEquals":
            return all(each in wanted for each in values)
        case "ForAnyValue:StringEquals":
            return any(each in wanted for each in values)
        case "ForAnyValue:StringLike":
            return any(_is_like(each, wanted) for each in values)
        case "ArnNotLike":
            return not any(_is_arn_like(each, wanted) for each in values)
    raise PolicyError(f"the sandbox does not know the condition operator {operator}")


def _is_like(value: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(value, each) for each in patterns)


def _is_arn_like(arn: str, patterns: list[str]) -> bool:
    """Each part of an ARN is compared by itself: an asterisk does not reach over a colon (IAM, "Amazon
    Resource Name (ARN) condition operators")."""
    parts = arn.split(":", _ARN_PARTS - 1)
    for pattern in patterns:
        wanted = pattern.split(":", _ARN_PARTS - 1)
        if len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted)):
            return True
    return False


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
