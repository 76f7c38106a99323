"""Whether the reconcile function's role may do what a run needs: IAM is asked, nothing is tried.

IAM's answer knows the role's policies, its permissions boundary and the organization's service control
policies. Tags are handed in as they would be on what is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .check import Check, ok, warning, wrong

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import ContextEntryTypeDef

    from .patient import Patient

_SUBJECT = "permissions"
# What a run calls, by the type of the resource that the call is about.
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "*": (
        "ec2:DescribeVpcs",
        "ec2:DescribeVpcAttribute",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcEndpointServices",
        "ec2:DescribeSubnets",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeDhcpOptions",
        "route53:AssociateVPCWithHostedZone",
    ),
    "vpc": ("ec2:ModifyVpcAttribute", "ec2:CreateSecurityGroup", "ec2:CreateVpcEndpoint"),
    "security-group": (
        "ec2:CreateSecurityGroup",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:RevokeSecurityGroupIngress",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:DeleteSecurityGroup",
    ),
    "vpc-endpoint": ("ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints"),
    "subnet": ("ec2:CreateVpcEndpoint",),
}
# Those that the role's policy allows whatever tags there are.
_WITHOUT_TAGS = frozenset({"ec2:ModifyVpcEndpoint"})


def look(patient: Patient) -> Iterator[Check]:
    """A line for each call that is not allowed, one for all where none is."""
    function = patient.resources.get("ReconcileFunction", "")
    role = patient.account.functions.get_function_configuration(FunctionName=function)["Role"]
    paused = patient.installation.paused
    denied: list[tuple[str, str]] = []
    untold: list[str] = []
    for kind, actions in ACTIONS.items():
        if paused and kind != "*":
            continue
        arn = "*" if kind == "*" else _arn(patient, role, kind)
        answer = patient.account.iam.simulate_principal_policy(
            PolicySourceArn=role,
            ActionNames=list(actions),
            ResourceArns=[arn],
            ContextEntries=_context(patient, role),
        )
        for result in answer["EvaluationResults"]:
            name = result["EvalActionName"]
            if paused and name.startswith("route53:"):
                continue
            why = _why_denied(result)
            if why is None:
                continue
            if why == _UNASKED and kind != "*" and name not in _WITHOUT_TAGS:
                untold.append(name)
            denied.append((f"{name} on {kind}", why))
    with_tags = sum(len(actions) for kind, actions in ACTIONS.items() if kind != "*") - len(_WITHOUT_TAGS) - 1
    if denied and len(untold) == len(denied) >= with_tags:
        # An IAM that minds no tags denies all that is allowed by tag and nothing else.
        yield warning(
            _SUBJECT,
            "whether the reconcile role may do all that a run needs is not known: IAM's simulation denied "
            "all that the role may do only to what bears our tags, as it does where it does not look at tags",
            "where vpce status has unauthorized, compare the role: docs/operating.md#put-a-role-back",
        )
        return
    for what, why in denied:
        yield wrong(
            _SUBJECT,
            f"the reconcile role may not {what}: {why}",
            "look at the role, its boundary and the SCPs",
        )
    if not denied:
        note = ", which is paused and may write nothing" if paused else ""
        yield ok(_SUBJECT, f"the reconcile role may do all that a run needs{note}")


_UNASKED = "no policy allows it"


def _why_denied(result: Mapping[str, Any]) -> str | None:
    if result["EvalDecision"] == "allowed":
        return None
    if result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations") is False:
        return "a service control policy denies it"
    if result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary") is False:
        return "its permissions boundary does not allow it"
    return "a policy denies it" if result["EvalDecision"] == "explicitDeny" else _UNASKED


def _arn(patient: Patient, role: str, kind: str) -> str:
    partition, installation = role.split(":")[1], patient.installation
    return f"arn:{partition}:ec2:{installation.region}:{installation.account}:{kind}/*"


def _context(patient: Patient, role: str) -> list[ContextEntryTypeDef]:
    """What a call of the function would bring along. A service control policy that denies other Regions, or
    all but some roles, denies a call that says neither."""
    installation = patient.installation
    values = {
        f"aws:ResourceTag/{installation.profile_key}": "appmesh",
        f"aws:ResourceTag/{installation.owner_key}": installation.id,
        f"aws:ResourceTag/{installation.vpc_key}": "vpc-0123456789abcdef0",
        f"aws:RequestTag/{installation.owner_key}": installation.id,
        "aws:RequestedRegion": installation.region,
        "aws:PrincipalArn": role,
    }
    return [
        {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
        for key, value in values.items()
    ]
