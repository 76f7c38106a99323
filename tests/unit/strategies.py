"""Any VPC that EC2 could show, for property tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from hypothesis import strategies as st

from reconciler.domain.concerns.security_group import DEFAULT_EGRESS
from reconciler.domain.model import EndpointState, Rule, SourceKind, Subnet, Tags
from tests.builders import ENVOY, GROUP_ID, INSTALLATION, LOGS, VPC_ID, VpcBuilder, a_vpc, https_from

ZONES = "abcd"
_NAME = INSTALLATION.group_name
SETTLED = (EndpointState.AVAILABLE, EndpointState.FAILED, EndpointState.REJECTED, EndpointState.EXPIRED)
_RULES = (
    *https_from("10.0.0.0/24", "10.0.0.0/23", "10.0.1.0/24", "0.0.0.0/0"),
    Rule("tcp", 22, 22, SourceKind.CIDR, "10.0.0.0/24"),
    Rule("-1", -1, -1, SourceKind.GROUP, GROUP_ID, "111122223333"),
    Rule("udp", 53, 53, SourceKind.CIDR_V6, "::/0"),
    DEFAULT_EGRESS,
)
_SOME_RULES = st.sets(st.sampled_from(_RULES), max_size=4)


def _some_of(tags: Tags) -> st.SearchStrategy[dict[str, str]]:
    """At least one of the three marks of what is ours, or all of them, beside somebody's own."""
    kept = st.sets(st.sampled_from(sorted(tags)), min_size=1) | st.just(set(tags))
    return kept.map(lambda keys: {"team": "payments"} | {key: tags[key] for key in keys})


_THEIRS: st.SearchStrategy[dict[str, str]] = st.sampled_from(
    [
        {},
        {"Name": "theirs"},
        {INSTALLATION.owner_key: "their-stack", f"{INSTALLATION.tag_prefix}:vpc": VPC_ID},
    ]
)


@st.composite
def networks(draw: st.DrawFn) -> VpcBuilder:
    """A VPC with some subnets, and nothing of ours in it."""
    builder = a_vpc().with_dns(support=draw(st.booleans()), hostnames=draw(st.booleans()))
    for zone in draw(st.lists(st.sampled_from(ZONES), max_size=6)):
        free = draw(st.sampled_from((250, 250, 250, 0)))
        if draw(st.integers(0, 3)):
            builder = builder.with_private_subnets(zone, free=free)
        else:
            builder = builder.with_public_subnets(zone, free=free)
    if draw(st.booleans()) or builder.public:
        builder = builder.with_internet_gateway()
    for service in (ENVOY, LOGS):
        if draw(st.integers(0, 7)):
            offered = "".join(draw(st.sets(st.sampled_from(ZONES))))
            builder = builder.with_service(service, offered, takes_policy=draw(st.booleans()))
        else:
            builder = builder.without_service(service)
    return builder


@st.composite
def vpcs(draw: st.DrawFn, states: Iterable[EndpointState] = EndpointState) -> VpcBuilder:
    """A VPC with anything in it: things of ours, right or not, and things of others'."""
    builder = draw(networks())
    if draw(st.booleans()):
        builder = builder.with_foreign_group("sg-theirs", name=draw(st.sampled_from([_NAME, _NAME.upper()])))
    if draw(st.booleans()):
        builder = builder.with_group(
            name=f"{_NAME}-2",
            tags=draw(_some_of(INSTALLATION.group_tags(VPC_ID))),
            ingress=draw(_SOME_RULES),
            egress=draw(_SOME_RULES),
        )
    if draw(st.integers(0, 3)) == 0:
        builder = builder.with_group("sg-ours-too", name=f"{_NAME}-3", ingress=draw(_SOME_RULES))
    for service in (ENVOY, LOGS):
        for number in range(draw(st.integers(0, 2))):
            ours = draw(st.booleans())
            tags = draw(_some_of(INSTALLATION.endpoint_tags(VPC_ID, service)) if ours else _THEIRS)
            # A second owned group is ours to attach by mistake, and nobody else's.
            groups = [group.id for group in builder.groups if ours or group.id != "sg-ours-too"]
            builder = builder.with_endpoint(
                service,
                id=f"{service}-{number}",
                state=draw(st.sampled_from(sorted(states))),
                subnets=draw(one_a_zone((*builder.private, *builder.public))),
                groups=draw(st.sets(st.sampled_from([*groups, "sg-elsewhere"]))),
                private_dns=draw(st.booleans()),
                tags=tags,
            )
    return builder


@st.composite
def one_a_zone(draw: st.DrawFn, subnets: Iterable[Subnet]) -> set[str]:
    """Subnets that an endpoint may stand in: any, but one a zone."""
    by_zone: dict[str, list[str]] = defaultdict(list)
    for subnet in subnets:
        by_zone[subnet.zone_id].append(subnet.id)
    chosen = (draw(st.none() | st.sampled_from(ids)) for ids in by_zone.values())
    return {subnet_id for subnet_id in chosen if subnet_id is not None}
