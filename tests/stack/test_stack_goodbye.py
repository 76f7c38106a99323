"""VPCs that ask for nothing any more: what was made goes late, or at once where a person says so."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest

from sandbox.sandbox import Sandbox
from tests.stack.team import Team
from tests.stack.watch import Since, eventually

_DAY_SECONDS = 24 * 3600


def owned_in(sandbox: Sandbox, vpc: str) -> set[str]:
    """The ids of all that bears the owner tag."""
    owner = {"Key": f"{sandbox.tag_prefix}:owner", "Value": sandbox.stack.name}
    things = [*sandbox.truth.endpoints(vpc), *sandbox.truth.groups(vpc)]
    return {each.get("VpcEndpointId") or each["GroupId"] for each in things if owner in each.get("Tags", [])}


def marks_in(sandbox: Sandbox, vpc: str) -> dict[str, str]:
    """When each owned thing of a VPC goes, where it is marked so."""
    key = f"{sandbox.tag_prefix}:leaving-at"
    tags = {each: sandbox.ec2.tags_of(each) for each in owned_in(sandbox, vpc)}
    return {each: found[key] for each, found in tags.items() if key in found}


def deletions(since: Since) -> list[str]:
    """The calls by which the program took something away."""
    calls = (call.action for call in since.calls("ReconcileFunction") if call.mutating)
    return [action for action in calls if action.startswith(("DeleteVpc", "DeleteSecurity", "Revoke"))]


@pytest.mark.parametrize("every_tag", [False, True], ids=["the profile tag", "every tag at once"])
def test_a_lost_opt_in_tag_deletes_nothing_and_the_tag_coming_back_removes_the_marks(
    sandbox: Sandbox, team: Team, every_tag: bool
) -> None:
    vpc = team.fine_vpc()
    before, owned, since = sandbox.truth.endpoints(vpc.id), owned_in(sandbox, vpc.id), Since(sandbox)
    if every_tag:
        sandbox.customer.delete_tags(Resources=[vpc.id])
    else:
        sandbox.customer.delete_tags(Resources=[vpc.id], Tags=[{"Key": f"{sandbox.tag_prefix}:profile"}])
    eventually(lambda: set(marks_in(sandbox, vpc.id)) == owned, "what leaves is not marked")
    eventually(sandbox.idle, "work is left in the queues")
    for at in marks_in(sandbox, vpc.id).values():
        seconds = datetime.fromisoformat(at).astimezone(UTC).timestamp() - since.time
        assert _DAY_SECONDS - 60 < seconds < _DAY_SECONDS + 60
    assert len(since.lines("ReconcileFunction", "; leaving")) >= len(owned)
    sandbox.invoke("SweepFunction", {})
    assert since.metrics("VpcsLeaving", vpc.id)

    team.opts_in(vpc)
    eventually(lambda: marks_in(sandbox, vpc.id) == {}, "the marks are still there")
    eventually(sandbox.idle, "work is left in the queues")
    assert sandbox.truth.faults(vpc.id) == []
    assert sandbox.truth.endpoints(vpc.id) == before
    assert deletions(since) == []


def test_the_profile_none_takes_all_down_at_once(sandbox: Sandbox, team: Team) -> None:
    vpc = team.fine_vpc()
    team.opts_in(vpc, profile="none")
    eventually(lambda: not owned_in(sandbox, vpc.id), "something owned is left")
    eventually(partial(lambda: sandbox.truth.endpoints(vpc.id) == []), "an endpoint is left")
