from __future__ import annotations

import pytest

from reconciler.attribute_memory import AttributeMemory
from reconciler.domain.rolling import SHARDS, Shard
from reconciler.table import Table
from tests.unit.fakes import FakeDynamo, refusal

SHARD = {3: Shard(7, frozenset({"vpc-2", "vpc-1"})), 11: Shard(8)}


def a_memory(dynamo: FakeDynamo, said: list[str] | None = None, name: str = "ledger") -> AttributeMemory:
    heard: list[str] = [] if said is None else said
    return AttributeMemory(Table(lambda: dynamo.client, name, heard.append))


def test_what_was_written_is_read_again() -> None:
    dynamo = FakeDynamo()
    a_memory(dynamo).write(SHARD)
    a_memory(dynamo).write({3: Shard(9)})
    assert a_memory(dynamo).read() == {3: Shard(9), 11: Shard(8)}


def test_all_shards_are_one_read_and_one_write() -> None:
    dynamo = FakeDynamo()
    a_memory(dynamo).write({number: Shard(1, frozenset({"vpc-1"})) for number in range(SHARDS)})
    assert len(a_memory(dynamo).read() or {}) == SHARDS
    assert dynamo.calls == ["batch_write_item", "batch_get_item"]


def test_nothing_to_write_is_no_call() -> None:
    dynamo = FakeDynamo()
    a_memory(dynamo).write({})
    assert dynamo.calls == []


def test_a_table_that_knows_nothing_has_no_shards_and_one_that_refuses_has_no_answer() -> None:
    said: list[str] = []
    assert a_memory(FakeDynamo(), said).read() == {}
    assert said == []
    assert a_memory(FakeDynamo(refusal("AccessDeniedException")), said).read() is None
    assert "could not be used" in said[0]
    assert a_memory(FakeDynamo(), name="").read() is None


@pytest.mark.parametrize(
    "document", ["hello", "[]", "{}", '{"read_at": "soon", "on": []}', '{"read_at": 1, "on": 2}']
)
def test_a_shard_that_cannot_be_read_is_named_in_the_log_and_read_anew(document: str) -> None:
    dynamo, said = FakeDynamo(), list[str]()
    a_memory(dynamo).write(SHARD)
    dynamo.items["region", "dns#03"]["doc"] = {"S": document}
    assert a_memory(dynamo, said).read() == {11: Shard(8)}
    assert said[0].startswith("what the ledger has of DNS attributes cannot be read")
    del dynamo.items["region", "dns#03"]["doc"]
    assert a_memory(dynamo, said).read() == {11: Shard(8)}
