"""Rules about long answers: moto ignores `MaxResults` (design.md, the sweep counts pages)."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import Loader

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.rule import after
from sandbox.ec2.world import World

LONGEST = 1000


@after()
def answers_come_in_pages(_: World, request: Request, response: Any) -> None:
    """An answer holds `MaxResults` things, 1,000 at most, and a `NextToken` for the rest (botocore)."""
    names = _paged().get(request.action, ())
    if not names or not any(name in response for name in names):
        return
    size = min(request.params.get("MaxResults", LONGEST), LONGEST)
    token = request.params.get("NextToken", "0")
    if not token.isdigit():
        raise Refused("InvalidNextToken", f"The token '{token}' is invalid")
    start = int(token)
    if any(len(response.get(name, [])) > start + size for name in names):
        response["NextToken"] = str(start + size)
    for name in names:
        response[name] = response.get(name, [])[start : start + size]


@cache
def _paged() -> dict[str, tuple[str, ...]]:
    model = Loader().load_service_model("ec2", "paginators-1")["pagination"]
    found = {}
    for action, page in model.items():
        keys = page["result_key"]
        found[action] = tuple(keys) if isinstance(keys, list) else (keys,)
    return found
