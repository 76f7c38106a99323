from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.model import AddressType, EndpointType
from reconciler.domain.policies import canonical
from reconciler.domain.profile import Clients, EndpointSpec, Existing, Groups, Profile, Surplus, When
from reconciler.domain.profiles import ENDPOINT_KEYS, PROFILE_KEYS, InvalidProfile, builtin, parse

POLICY = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}'


def test_appmesh_asks_for_the_mesh_and_for_logs_where_there_is_no_way_out() -> None:
    assert builtin()["appmesh"] == Profile(
        "appmesh",
        (
            EndpointSpec("appmesh-envoy-management", When.ALWAYS),
            EndpointSpec("logs", When.NO_INTERNET_GATEWAY),
        ),
        clients=Clients.PRIVATE_SUBNETS,
        existing=Existing.ADOPT,
    )


@pytest.mark.parametrize("name", sorted(set(builtin()) - {"appmesh"}))
def test_the_other_built_in_profiles_observe_what_others_made_and_let_in_the_whole_vpc(name: str) -> None:
    profile = builtin()[name]
    assert (profile.existing, profile.clients) == (Existing.OBSERVE, Clients.VPC)
    assert profile.keeps_adopted


def services(name: str, *, optional: bool = False) -> set[str]:
    return {spec.service for spec in builtin()[name].endpoints if spec.optional is optional}


def test_ssm_does_not_insist_on_what_aws_retired() -> None:
    assert services("ssm") == {"ssm", "ssmmessages"}


def test_service_connect_asks_for_its_agent_and_takes_ecs_exec_where_it_is_offered() -> None:
    assert services("service-connect") == {"ecs-agent", "ecr.api", "ecr.dkr", "s3", "logs"}
    assert services("service-connect", optional=True) == {"ssmmessages"}


def test_an_endpoint_is_always_wanted_with_private_dns_and_full_access_unless_its_entry_says_else() -> None:
    [plain] = parse("[[web.endpoint]]\nservice = 's3'")["web"].endpoints
    assert plain == EndpointSpec("s3", When.ALWAYS, EndpointType.INTERFACE, private_dns=True, policy="")
    document = f"""
        [[web.endpoint]]
        service = "s3"
        when = "no-egress"
        type = "gateway"
        private-dns = false
        policy = '''{POLICY}'''
    """
    assert parse(document)["web"].endpoints == (
        EndpointSpec("s3", When.NO_EGRESS, EndpointType.GATEWAY, private_dns=False, policy=canonical(POLICY)),
    )


def test_a_profile_observes_keeps_and_lets_in_the_vpc_on_443_over_ipv4_unless_it_says_else() -> None:
    endpoint = "[[web.endpoint]]\nservice = 's3'"
    assert parse(endpoint)["web"] == Profile(
        "web",
        (EndpointSpec("s3"),),
        clients=Clients.VPC,
        existing=Existing.OBSERVE,
        surplus=Surplus.KEEP,
        groups=Groups.AT_LEAST,
        extra_clients=(),
        ports=(443,),
        keeps_adopted=True,
        address_type=AddressType.IPV4,
        zones=frozenset(),
    )
    document = f"""
        [web]
        clients = "private-subnets"
        existing = "adopt"
        surplus = "remove"
        groups = "exact"
        extra-clients = ["pl-0123", "10.8.0.0/16", "2001:DB8:0::/48", "10.8.0.0/16"]
        ports = [8443, 443]
        ip-address-type = "dualstack"
        zones = ["euw1-az1"]
        {endpoint}
    """
    assert parse(document)["web"] == Profile(
        "web",
        (EndpointSpec("s3"),),
        clients=Clients.PRIVATE_SUBNETS,
        existing=Existing.ADOPT,
        surplus=Surplus.REMOVE,
        groups=Groups.EXACT,
        extra_clients=("10.8.0.0/16", "2001:db8::/48", "pl-0123"),
        ports=(443, 8443),
        keeps_adopted=False,
        address_type=AddressType.DUALSTACK,
        zones=frozenset({"euw1-az1"}),
    )


@pytest.mark.parametrize("word", Existing)
def test_a_profile_that_speaks_of_existing_endpoints_is_followed_in_that(word: Existing) -> None:
    profile = parse(f"[w]\nexisting = '{word}'\n[[w.endpoint]]\nservice = 's3'")["w"]
    assert (profile.existing, profile.keeps_adopted) == (word, False)


def test_an_endpoint_may_be_optional() -> None:
    [spec] = parse("[[w.endpoint]]\nservice = 's3'\noptional = true")["w"].endpoints
    assert spec == EndpointSpec("s3", optional=True)


def test_a_service_may_be_wanted_by_interface_and_by_gateway() -> None:
    document = "[[w.endpoint]]\nservice = 's3'\n[[w.endpoint]]\nservice = 's3'\ntype = 'gateway'"
    assert len(parse(document)["w"].endpoints) == 2


def test_a_document_may_hold_several_profiles_or_none() -> None:
    two = '[[one.endpoint]]\nservice = "s3"\n[[two.endpoint]]\nservice = "s3"'
    assert set(parse(two)) == {"one", "two"}
    assert parse("") == {}


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("[[web", "not TOML"),
        ("web = 1", "line 1: profile 'web': must be a table"),
        ("\n[web]", "line 2: profile 'web': 'endpoint' needs at least one"),
        ("[web]\nendpoint = []", "line 2: profile 'web': 'endpoint' needs at least one"),
        ("[web]\nendpoint = [1]", "profile 'web': 'endpoint' must be a table"),
        ("[web]\ncolour = 1\n[[web.endpoint]]\nservice = 's3'", "line 2: profile 'web': 'colour' is none of"),
        ("[[w.endpoint]]\nservice = 's3'\nzone = 'a'", "line 3: profile 'w', endpoint 1: 'zone' is none of"),
        ("[[w.endpoint]]\nwhen = 'always'", "line 1: profile 'w', endpoint 1: 'service' must be a word"),
        ("[[w.endpoint]]\nservice = ''", "line 2: profile 'w', endpoint 1: 'service' must be a word"),
        ("[[w.endpoint]]\nservice = '*'", "line 2: profile 'w', endpoint 1: 'service' must be a word"),
        ("[[w.endpoint]]\nservice = 'Logs'", "line 2: profile 'w', endpoint 1: 'service' must be a word"),
        (f"[[w.endpoint]]\nservice = '{'s' * 129}'", "endpoint 1: 'service' must be a word"),
        ("[[w.endpoint]]\nservice = 7", "line 2: profile 'w', endpoint 1: 'service' must be a word"),
        (
            "[[w.endpoint]]\nservice = 's3'\n[[w.endpoint]]\nservice = 'sqs'\nwhen = 'never'",
            "line 5: profile 'w', endpoint 2: 'when' is 'never', not one of always, no-internet-gateway, no-",
        ),
        ("[[w.endpoint]]\nservice = 's3'\nwhen = []", "'when' is [], not one of"),
        ("[[w.endpoint]]\nservice = 's3'\ntype = 'Gateway'", "'type' is 'Gateway', not one of"),
        ("[[w.endpoint]]\nservice = 's3'\nprivate-dns = 'on'", "'private-dns' is 'on', neither true nor"),
        ("[[w.endpoint]]\nservice = 's3'\npolicy = 'open'", "'policy' not JSON"),
        ("[[w.endpoint]]\nservice = 's3'\npolicy = '{}'", "'policy' not a JSON object with a Statement"),
        ("[[w.endpoint]]\nservice = 's3'\npolicy = 7", "'policy' not JSON"),
        (
            "[[w.endpoint]]\nservice = 's3'\n[[w.endpoint]]\nservice = 's3'",
            "line 4: profile 'w', endpoint 2: 'service' 's3' is named twice",
        ),
        (
            "[w]\nclients = 'all'\n[[w.endpoint]]\nservice = 's3'",
            "line 2: profile 'w': 'clients' is 'all'",
        ),
        ("[w]\nzones = 'a'\n[[w.endpoint]]\nservice = 's3'", "line 2: profile 'w': 'zones' must be a list"),
        ("[w]\nzones = [1]\n[[w.endpoint]]\nservice = 's3'", "line 2: profile 'w': 'zones' must be a list"),
        (
            "[w]\nzones = ['euw1-az1', 'eu-west-1a']\n[[w.endpoint]]\nservice = 's3'",
            "line 2: profile 'w': 'zones' has 'eu-west-1a', which is no zone id",
        ),
        (
            "[[w.endpoint]]\nservice = 'com.amazonaws.eu-west-1.ecr.api'",
            "line 2: profile 'w', endpoint 1: 'service' is 'com.amazonaw...est-1.ecr.api': give what follows",
        ),
        ("[[w.endpoint]]\nservice = 's3'\noptional = 'no'", "'optional' is 'no', neither true nor false"),
        (
            "[[w.endpoint]]\nservice = 's3'\ntype = 'gateway'\nprivate-dns = true",
            "line 4: profile 'w', endpoint 1: 'private-dns' is for interface endpoints",
        ),
        ("[none]\n[[none.endpoint]]\nservice = 's3'", "'none' is the word for no profile at all"),
        ("[w]\ngroups = 'all'\n[[w.endpoint]]\nservice = 's3'", "'groups' is 'all', not one of at-least"),
        ("[w]\nports = 443\n[[w.endpoint]]\nservice = 's3'", "'ports' must be a list of TCP ports"),
        ("[w]\nports = []\n[[w.endpoint]]\nservice = 's3'", "'ports' must be a list of TCP ports"),
        ("[w]\nports = [0]\n[[w.endpoint]]\nservice = 's3'", "'ports' must be a list of TCP ports"),
        ("[w]\nports = [65536]\n[[w.endpoint]]\nservice = 's3'", "'ports' must be a list of TCP ports"),
        ("[w]\nports = [true]\n[[w.endpoint]]\nservice = 's3'", "'ports' must be a list of TCP ports"),
        (
            "[w]\nextra-clients = '10.0.0.0/8'\n[[w.endpoint]]\nservice = 's3'",
            "'extra-clients' must be a list",
        ),
        (
            "[w]\nextra-clients = ['10.0.0.1/8']\n[[w.endpoint]]\nservice = 's3'",
            "10.0.0.1/8 has host bits set",
        ),
        ("[w]\nextra-clients = ['sg-1']\n[[w.endpoint]]\nservice = 's3'", "'extra-clients' has 'sg-1'"),
        ("[w]\nextra-clients = [10]\n[[w.endpoint]]\nservice = 's3'", "'extra-clients' has 10"),
    ],
)
def test_a_document_that_cannot_be_used_is_refused_with_the_line_the_profile_and_the_reason(
    document: str, complaint: str
) -> None:
    with pytest.raises(InvalidProfile) as refusal:
        parse(document)
    assert complaint in str(refusal.value)


def test_every_mistake_of_a_document_is_named_at_once() -> None:
    document = """
        [one]
        zones = ["eu-west-1a", "eu-west-1b"]
        extra-clients = ["everyone"]
        colour = "red"
        [[one.endpoint]]
        service = "Logs"
        when = "never"
        [[one.endpoint]]
        service = "com.amazonaws.eu-west-1.s3"
        [two]
    """
    with pytest.raises(InvalidProfile) as refusal:
        parse(document)
    named = [
        re.sub(r"^(line \d+): profile '(\w+)'(, endpoint \d)?: '([a-z-]+)'.*", r"\1 \2 \4", each)
        for each in refusal.value.mistakes
    ]
    assert sorted(named) == [
        "line 10 one service",
        "line 11 two endpoint",
        "line 3 one zones",
        "line 3 one zones",
        "line 4 one extra-clients",
        "line 5 one colour",
        "line 7 one service",
        "line 8 one when",
    ]
    assert all(mistake in str(refusal.value) for mistake in refusal.value.mistakes)


NESTS = {
    "list": "[w]\nzones = " + "[" * 5000 + "]" * 5000,
    "table": "[" + ".".join("w" * 5000) + "]",
    "policy": "[[w.endpoint]]\nservice = 's3'\npolicy = '" + "[" * 5000 + "'",
    "policy that json reads": "[[w.endpoint]]\nservice = 's3'\npolicy = '{\"Statement\": "
    + '{"a":' * 700
    + "1"
    + "}" * 701
    + "'",
    "wrong word": "[w]\nclients = " + "[" * 300 + "]" * 300 + "\n[[w.endpoint]]\nservice = 's3'",
}
NUMBERS = {
    "decimal": f"[w]\nclients = {'9' * 5000}",
    "hexadecimal": f"[w]\nclients = 0x{'f' * 5000}\n[[w.endpoint]]\nservice = 's3'",
    "in a policy": f"[[w.endpoint]]\nservice = 's3'\npolicy = '{{\"Statement\": {'9' * 5000}}}'",
    "no number": "[[w.endpoint]]\nservice = 's3'\npolicy = '{\"Statement\": {\"Sid\": NaN}}'",
}


@pytest.mark.parametrize("document", [*NESTS.values(), *NUMBERS.values()], ids=[*NESTS, *NUMBERS])
def test_a_hostile_document_is_refused_like_any_other_bad_one(document: str) -> None:
    with pytest.raises(InvalidProfile):
        parse(document)


VALUES = st.sampled_from(
    ("''", '"""\n"""', "1", "-0", "1e999", "nan", "true", "[]", "{}", "2026-11-24", "12:00:00", "[[1], {}]")
) | st.integers(min_value=10**50).map(str)
KEYS = st.sampled_from(sorted(PROFILE_KEYS | ENDPOINT_KEYS)) | st.sampled_from(
    ("''", '"\\u0000"', "a.b", "'a.b'", '"\\n"')
)
ASSIGNMENTS = st.builds("{} = {}".format, KEYS, VALUES)
LINES = st.lists(
    st.sampled_from(("[w]", "[[w.endpoint]]", "['w w']", "service = 's3'")) | ASSIGNMENTS, max_size=8
)


@given(st.text() | LINES.map("\n".join))
def test_whatever_document_comes_is_read_or_refused(document: str) -> None:
    try:
        profiles = parse(document)
    except InvalidProfile:
        return
    assert all(profile.endpoints for profile in profiles.values())
