"""The tags on what is owned: they say whose it is, to people and to IAM."""

from __future__ import annotations

from collections.abc import Iterator

from ..actions import CreateTags
from ..findings import Finding, Kind
from ..model import DEAD, SERVING, AnyEndpoint, Tags
from ..plan import Step
from ..situation import Situation
from . import Assessment


def assess(situation: Situation) -> Assessment:
    """Put back what was taken off or changed on all that is owned; tags that others added stay."""
    steps = []
    for resource_id, tags, wanted in _owned(situation):
        lost = {key: value for key, value in wanted.items() if tags.get(key) != value}
        if lost:
            found = ", ".join(f"{key} = {tags[key]!r}" if key in tags else f"no {key}" for key in lost)
            described = ", ".join(f"{key} = {value!r}" for key, value in lost.items())
            finding = Finding(Kind.TAGS_MISSING, resource_id, found=found, wanted=described)
            needed = situation.installation.owner_key in lost
            steps.append(Step(CreateTags(resource_id, lost, needed), (finding,)))
    return Assessment.of(steps)


def _owned(situation: Situation) -> Iterator[tuple[str, Tags, Tags]]:
    """Each owned thing: its id, the tags that it bears, the tags that it should bear. Those that are to go
    too: IAM lets the role delete only what bears the owner tag."""
    vpc_id, observation, installation = situation.vpc_id, situation.observation, situation.installation
    for group in situation.owned_groups:
        yield group.id, group.tags, installation.group_tags(vpc_id)
    endpoints: list[AnyEndpoint] = [*observation.endpoints, *observation.gateway_endpoints]
    for endpoint in endpoints:
        if endpoint.state in SERVING | DEAD and installation.owns_endpoint(endpoint, vpc_id):
            yield endpoint.id, endpoint.tags, installation.endpoint_tags(vpc_id, endpoint.service_name)
