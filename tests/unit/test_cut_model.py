"""The model of EC2 in the layer knows what the package uses, as botocore's own does, and nothing else."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import OperationNotPageableError, ParamValidationError

from sandbox.ec2 import Call
from tests import cut_model
from tests.account import ROLE, Account

PACKAGE = cut_model.ROOT / "layers" / "reconciler" / "reconciler"
WHOLE = botocore.session.Session().get_service_model("ec2")
METHODS = {xform_name(each): each for each in WHOLE.operation_names}
USED = sorted(cut_model.cutter().operations())


def cut_session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.get_component("data_loader").search_paths.insert(0, cut_model.folder())
    return session


CUT = cut_session().get_service_model("ec2")


@cache
def a_client(model: str) -> Any:
    session = cut_session() if model == "cut" else botocore.session.Session()
    return session.create_client("ec2", region_name="eu-west-1")


def named_in(source: str) -> Iterator[str]:
    """The operations of EC2 that a module speaks of: as an attribute of something, or to page through."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            yield METHODS[node.attr]
        if isinstance(node, ast.Constant) and node.value in METHODS:
            yield METHODS[node.value]


def test_its_operations_are_those_that_the_package_uses() -> None:
    sources = [each.read_text(encoding="utf-8") for each in PACKAGE.rglob("*.py")]
    assert sorted({name for source in sources for name in named_in(source)}) == USED


def test_a_call_is_found_in_code_however_it_is_written() -> None:
    source = "x.ec2.describe_vpcs()\nf = c.create_tags\nc.get_paginator('describe_subnets')\nname = 'vpcs'"
    assert set(named_in(source)) == {"DescribeVpcs", "CreateTags", "DescribeSubnets"}


def shape_of(shape: Any, above: tuple[str, ...] = ()) -> Any:
    """A shape with all that it is made of, but for documentation."""
    if shape is None or shape.name in above:
        return shape and shape.name
    inner = (*above, shape.name)
    parts: dict[str, Any] = {}
    if shape.type_name == "structure":
        parts = {name: shape_of(each, inner) for name, each in shape.members.items()}
    elif shape.type_name == "list":
        parts = {"member": shape_of(shape.member, inner)}
    elif shape.type_name == "map":
        parts = {"key": shape_of(shape.key, inner), "value": shape_of(shape.value, inner)}
    return [shape.name, shape.type_name, shape.serialization, shape.metadata, parts]


@pytest.mark.parametrize("name", USED)
def test_an_operation_takes_and_gives_what_it_does_in_the_whole_model(name: str) -> None:
    cut, whole = CUT.operation_model(name), WHOLE.operation_model(name)
    assert shape_of(cut.input_shape) == shape_of(whole.input_shape)
    assert shape_of(cut.output_shape) == shape_of(whole.output_shape)
    assert (cut.http, cut.idempotent_members) == (whole.http, whole.idempotent_members)
    assert CUT.metadata == WHOLE.metadata


def test_it_knows_nothing_else_and_says_so_at_once() -> None:
    client = a_client("cut")
    assert sorted(CUT.operation_names) == USED
    with pytest.raises(AttributeError, match="describe_instances"):
        client.describe_instances()
    with pytest.raises(KeyError, match="describe_instances"):
        client.get_paginator("describe_instances")
    with pytest.raises(ParamValidationError, match="Unknown parameter"):
        client.describe_vpcs(Owner="somebody")


@pytest.mark.parametrize("name", USED)
def test_what_can_be_paged_through_can_be_still(name: str) -> None:
    cut, whole = a_client("cut"), a_client("whole")
    method = xform_name(name)
    assert cut.can_paginate(method) == whole.can_paginate(method)
    if not whole.can_paginate(method):
        with pytest.raises(OperationNotPageableError):
            cut.get_paginator(method)
        return
    pages = [client.get_paginator(method)._pagination_cfg for client in (cut, whole)]
    assert pages[0] == pages[1]


def played(models: str) -> list[tuple[str, Any, Any]]:
    """The requests and answers of a VPC that is healed, broken, looked at and left, ids replaced."""
    account = Account(grace_seconds=0)
    account.reconciler = account.ec2.client(ROLE, models)
    account.observer = account.new_observer()
    vpc_id = account.converged_vpc("ab")
    account.customer.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    account.converge(vpc_id)
    account.sweep()
    account.opt_out(vpc_id)
    account.converge(vpc_id)
    made = [call for call in account.ec2.calls if call.principal == ROLE]
    return sorted((call.action, *without_ids(call)) for call in made)


def without_ids(call: Call) -> tuple[str, str]:
    """The parts of a request and of its answer, by name and type."""

    def parts(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: parts(each) for name, each in sorted(value.items())}
        if isinstance(value, list):
            return sorted({json.dumps(parts(each)) for each in value})
        return type(value).__name__

    return json.dumps(parts(call.params)), json.dumps(parts(call.response))


def test_runs_send_and_understand_the_same_with_it() -> None:
    cut = played(cut_model.folder())
    assert {action for action, *_ in cut} > {"CreateVpcEndpoint", "DeleteSecurityGroup", "ModifyVpcAttribute"}
    assert cut == played("")


def test_the_account_of_the_tests_has_no_other_model() -> None:
    with pytest.raises(AttributeError):
        Account().reconciler.describe_instances()


def test_it_is_small(tmp_path: Path) -> None:
    """Reading it is what it saves."""
    cut_model.cutter().write(Path(botocore.__file__).parent, tmp_path)
    written = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert sorted(each.name for each in written) == ["paginators-1.json", "service-2.json"]
    assert sum(each.stat().st_size for each in written) < 100_000


def test_an_operation_that_ec2_does_not_have_is_named() -> None:
    whole = botocore.session.Session().get_component("data_loader").load_service_model("ec2", "service-2")
    with pytest.raises(KeyError, match="DescribeVpc"):
        cut_model.cutter().cut(whole, ["DescribeVpc"])


@pytest.mark.parametrize("function", ["intake", "reconcile", "sweep"])
def test_a_function_imports_botocore_and_not_what_boto3_adds_to_it(function: str) -> None:
    code = f"import sys, functions.{function}.app; print(*sorted(sys.modules))"
    paths = f"import sys; sys.path[:0] = {[str(cut_model.ROOT), str(PACKAGE.parent)]}; "
    done = subprocess.run([sys.executable, "-c", paths + code], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "botocore.session" in modules
    assert {"boto3", "s3transfer", "boto3.session"}.isdisjoint(modules)
