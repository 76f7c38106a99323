"""No text that people write can change which VPC an event leads to.

Every field that does not hold an id, of every example and recorded event and of such as hypothesis makes, is
filled with texts that look like ids; and fields of free text are put wherever a call could have them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain import trail
from reconciler.domain.trail import Ignored, Touched
from tests.unit.domain.test_trail import an_api_call

PREFIX = "vpce-remediator"
ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "events").glob("*.json"))
RECORDINGS = sorted((ROOT.parent / "shared" / "cloudtrail").glob("*.json"))

LOOKS_LIKE_IDS = (
    "vpc-0fedcba9876543210",
    "subnet-0fedcba9876543210",
    "rtb-0fedcba9876543210",
    "vpce-0fedcba9876543210",
    "sg-0fedcba9876543210",
    "rtbassoc-0fedcba9876543210",
    f"{PREFIX}:profile",
)
FREE_TEXT = (
    "description Description groupName GroupName groupDescription clientToken ClientToken PolicyDocument "
    "policyDocument name value Value userAgent privateDnsName requestId message"
).split()
# What AWS alone writes, and the fields in which it does.
AN_ID_OR_NONE = re.compile(r"([a-z]+-(cidr-assoc-)?[0-9a-z]+)?")
ID_FIELDS = ("id", "idset", "content", "item", "items")


def events() -> Iterator[tuple[str, Any]]:
    for path in EXAMPLES:
        yield path.stem, json.loads(path.read_text(encoding="utf-8"))
    for path in RECORDINGS:
        found = json.loads(path.read_text(encoding="utf-8"))
        envelope = {
            "id": "5d1c1d8a-1d36-4c0f-8d55-1f2f7c1d9b0e",
            "detail-type": "AWS API Call via CloudTrail",
            "detail": found,
        }
        yield path.stem, found if "detail-type" in found else envelope


# Not the schedule's, nor the queues'.
EVENTS = {
    name: event
    for name, event in events()
    if {"eventName", "changed-tag-keys"} & set(event.get("detail", ()))
}


def filled(value: Any, text: str, key: str = "") -> Any:
    """The same with `text` in the place of each text that is not an id in a field for ids."""
    if isinstance(value, dict):
        return {name: filled(item, text, name) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, text, key) for item in value]
    is_id = key.lower().endswith(ID_FIELDS) and AN_ID_OR_NONE.fullmatch(str(value))
    return text if isinstance(value, str) and not is_id else value


def with_free_text(value: Any, text: str) -> Any:
    """The same with every field of free text in each object that has none of that name, nested ones too."""
    if isinstance(value, dict):
        added = dict.fromkeys(FREE_TEXT, text) | {"tagSet": {"items": [{"key": "Name", "value": text}]}}
        return added | {name: with_free_text(item, text) for name, item in value.items()}
    return [with_free_text(item, text) for item in value] if isinstance(value, list) else value


def read(event: dict[str, Any], change: Any = lambda part, _text: part, text: str = "") -> object:
    """What is read of the event with its request and its answer changed, but for the time."""
    detail = event["detail"]
    if "requestParameters" in detail:
        parts = ("requestParameters", "responseElements")
        detail = detail | {part: change(detail.get(part), text) for part in parts}
    found = trail.read({**event, "detail": detail}, PREFIX)
    return found.ids if isinstance(found, Touched) else found


@pytest.mark.parametrize("text", LOOKS_LIKE_IDS[:5])
@pytest.mark.parametrize("change", [filled, with_free_text])
@pytest.mark.parametrize("name", EVENTS)
def test_no_text_of_an_event_is_read_as_an_id(name: str, change: Any, text: str) -> None:
    event = EVENTS[name]
    assert read(event, change, text) == read(event)


@pytest.mark.parametrize("name", EVENTS)
def test_no_free_text_of_an_event_opts_a_vpc_in(name: str) -> None:
    event = EVENTS[name]
    opted_in = [
        found.names_our_tags
        for text in ("", f"{PREFIX}:profile")
        if not isinstance(
            found := trail.read(
                event | {"detail": event["detail"] | {"requestParameters": _plain(event, text)}}, PREFIX
            ),
            Ignored,
        )
    ]
    assert len(set(opted_in)) <= 1


def _plain(event: Any, text: str) -> Any:
    request = event["detail"].get("requestParameters")
    return with_free_text(request, text)


TEXTS = st.sampled_from(LOOKS_LIKE_IDS)
FREE = st.recursive(
    st.dictionaries(st.sampled_from(FREE_TEXT), TEXTS, min_size=1, max_size=3),
    lambda parts: (
        st.dictionaries(st.sampled_from(("items", "item", "tagSet", "ipRanges", "Tag")), parts, max_size=2)
        | st.lists(parts, max_size=2)
    ),
    max_leaves=6,
)


@given(FREE, FREE)
def test_texts_of_any_request_lead_nowhere(request: Any, response: Any) -> None:
    found = trail.read(an_api_call("CreateTags", {"request": request}, {"answer": response}), PREFIX)
    assert isinstance(found, Touched)
    assert found.ids == {}
