"""A stack of an earlier version, without a ledger, becomes today's while VPCs drift: nothing is lost."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import pytest

from sandbox import places
from sandbox.control_plane import deploy
from sandbox.demo.fleet import FLEET, Vpc, VpcDesign
from sandbox.sandbox import Sandbox
from sandbox.truth import APP_MESH
from tests.stack import earlier
from tests.stack.team import Team
from tests.stack.watch import Since, eventually, heals, no_events

_PLAIN = VpcDesign("plain", "two private subnets, no way out", 0, private="ab")
(_BY_HAND,) = (plan for plan in FLEET if plan.name == "payments")
_KEPT = "the first sweep has not yet taken over"


@dataclass(frozen=True)
class Upgrade:
    """The VPCs that lived through it, and what was owned in each just before it.

    `drifting` lost an endpoint, `adopted` private DNS on someone else's endpoint, both just before;
    `untagged` its opt-in tag just after. Nothing happened to `quiet`. `since` is the upgrade, `marks` are the
    marks of what leaves, before the first sweep.
    """

    drifting: Vpc
    adopted: Vpc
    untagged: Vpc
    quiet: Vpc
    owned: dict[str, set[str]]
    since: Since
    marks: dict[str, str]

    @property
    def vpcs(self) -> list[Vpc]:
        """All of them."""
        return [self.drifting, self.adopted, self.untagged, self.quiet]


@pytest.fixture(scope="module")
def upgrade(sandbox: Sandbox, team: Team) -> Upgrade:
    """Play it: VPCs converge under the earlier version, drift, and meet today's."""
    if earlier.tree() is None:
        pytest.skip(f"this clone has no commit {earlier.COMMIT}: its history is cut off")
    try:
        adopted = team.tagged(_BY_HAND, profile="joined")
        drifting, untagged, quiet = vpcs = [team.tagged(_PLAIN) for _ in range(3)]
        vpcs.append(adopted)
        heals(sandbox, *(vpc.id for vpc in vpcs))
        eventually(sandbox.idle, "work is left in the queues")
        owned = {vpc.id: owned_in(sandbox, vpc.id) for vpc in vpcs}
        reading(sandbox, False)
        drift(sandbox, drifting, adopted)
        requeue_as_before(sandbox, quiet)
        eventually(lambda: sandbox.queues.depth("PassQueue").total >= 3, "the drift is not in the queue")
    finally:
        sandbox.project = places.PROJECT
        with no_events(sandbox):
            sandbox.deploy()
    since = Since(sandbox)
    reading(sandbox, True)
    heals(sandbox, drifting.id, adopted.id)
    sandbox.customer.delete_tags(Resources=[untagged.id], Tags=[{"Key": f"{sandbox.tag_prefix}:profile"}])
    eventually(partial(since.lines, "ReconcileFunction", _KEPT), "nothing was said of what is kept")
    eventually(sandbox.idle, "work is left in the queues")
    marks = leaving(sandbox, untagged)
    sandbox.delivery.deliver(deploy.status_change(sandbox.stack, since.time))
    eventually(partial(since.lines, "SweepFunction", "took over"), "there was no first sweep")
    eventually(sandbox.idle, "work is left in the queues")
    return Upgrade(drifting, adopted, untagged, quiet, owned, since, marks)


def owned_in(sandbox: Sandbox, vpc: str) -> set[str]:
    """The ids of all that bears the owner tag."""
    owner = {"Key": f"{sandbox.tag_prefix}:owner", "Value": sandbox.stack.name}
    things = [*sandbox.truth.endpoints(vpc), *sandbox.truth.groups(vpc)]
    return {each.get("VpcEndpointId") or each["GroupId"] for each in things if owner in each.get("Tags", [])}


def leaving(sandbox: Sandbox, vpc: Vpc) -> dict[str, str]:
    """When each owned thing of a VPC goes, where it is marked so."""
    times = {each: sandbox.ec2.tags_of(each) for each in owned_in(sandbox, vpc.id)}
    key = f"{sandbox.tag_prefix}:leaving-at"
    return {each: tags[key] for each, tags in times.items() if key in tags}


def reading(sandbox: Sandbox, enabled: bool) -> None:
    """Let the function read the VPC queue, or keep what is in it."""
    functions = sandbox.client("lambda")
    sources = functions.list_event_source_mappings()["EventSourceMappings"]
    (source,) = (each for each in sources if "PassQueue" in each["EventSourceArn"])
    functions.update_event_source_mapping(UUID=source["UUID"], Enabled=enabled)


def drift(sandbox: Sandbox, drifting: Vpc, adopted: Vpc) -> None:
    """Break both VPCs."""
    ec2 = sandbox.customer
    lost, *_ = sandbox.truth.endpoints(drifting.id)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[lost["VpcEndpointId"]])
    (theirs,) = sandbox.truth.endpoints(adopted.id, APP_MESH)
    ec2.modify_vpc_endpoint(VpcEndpointId=theirs["VpcEndpointId"], PrivateDnsEnabled=False)
    assert sandbox.truth.faults(drifting.id)
    assert sandbox.truth.faults(adopted.id)


def requeue_as_before(sandbox: Sandbox, vpc: Vpc) -> None:
    """Put a VPC into the queue in the way in which the earlier version requeued one."""
    now = int(sandbox.ec2.clock.now() * 1000)
    body = {
        "vpc_id": vpc.id,
        "first_seen": now,
        "began": now,
        "rounds": 2,
        "counted": ["drift endpoint-missing"],
    }
    sandbox.queues.send(
        "PassQueue", json.dumps(body), MessageGroupId=vpc.id, MessageDeduplicationId=str(uuid4())
    )


def test_drift_that_the_earlier_version_queued_is_healed(sandbox: Sandbox, upgrade: Upgrade) -> None:
    assert sandbox.stack.status == "UPDATE_COMPLETE"
    assert sandbox.truth.faults(upgrade.drifting.id) == []
    assert upgrade.since.endings(upgrade.drifting.id)[-1] == "converged"
    assert upgrade.since.endings(upgrade.quiet.id)[-1] == "converged"
    assert upgrade.since.metrics("InputRejected") == []


def test_an_upgrade_deletes_and_loses_nothing(sandbox: Sandbox, upgrade: Upgrade) -> None:
    for vpc in upgrade.vpcs:
        assert owned_in(sandbox, vpc.id) >= {
            each for each in upgrade.owned[vpc.id] if vpc is not upgrade.drifting or each.startswith("sg-")
        }
    writes = [call.action for call in upgrade.since.calls("ReconcileFunction") if call.mutating]
    assert [action for action in writes if action.startswith(("Delete", "Revoke"))] == []


def test_what_was_adopted_stays_adopted_though_its_profile_would_only_observe_it_now(
    sandbox: Sandbox, upgrade: Upgrade
) -> None:
    assert sandbox.truth.faults(upgrade.adopted.id) == []
    (theirs,) = sandbox.truth.endpoints(upgrade.adopted.id)
    assert theirs["VpcEndpointId"] not in owned_in(sandbox, upgrade.adopted.id)
    assert theirs["PrivateDnsEnabled"]
    assert upgrade.since.sum_of("DriftRemediated", upgrade.adopted.id) == {"private-dns-off": 1.0}


def test_the_first_sweep_takes_over_what_was_made_before_by_name_and_number(
    sandbox: Sandbox, upgrade: Upgrade
) -> None:
    taken = 0
    for vpc in upgrade.vpcs:
        made_since = owned_in(sandbox, vpc.id) - upgrade.owned[vpc.id]
        before = sorted(owned_in(sandbox, vpc.id) - made_since)
        words = f"the ledger takes over {len(before)} in {vpc.id}: {', '.join(before)}"
        assert len(upgrade.since.lines("SweepFunction", words)) == 1, words
        taken += len(before)
    total = f"the ledger took over {taken} things in {len(upgrade.vpcs)} VPCs"
    assert len(upgrade.since.lines("SweepFunction", total)) == 1, total


def test_only_after_the_first_sweep_a_lost_tag_marks_what_leaves(sandbox: Sandbox, upgrade: Upgrade) -> None:
    assert upgrade.marks == {}
    since = Since(sandbox)
    sandbox.invoke("SweepFunction", {})
    owned = owned_in(sandbox, upgrade.untagged.id)
    eventually(lambda: set(leaving(sandbox, upgrade.untagged)) == owned, "what leaves is not marked")
    assert owned == upgrade.owned[upgrade.untagged.id]
    assert since.lines("SweepFunction", "take") == []
