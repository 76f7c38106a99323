"""EC2's answers are to the byte what moto's own serializers make of moto's own objects, which are slower."""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from moto.core.model import OperationModel
from moto.core.serialize import EC2Serializer, SerializationContext, XFormedAttributePicker
from moto.core.utils import get_service_model

from sandbox.ec2 import moto_side
from sandbox.ec2.calls import Response
from sandbox.ec2.gathering import Transformers, gather
from sandbox.ec2.wire import operation
from sandbox.ec2.writing import written
from tests.account import Account

EVERY_OPERATION = get_service_model("ec2").operation_names
WHEN = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
DRAWN: dict[str, Callable[[random.Random], Any]] = {
    "boolean": lambda chance: chance.choice([True, False, "true", "false"]),
    "integer": lambda chance: chance.choice([0, -1, 443, "443"]),
    "long": lambda chance: chance.choice([0, 2**40]),
    "float": lambda chance: chance.random(),
    "double": lambda chance: chance.random(),
    "timestamp": lambda _chance: WHEN,
    "blob": lambda chance: chance.choice([b"abc", "abc"]),
    "string": lambda chance: chance.choice(["", "plain", "a & b <c> \"d\" 'e'", "two\r\nlines", "é", 7]),
}


def drawn(shape: Any, chance: random.Random, depth: int = 0) -> Any:
    """A value of that shape, with fields left out, lists left empty, and all that has to be escaped."""
    if shape.type_name == "structure":
        names = [name for name in shape.members if depth < 6 and chance.random() < 0.6]
        return {name: drawn(shape.members[name], chance, depth + 1) for name in names}
    if shape.type_name == "list":
        return [drawn(shape.member, chance, depth + 1) for _ in range(chance.randint(0, 2))]
    return DRAWN[shape.type_name](chance)


def by_moto(model: OperationModel, thing: Any, picker: Any = None) -> bytes:
    """What moto's serializer writes."""
    serializer = EC2Serializer(model, SerializationContext("request-1"), value_picker=picker)
    body = serializer.serialize(thing)["body"]
    return body if isinstance(body, bytes) else body.encode()


def test_any_answer_of_any_operation_is_written_as_moto_writes_it() -> None:
    chance = random.Random(1)
    for name in EVERY_OPERATION:
        model = operation(name)
        response = drawn(model.output_shape, chance) if model.output_shape else {}
        assert written(model, response, "request-1") == by_moto(model, response), (name, response)


def test_what_is_gathered_out_of_motos_objects_is_all_that_moto_would_show(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A VPC is stood up, broken, healed and taken down; whatever moto answers meanwhile is compared."""
    compared: dict[str, int] = {}

    def gather_and_compare(model: OperationModel, result: Any, transformers: Transformers) -> Response:
        gathered = gather(model, result, transformers)
        picker = XFormedAttributePicker(response_transformers=dict(transformers))
        if result is not None:
            assert written(model, gathered, "request-1") == by_moto(model, result, picker)
        compared[model.name] = compared.get(model.name, 0) + 1
        return gathered

    monkeypatch.setattr(moto_side, "gather", gather_and_compare)
    account = Account()
    vpc_id = account.converged_vpc("ab", "c")
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": False})
    account.customer.associate_vpc_cidr_block(VpcId=vpc_id, CidrBlock="100.64.0.0/16")
    account.customer.describe_network_interfaces()
    account.customer.describe_security_group_rules()
    account.customer.describe_availability_zones()
    account.converge(vpc_id)
    account.opt_out(vpc_id)
    account.sweep()
    assert len(compared) > 20, compared


def test_a_copy_of_an_account_goes_its_own_way() -> None:
    account = Account()
    vpc_id = account.converged_vpc()
    before, calls = account.truth.snapshot(vpc_id), len(account.ec2.calls)
    copy = deepcopy(account)
    assert copy.truth.snapshot(vpc_id) == before
    copy.clock.advance(60)
    copy.customer.delete_vpc_endpoints(VpcEndpointIds=copy.owned(vpc_id)[1:])
    copy.tag(vpc_id, profile="none")
    copy.converge(vpc_id)
    assert copy.owned(vpc_id) == []
    assert account.truth.snapshot(vpc_id) == before
    assert len(account.ec2.calls) == calls
    assert account.clock.now() < copy.clock.now()
    assert account.one_run(vpc_id).ending.value == "converged"
