from __future__ import annotations

import pytest

from reconciler.model import EndpointSpec, Profile, When
from reconciler.profiles import InvalidProfile, builtin, parse


def test_appmesh_asks_for_the_mesh_and_for_logs_where_there_is_no_way_out() -> None:
    assert builtin() == {
        "appmesh": Profile(
            "appmesh",
            (
                EndpointSpec("appmesh-envoy-management", When.ALWAYS),
                EndpointSpec("logs", When.NO_INTERNET_GATEWAY),
            ),
        )
    }


def test_an_endpoint_is_always_wanted_unless_its_entry_says_when() -> None:
    document = (
        "[[web.endpoint]]\nservice = 's3'\n[[web.endpoint]]\nservice = 'sqs'\nwhen = 'no-internet-gateway'"
    )
    assert parse(document)["web"].endpoints == (
        EndpointSpec("s3", When.ALWAYS),
        EndpointSpec("sqs", When.NO_INTERNET_GATEWAY),
    )


def test_a_document_may_hold_several_profiles_or_none() -> None:
    two = '[[one.endpoint]]\nservice = "s3"\n[[two.endpoint]]\nservice = "s3"'
    assert set(parse(two)) == {"one", "two"}
    assert parse("") == {}


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("[[web", "not TOML"),
        ("web = 1", "'web': needs at least one"),
        ("[web]", "'web': needs at least one"),
        ("[web]\nendpoint = []", "'web': needs at least one"),
        ("[web]\nendpoint = [1]", "'web': an endpoint must be a table"),
        ('[web]\ncolour = "red"\n[[web.endpoint]]\nservice = "s3"', "'web': unknown key 'colour'"),
        ('[[web.endpoint]]\nservice = "s3"\nzone = "a"', "'web': unknown key 'zone' of an endpoint"),
        ("[[web.endpoint]]\nwhen = 'always'", "'web': an endpoint needs a service"),
        ("[[web.endpoint]]\nservice = ''", "'web': an endpoint needs a service"),
        ("[[web.endpoint]]\nservice = 7", "'web': an endpoint needs a service"),
        ("[[w.endpoint]]\nservice = 's3'\nwhen = 'never'", "'never', not one of always, no-internet-gateway"),
        ("[[web.endpoint]]\nservice = 's3'\nwhen = []", "when of 's3' is [], not one of"),
        ("[[w.endpoint]]\nservice = 's3'\n[[w.endpoint]]\nservice = 's3'", "'w': a service is named twice"),
    ],
)
def test_a_document_that_cannot_be_used_is_refused_with_the_profile_and_the_reason(
    document: str, complaint: str
) -> None:
    with pytest.raises(InvalidProfile) as refusal:
        parse(document)
    assert complaint in str(refusal.value)
