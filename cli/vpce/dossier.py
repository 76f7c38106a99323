"""Everything that is known of one VPC, as one JSON document. `explain` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from reconciler.domain.causes import cause_of
from reconciler.domain.contest import Contest
from reconciler.domain.findings import Finding, Kind
from reconciler.domain.installation import Installation
from reconciler.domain.memory import Cause, Memory
from reconciler.domain.model import AnyEndpoint, Endpoint, EndpointState, EndpointType, SecurityGroup
from reconciler.domain.ownership import Ownership, controller_of
from reconciler.domain.profile import NOTHING
from reconciler.domain.situation import Situation

from .findings import cause_document, vpc_document
from .preview import PlannedCall
from .survey import Seen
from .words import at

_WHOSE = {
    Ownership.OWNED: "owned",
    Ownership.UNPROVEN: "unproven",
    Ownership.OTHER_INSTALLATION: "another installation's",
    Ownership.FOREIGN: "someone else's",
}


def dossier(seen: Seen, installation: Installation, now: float) -> dict[str, Any]:
    """All of a VPC but what the log says."""
    situation = Situation(seen.observation, seen.wanted.profile or NOTHING, installation, seen.memory, now)
    memory = seen.memory
    return {
        **vpc_document(seen, now),
        "tags": {
            key: value
            for key, value in sorted(seen.observation.vpc.tags.items())
            if key.lower().startswith(f"{installation.tag_prefix}:".lower())
        },
        "dns": {
            "support": seen.observation.vpc.dns_support,
            "hostnames": seen.observation.vpc.dns_hostnames,
            "name_servers": list(seen.observation.vpc.name_servers),
        },
        "internet_gateways": list(seen.observation.internet_gateway_ids),
        "endpoints_wanted": list(_wanted(situation)),
        "subnets": list(_subnets(situation)),
        "things": [*_endpoints(situation), *_groups(situation)],
        "plan": [
            {"call": call.name, "sign": call.sign, "text": call.text, "later": call.later}
            for call in PlannedCall.all_of(seen.plan)
        ],
        "leaving": list(_leaving(seen, situation)),
        "contests": list(_contests(seen, now)),
        "making_way": _making_way(seen, installation),
        "ledger": memory is not None,
        "causes": [cause_document(each) for each in _causes(memory)],
        "made": list(_made(memory, situation)),
        "claimed": sorted(memory.claimed) if memory else [],
    }


def _causes(memory: Memory | None) -> Iterable[Cause]:
    """Each event once."""
    known = {each.event_id: each for each in reversed(memory.causes)} if memory else {}
    return reversed(known.values())


def _wanted(situation: Situation) -> Iterator[dict[str, Any]]:
    """What the profile asks for, and which endpoints there are for it."""
    serving = [e for e in situation.observation.all_endpoints if e.state is not EndpointState.DELETED]
    for spec in situation.profile.endpoints:
        kind: type = Endpoint if spec.type is EndpointType.INTERFACE else object
        name = situation.service_name(spec)
        yield {
            "service": spec.service,
            "type": spec.type.lower(),
            "when": spec.when,
            "required": situation.is_required(spec),
            "optional": spec.optional,
            "offered": situation.service(spec) is not None,
            "private_dns": spec.private_dns,
            "endpoints": [
                each.id for each in serving if each.service_name == name and isinstance(each, kind)
            ],
        }


def _subnets(situation: Situation) -> Iterator[dict[str, Any]]:
    private = {each.id for each in situation.private_subnets}
    for each in sorted(situation.observation.subnets, key=lambda one: (one.zone_name, one.id)):
        yield {
            "subnet_id": each.id,
            "zone": each.zone_name,
            "zone_id": each.zone_id,
            "cidr": each.cidr,
            "private": each.id in private,
            "free_addresses": each.free_addresses,
            "released": each.id in situation.released_subnets,
        }


def _endpoints(situation: Situation) -> Iterator[dict[str, Any]]:
    for each in sorted(situation.observation.all_endpoints, key=lambda one: (one.service_name, one.id)):
        if each.state is EndpointState.DELETED:
            continue
        is_interface = isinstance(each, Endpoint)
        yield {
            "id": each.id,
            "what": "interface endpoint" if is_interface else "gateway endpoint",
            "for": each.service_name,
            "whose": _whose(situation, each),
            "state": each.state,
            "subnets": sorted(each.subnet_ids) if isinstance(each, Endpoint) else [],
            "groups": sorted(each.group_ids) if isinstance(each, Endpoint) else [],
            "route_tables": [] if isinstance(each, Endpoint) else sorted(each.route_table_ids),
            "private_dns": each.private_dns if isinstance(each, Endpoint) else None,
            "kept_by": controller_of(each.tags) or None,
        }


def _whose(situation: Situation, endpoint: AnyEndpoint) -> str:
    owned = situation.owns(endpoint)
    return (
        "adopted"
        if endpoint.id in situation.adopted and not owned
        else _WHOSE[situation.ownership_of(endpoint)]
    )


def _groups(situation: Situation) -> Iterator[dict[str, Any]]:
    """The groups that bear marks of ours; there may be hundreds of others."""
    for each in sorted(situation.observation.groups, key=lambda one: one.id):
        whose = situation.ownership_of_group(each)
        if whose is Ownership.FOREIGN:
            continue
        yield {
            "id": each.id,
            "what": "security group",
            "for": each.name,
            "whose": _WHOSE[whose],
            "lets_in": _lets_in(each),
            "lets_out": len(each.egress),
            "kept_by": controller_of(each.tags) or None,
        }


def _lets_in(group: SecurityGroup) -> list[str]:
    return [
        f"{rule.source} {'-'.join(map(str, sorted({rule.from_port, rule.to_port})))}/{rule.protocol}"
        for rule in sorted(group.ingress)
    ]


def _leaving(seen: Seen, situation: Situation) -> Iterator[dict[str, Any]]:
    key = situation.installation.leaving_key
    given_back = dict(seen.plan.give_back_at)
    known = seen.memory.leaving if seen.memory else {}
    marked = [each for each, tags in situation.tags_by_id.items() if key in tags]
    for each in sorted({*marked, *given_back, *seen.plan.leaving}):
        when = situation.tags_by_id.get(each, {}).get(key)
        if each in given_back:
            when = at(given_back[each])
        yield {"id": each, "since": at(known[each]) if each in known else None, "at": when}


def _contests(seen: Seen, now: float) -> Iterator[dict[str, Any]]:
    """The fights that were given up. The opponent is who brought the finding about last. One whose finding is
    not there now is kept until the remediation has held for long enough."""
    memory = seen.memory
    findings = {(each.kind.value, each.resource): each for each in seen.findings}
    for each in memory.contests if memory else ():
        if not each.level:
            continue
        finding = findings.get((each.kind, each.resource))
        cause = finding.cause if finding else _cause_of_past(each, memory)
        yield {
            "kind": each.kind,
            "resource": each.resource,
            "remediated": len(each.times),
            "given_up": each.level,
            "until": at(each.until),
            "is_paused": each.is_paused(now),
            "is_open": finding is not None,
            "opponent": cause.actor if cause else None,
        }


def _cause_of_past(contest: Contest, memory: Memory | None) -> Cause | None:
    """Whose doing a finding was that is not there now."""
    if memory is None or contest.kind not in list(Kind):
        return None
    finding = Finding(Kind(contest.kind), contest.resource, "", "")
    return cause_of(finding, memory, max(contest.times, default=contest.until))


def _making_way(seen: Seen, installation: Installation) -> dict[str, Any] | None:
    """What is left to who wants to delete it."""
    way, key = seen.wanted.way, installation.released_key
    tags = {seen.vpc_id: seen.observation.vpc.tags}
    tags |= {each.id: each.tags for each in seen.observation.subnets}
    released = {each: those[key] for each, those in tags.items() if key in those}
    refused = [each for each in (seen.memory.causes if seen.memory else ()) if each.refused]
    if not (way.vpc or way.subnet_ids or way.group_ids or way.findings or released):
        return None
    return {
        "vpc": way.vpc,
        "subnets": sorted(way.subnet_ids),
        "endpoints": sorted(way.endpoint_ids),
        "groups": sorted(way.group_ids),
        "stays": [_said(each) for each in way.findings],
        "released_until": released,
        "asked_by": cause_document(refused[0]) if refused else None,
    }


def _said(finding: Finding) -> str:
    return f"{finding.resource}: {finding.found}; {finding.wanted}"


def _made(memory: Memory | None, situation: Situation) -> Iterator[dict[str, Any]]:
    there = set(situation.tags_by_id)
    made = sorted(memory.made.values(), key=lambda one: -one.time) if memory else []
    for each in made:
        yield {
            "id": each.id,
            "purpose": each.purpose,
            "time": at(each.time) if each.time else None,
            "is_there": each.id in there,
        }
    for opened in memory.making if memory else ():
        yield {"id": None, "purpose": opened.purpose, "time": at(opened.since), "is_there": False}
