"""The marks on what is owned: they say whose it is, to people and to IAM."""

from __future__ import annotations

from collections.abc import Iterator

from ..actions import CreateTags
from ..findings import Finding, Kind, Status
from ..model import DEAD, SERVING, AnyEndpoint, Tags
from ..ownership import Ownership
from ..plan import Step
from ..situation import Situation
from . import Assessment


def assess(situation: Situation) -> Assessment:
    """Put back what was taken off or changed on all that is owned; tags that others added stay. Report what
    bears marks of ours that prove nothing."""
    installation = situation.installation
    steps, others = [], []
    for resource_id, tags, marks, whose in _things(situation):
        lost = {key: value for key, value in marks.items() if tags.get(key) != value}
        if whose is Ownership.UNPROVEN:
            others.append(_unproven(resource_id, tags, marks))
        if whose is not Ownership.OWNED or not lost:
            continue
        found = ", ".join(f"{key} = {tags[key]!r}" if key in tags else f"no {key}" for key in lost)
        described = ", ".join(f"{key} = {value!r}" for key, value in lost.items())
        finding = Finding(Kind.TAGS_MISSING, resource_id, found=found, wanted=described)
        needed = not lost.keys().isdisjoint({installation.owner_key, installation.vpc_key})
        steps.append(Step(CreateTags(resource_id, lost, needed), (finding,)))
    return Assessment.of(steps, others)


def _things(situation: Situation) -> Iterator[tuple[str, Tags, Tags, Ownership]]:
    """Each group and endpoint: its id, the tags that it bears, the marks of one of ours, and whose it is.
    Those that are to go too: IAM lets the role delete only what bears the marks."""
    observation = situation.observation
    marks = situation.installation.group_tags(situation.vpc_id)
    for group in observation.groups:
        yield group.id, group.tags, marks, situation.ownership_of_group(group)
    endpoints: list[AnyEndpoint] = [*observation.endpoints, *observation.gateway_endpoints]
    for endpoint in endpoints:
        if endpoint.state in SERVING | DEAD:
            marks = situation.endpoint_marks(endpoint)
            yield endpoint.id, endpoint.tags, marks, situation.ownership_of(endpoint)


def _unproven(resource_id: str, tags: Tags, marks: Tags) -> Finding:
    borne = [f"{key} = {value}" for key, value in marks.items() if tags.get(key) == value]
    lost = [f"{key} = {value}" for key, value in marks.items() if tags.get(key) != value]
    if len(borne) > 1:
        why, wanted = "the ledger does not know that this installation made it", "the thing claimed"
    else:
        why, wanted = "one mark alone proves nothing", f"another one, such as {lost[0]}, if it is owned"
    return Finding(
        Kind.UNPROVEN,
        resource_id,
        found=f"it bears {', '.join(borne)}, and {why}",
        wanted=f"{wanted}; or none of those tags. It is treated as someone else's",
        status=Status.IMPAIRED,
    )
