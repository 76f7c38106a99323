from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.memory import Made, Making, Memory
from reconciler.domain.model import Tags
from reconciler.domain.ownership import Ownership, controller_of, may_be_narrowed, ownership
from tests.builders import ENVOY, INSTALLATION, VPC_ID

MARKS = INSTALLATION.endpoint_tags(VPC_ID, ENVOY)
OWNER, VPC, NAME = "vpce-remediator:owner", "vpce-remediator:vpc", "Name"
KNOWS_IT = Memory(VPC_ID, made={"vpce-1": Made("vpce-1", "")})


def of(tags: Tags, memory: Memory | None = None) -> Ownership:
    return ownership("vpce-1", tags, MARKS, INSTALLATION, memory)


def some(*keys: str) -> dict[str, str]:
    return {key: MARKS[key] for key in keys} | {"team": "payments"}


# ---- two of three marks that agree


@pytest.mark.parametrize("keys", list(itertools.combinations(MARKS, 2)))
def test_two_marks_that_agree_say_that_a_thing_is_ours(keys: tuple[str, str]) -> None:
    assert of(some(*keys)) is Ownership.OWNED
    assert of(some(*keys), KNOWS_IT) is Ownership.OWNED


@pytest.mark.parametrize("key", MARKS)
def test_one_mark_proves_nothing_whatever_the_ledger_knows(key: str) -> None:
    assert of(some(key)) is Ownership.UNPROVEN
    assert of(some(key), KNOWS_IT) is Ownership.UNPROVEN


def test_what_bears_no_mark_is_someone_elses_whatever_the_ledger_knows() -> None:
    assert of({"team": "payments"}) is Ownership.FOREIGN
    assert of({}, KNOWS_IT) is Ownership.FOREIGN


@pytest.mark.parametrize("wrong", [{NAME: "our-stack"}, {VPC: "vpc-2"}])
def test_a_mark_with_another_value_is_none(wrong: dict[str, str]) -> None:
    assert of(wrong) is Ownership.FOREIGN
    assert of({**MARKS, **wrong}) is Ownership.OWNED


@pytest.mark.parametrize("owner", ["their-stack", "", "Our-Stack"])
def test_another_owner_outweighs_both_other_marks(owner: str) -> None:
    assert of({**MARKS, OWNER: owner}, KNOWS_IT) is Ownership.OTHER_INSTALLATION


# ---- the witness that no tagger can forge


def test_all_three_marks_do_not_do_where_the_ledger_does_not_know_of_the_creation() -> None:
    assert of(MARKS, Memory(VPC_ID)) is Ownership.UNPROVEN
    assert of(MARKS, None) is Ownership.OWNED


@pytest.mark.parametrize(
    "memory",
    [
        KNOWS_IT,
        Memory(VPC_ID, claimed=frozenset({"vpce-1"})),
        Memory(VPC_ID, making=(Making(MARKS[NAME], since=0),)),
        Memory(VPC_ID, complete=False),
    ],
    ids=["its id", "a person's claim", "an intention for its purpose", "before all was taken over"],
)
def test_the_ledger_knows_a_creation_by(memory: Memory) -> None:
    assert of(MARKS, memory) is Ownership.OWNED


def test_an_intention_for_something_else_proves_nothing() -> None:
    assert of(MARKS, Memory(VPC_ID, making=(Making("our-stack/logs", since=0),))) is Ownership.UNPROVEN


# ---- deleting and narrowing


@given(st.sets(st.sampled_from(sorted(MARKS))))
def test_narrowing_needs_the_owner_and_the_vpc_as_they_are_now(keys: set[str]) -> None:
    assert may_be_narrowed(some(*keys), MARKS, INSTALLATION) is ({OWNER, VPC} <= keys)


@pytest.mark.parametrize("wrong", [{OWNER: "their-stack"}, {VPC: "vpc-2"}])
def test_marks_of_another_value_do_not_allow_narrowing(wrong: dict[str, str]) -> None:
    assert not may_be_narrowed({**MARKS, **wrong}, MARKS, INSTALLATION)


# ---- other controllers


def test_who_bears_no_controllers_tag_is_under_none() -> None:
    assert controller_of({"team": "payments", "aws:createdBy": "rob", "my-kubernetes.io/x": ""}) == ""


@pytest.mark.parametrize("key", ["kubernetes.io/cluster/blue", "k8s.io/role"])
def test_a_tag_of_kubernetes_says_so_by_its_prefix(key: str) -> None:
    assert controller_of({key: "owned"}) == "Kubernetes"
