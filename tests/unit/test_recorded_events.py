"""Events that AWS itself wrote, where those lie beside the repository."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from reconciler.domain import trail
from reconciler.domain.index import Indexes, Settled
from reconciler.domain.trail import WATCHED, Ignored, Touched
from tests.template.deployed import patterns
from tests.template.matching import matching

RECORDINGS = Path(__file__).parents[3] / "shared" / "cloudtrail"
NAMES = sorted(path.stem for path in RECORDINGS.glob("*.json"))
RULES = patterns()

if not NAMES:
    pytest.skip("the recordings do not lie beside the repository", allow_module_level=True)


def recorded(name: str) -> Any:
    """The recording as EventBridge delivers it."""
    found = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    if "detail-type" in found:
        return found
    return {
        "version": "0",
        "id": found["eventID"],
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": found["userIdentity"].get("accountId"),
        "time": found["eventTime"],
        "region": found["awsRegion"],
        "resources": [],
        "detail": found,
    }


def touched_by(name: str) -> Touched:
    touched = trail.read(recorded(name), "vpce-remediator")
    assert isinstance(touched, Touched)
    return touched


@pytest.mark.parametrize("name", NAMES)
def test_every_recording_is_read_and_ignored_only_where_it_should_be(name: str) -> None:
    event = recorded(name)
    found = trail.read(event, "vpce-remediator")
    detail = event["detail"]
    reported = "changed-tag-keys" in detail or (detail["eventName"] in WATCHED and "errorCode" not in detail)
    assert isinstance(found, Touched if reported else Ignored)


@pytest.mark.parametrize("name", NAMES)
def test_every_id_that_a_reader_sees_in_a_recording_is_found(name: str) -> None:
    """By another way: over the text of the request and the response."""
    event = recorded(name)
    found = trail.read(event, "vpce-remediator")
    parts = [event["resources"], *(event["detail"].get(k) for k in ("requestParameters", "responseElements"))]
    seen = re.findall(r'["/]((?:vpc|subnet|rtb|vpce|sg|rtbassoc)-[0-9a-z]+)"', json.dumps(parts))
    assert isinstance(found, Ignored) or {id for ids in found.ids.values() for id in ids} == set(seen)


@pytest.mark.parametrize("name", NAMES)
def test_the_rules_match_the_recordings_that_are_not_ignored_tagging_of_others_apart(name: str) -> None:
    event = recorded(name)
    found = trail.read(event, "vpce-remediator")
    others_tags = "Tags" in name or name.startswith("TagChange")
    assert len(matching(RULES, event)) == (0 if isinstance(found, Ignored) or others_tags else 1)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        (
            "CreateVpcEndpoint--spotlight",
            {
                "vpc": {"vpc-0f1e12c219f232b46"},
                "subnet": {"subnet-0463e28fe18a6f599", "subnet-02f400a0a5738ef8a"},
                "sg": {"sg-02c8769865262abbd"},
                "vpce": {"vpce-0ef9277730bf26b70"},
            },
        ),
        ("ModifyVpcAttribute--spotlight", {"vpc": {"vpc-017d83801e79e7023"}}),
        ("DisassociateRouteTable--invictus", {"rtbassoc": {"rtbassoc-06c42ea03f0967f18"}}),
        ("DeleteSubnet--invictus", {"subnet": {"subnet-096553f59d783f082"}}),
        ("DeleteTags--spotlight", {"subnet": {"subnet-02f400a0a5738ef8a"}}),
        ("CreateTags--invictus", {}),
        ("CreateVpc--panther", {"vpc": {"vpc-1"}}),
        ("CreateSecurityGroup-ENVELOPE--repost", {"vpc": {"vpc-54a4232d"}, "sg": {"sg-82d53"}}),
        ("AuthorizeSecurityGroupIngress--invictus-2", {"sg": {"sg-04cfb7a4712d75b00"}}),
        ("TagChangeOnResource--stno-subnet", {"subnet": {"subnet-039fe0edba0ca443e"}}),
    ],
)
def test_a_recording_reports_of_these_ids(name: str, ids: dict[str, set[str]]) -> None:
    assert touched_by(name).ids == ids


def test_the_account_and_region_are_those_of_the_record() -> None:
    touched = touched_by("CreateVpcEndpoint--spotlight")
    assert (touched.account, touched.region) == ("999999999999", "ap-northeast-1")


def test_an_account_that_was_blotted_out_is_read_as_it_stands() -> None:
    assert touched_by("TagChangeOnResource--stno-subnet").account == "account_id"


def test_what_names_a_thing_that_is_gone_and_that_nobody_knew_is_of_no_vpc_that_an_index_could_say() -> None:
    touched = touched_by("DeleteSubnet--invictus")
    assert Indexes().settle(touched) == Settled(gone=frozenset(touched.resources))
