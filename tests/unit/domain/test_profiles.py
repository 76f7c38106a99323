from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.model import (
    AddressType,
    Clients,
    EndpointSpec,
    EndpointType,
    Existing,
    Profile,
    Surplus,
    When,
)
from reconciler.domain.policies import canonical
from reconciler.domain.profiles import ENDPOINT_KEYS, PROFILE_KEYS, InvalidProfile, builtin, parse

POLICY = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}'


def test_appmesh_asks_for_the_mesh_and_for_logs_where_there_is_no_way_out() -> None:
    assert builtin()["appmesh"] == Profile(
        "appmesh",
        (
            EndpointSpec("appmesh-envoy-management", When.ALWAYS),
            EndpointSpec("logs", When.NO_INTERNET_GATEWAY),
        ),
    )


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


def test_a_profile_adopts_keeps_and_lets_in_private_subnets_over_ipv4_unless_it_says_else() -> None:
    endpoint = "[[web.endpoint]]\nservice = 's3'"
    assert parse(endpoint)["web"] == Profile(
        "web",
        (EndpointSpec("s3"),),
        Clients.PRIVATE_SUBNETS,
        Existing.ADOPT,
        Surplus.KEEP,
        AddressType.IPV4,
        frozenset(),
    )
    document = f"""
        [web]
        clients = "vpc"
        existing = "observe"
        surplus = "remove"
        ip-address-type = "dualstack"
        zones = ["euw1-az1"]
        {endpoint}
    """
    assert parse(document)["web"] == Profile(
        "web",
        (EndpointSpec("s3"),),
        Clients.VPC,
        Existing.OBSERVE,
        Surplus.REMOVE,
        AddressType.DUALSTACK,
        frozenset({"euw1-az1"}),
    )


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
    ],
)
def test_a_document_that_cannot_be_used_is_refused_with_the_line_the_profile_and_the_reason(
    document: str, complaint: str
) -> None:
    with pytest.raises(InvalidProfile) as refusal:
        parse(document)
    assert complaint in str(refusal.value)


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
