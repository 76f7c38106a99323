"""template.yaml as it would be deployed: its short forms read, its references replaced by values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parents[2] / "template.yaml"

STACK_ID = (
    "arn:aws:cloudformation:eu-west-1:111122223333:stack/vpc-endpoint-remediator/"
    "6d0f7c80-c846-11f0-9a3b-0a58a9feac02"
)


class Loader(yaml.SafeLoader):
    """Reads `!Ref X`, `!GetAtt X.Y` and the like as the long forms that they stand for."""


def _long_form(loader: Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", _long_form)


@cache
def template() -> Any:
    """The template, references unresolved."""
    return yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader)


# What the references stand for in a stack of the parameters' defaults.
VALUES: Mapping[str, str] = {
    "AWS::StackName": "vpc-endpoint-remediator",
    "AWS::StackId": STACK_ID,
    "AWS::AccountId": "111122223333",
    "AWS::Region": "eu-west-1",
    "AWS::Partition": "aws",
    "AWS::NoValue": "",
    "ReconcileRole.Arn": "arn:aws:iam::111122223333:role/vpc-endpoint-remediator-ReconcileRole-1A2B3C4D5E6F",
    **{name: str(parameter["Default"]) for name, parameter in template()["Parameters"].items()},
}


def resources(kind: str) -> dict[str, Any]:
    """The properties of the resources of a type, by logical id."""
    found = template()["Resources"].items()
    return {name: resource["Properties"] for name, resource in found if resource["Type"] == kind}


def is_made(name: str, values: Mapping[str, str]) -> bool:
    """Whether the resource is there under these values."""
    condition = template()["Resources"][name].get("Condition")
    return condition is None or _holds(condition, values)


def resolve(node: Any, values: Mapping[str, str]) -> Any:
    """The node with `Ref`, `Fn::GetAtt`, `Fn::If`, `Fn::Sub`, `Fn::Join` and `Fn::FindInMap` replaced; what
    has no value, by its name."""
    if isinstance(node, list):
        return [resolve(each, values) for each in node]
    if not isinstance(node, dict):
        return node
    match node:
        case {"Ref": name} | {"Fn::GetAtt": name}:
            return values.get(name, name)
        case {"Fn::If": [condition, one, other]}:
            return resolve(one if _holds(condition, values) else other, values)
        case {"Fn::Join": [between, list(parts)]}:
            return str(between).join(part for part in resolve(parts, values) if part)
        case {"Fn::FindInMap": [name, top, second]}:
            return template()["Mappings"][name][resolve(top, values)][resolve(second, values)]
        case {"Fn::Sub": [text, dict(more)]}:
            own = {name: resolve(value, values) for name, value in more.items()}
            shown = {name: value if isinstance(value, str) else f"<{name}>" for name, value in own.items()}
            return resolve({"Fn::Sub": text}, {**values, **shown})
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: values.get(found[1], found[1]), text)
    return {key: resolve(value, values) for key, value in node.items()}


def _holds(condition: Any, values: Mapping[str, str]) -> bool:
    match condition:
        case str(name):
            return _holds(template()["Conditions"][name], values)
        case {"Fn::Not": [negated]}:
            return not _holds(negated, values)
        case {"Fn::Equals": [one, other]}:
            return str(resolve(one, values)) == str(resolve(other, values))
    raise NotImplementedError(condition)


def documents_of(role: str, values: Mapping[str, str] = VALUES) -> list[Any]:
    """The role's own policy documents."""
    policies = resolve(resources("AWS::IAM::Role")[role]["Policies"], values)
    documents = [policy["PolicyDocument"] for policy in policies if policy]
    return [json.loads(each) if isinstance(each, str) else each for each in documents]


def pattern_texts(values: Mapping[str, str]) -> dict[str, str]:
    """The event pattern of each rule as EventBridge gets it, by the rule's logical id."""
    patterns = {
        name: resolve(rule["EventPattern"], values) for name, rule in resources("AWS::Events::Rule").items()
    }
    return {name: p if isinstance(p, str) else json.dumps(p) for name, p in patterns.items()}


def patterns(values: Mapping[str, str] = VALUES) -> dict[str, Any]:
    """The event pattern of each rule, by the rule's logical id."""
    return {name: json.loads(text) for name, text in pattern_texts(values).items()}
