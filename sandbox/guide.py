"""What `make sandbox` prints: how to try things in the sandbox, as lines for a shell.

A test runs every line, section by section.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox import access, places
from sandbox.sandbox import Sandbox

PARAMETER = "/vpce-remediator/profiles"
"""The SSM parameter from which the sandbox's stack takes profiles."""
EXAMPLE = """[workshop]
clients = "private-subnets"

[[workshop.endpoint]]
service = "sqs"
"""


@dataclass(frozen=True)
class Section:
    """A few lines that belong together; the functions are through with one before the next makes sense."""

    title: str
    lines: str

    def __str__(self) -> str:
        return "\n".join([*(f"# {line}" for line in self.title.splitlines()), self.lines.strip(), ""])


_INTRODUCTION = """
Open a second terminal, start bash in it, and paste lines from here. This terminal shows nothing more until
Ctrl-C, which stops everything. What begins with aws needs the AWS CLI{cli}.
vpce, at the end, needs nothing but this folder.
"""
_NO_CLI = """, which is not on this machine's PATH:
the function below takes its place, and downloads the AWS CLI from PyPI into uv's cache, once"""
_BORROWED = """
aws() {{ {uvx} --quiet --from awscli aws "$@"; }}
"""
_REACH = """
export AWS_ENDPOINT_URL={plane} AWS_ENDPOINT_URL_EC2={ec2} AWS_ENDPOINT_URL_CLOUDTRAIL={trail}
export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret} AWS_REGION={region} AWS_DEFAULT_REGION={region}
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_PAGER=""
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE AWS_CA_BUNDLE
"""
_OPT_IN = """
vpc=$(aws ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId --output text)
aws ec2 create-subnet --vpc-id $vpc --cidr-block 10.0.0.0/24 --availability-zone {region}a
aws ec2 create-tags --resources $vpc --tags Key={prefix}:profile,Value=appmesh
"""
_LOOK = """
aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values=$vpc \\
  --query 'VpcEndpoints[].[VpcEndpointId,ServiceName,State,PrivateDnsEnabled]' --output table
"""
_BREAK = """
endpoint=$(aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values=$vpc \\
  --query 'VpcEndpoints[0].VpcEndpointId' --output text)
aws ec2 delete-vpc-endpoints --vpc-endpoint-ids $endpoint
"""
_WHO = """
aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=$endpoint \\
  --query 'Events[].[EventTime,Username,EventName,EventId]' --output table
aws logs filter-log-events --log-group-name {reconcile_logs} --filter-pattern "\\"$vpc\\"" \\
  --query 'events[].[message]' --output text
"""
_PROFILE = """
cat >profiles.toml <<'END'
{document}
[[mine.endpoint]]
service = "sqs"
END
aws ssm put-parameter --name {parameter} --type String --overwrite --value file://profiles.toml
for function in {readers}; do
  aws lambda update-function-configuration --function-name $function --memory-size {memory} --query MemorySize
done
aws ec2 create-tags --resources $vpc --tags Key={prefix}:profile,Value=mine
"""
_MORE = """
{logs}
aws cloudwatch list-metrics --namespace VpcEndpointRemediator
aws sqs get-queue-attributes --queue-url {queue} --attribute-names All --endpoint-url $AWS_ENDPOINT_URL
aws lambda invoke --function-name {sweep} /dev/stdout
"""
_VPCE = """
vpce() {{ PYTHONPATH={project}/cli:{project}/layers/reconciler {python} -m vpce "$@"; }}
vpce status
vpce plan
vpce explain $vpc
vpce doctor
"""


def sections(sandbox: Sandbox, trail: str) -> Iterator[Section]:
    """What can be tried, in this order. `trail` is where CloudTrail answers."""
    parameter = str(sandbox.parameters["ProfilesParameter"])
    functions = sandbox.stack.physical_ids("AWS::Lambda::Function")
    found = {
        "plane": sandbox.plane.endpoint,
        "ec2": sandbox.ec2_endpoint,
        "trail": trail,
        "key": access.ACCOUNT,
        "secret": access.SECRET,
        "region": access.REGION,
        "prefix": sandbox.tag_prefix,
        "parameter": parameter,
        "document": sandbox.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"].strip() + "\n",
        "reconcile_logs": sandbox.logs.groups["ReconcileFunction"],
        "readers": " ".join(functions[each] for each in ("ReconcileFunction", "SweepFunction")),
        "memory": _memory(sandbox, functions["ReconcileFunction"]),
        "sweep": functions["SweepFunction"],
        "logs": "\n".join(_tail(group) for group in sandbox.logs.groups.values()),
        "queue": sandbox.queues.urls["PassQueue"],
        "project": places.PROJECT,
        "python": places.PYTHON,
        "uvx": places.PYTHON.with_name("uvx"),
    }
    if not _has_cli():
        yield Section("The AWS CLI, for this terminal", _BORROWED.format(**found))
    for title, lines in _ALL:
        yield Section(title.format(**found), lines.format(**found))


_ALL = (
    ("The AWS CLI talks to the sandbox, and to nothing else", _REACH),
    ("A VPC with a private subnet, and the tag that asks for endpoints", _OPT_IN),
    ("A few seconds later: its endpoints", _LOOK),
    ("Break it, and look again a few seconds later", _BREAK),
    ("Who did what to that endpoint, as CloudTrail has it, and what the remediator says of this VPC", _WHO),
    (
        "A profile of your own, beside those that {parameter} holds. The functions read it\n"
        "every five minutes, and when they start anew, as they do when their configuration changes.\n"
        "What the VPC has from its earlier profile is marked as leaving, and deleted a day later",
        _PROFILE,
    ),
    ("A few seconds later", _LOOK),
    (
        "What each function wrote, metrics, the queue, a sweep. Logs Insights (aws logs start-query)\n"
        "does not work here: the sandbox finds no fields in lines. Use filter-log-events, as above",
        _MORE,
    ),
    (
        "The remediator's own command line, from this folder. Three warnings of the doctor are the\n"
        "sandbox's own, which has no backups, no quotas, and no simulation of IAM that minds tags",
        _VPCE,
    ),
)


def text(sandbox: Sandbox, trail: str) -> str:
    """All of it, for a person."""
    introduction = _INTRODUCTION.format(cli="" if _has_cli() else _NO_CLI)
    return "\n".join([introduction, *map(str, sections(sandbox, trail))])


def _has_cli() -> bool:
    return shutil.which("aws") is not None


def _memory(sandbox: Sandbox, function: str) -> int:
    """What the function has already: to set it again is a change of its configuration."""
    found: int = sandbox.client("lambda").get_function_configuration(FunctionName=function)["MemorySize"]
    return found


def _tail(group: str) -> str:
    return f"aws logs filter-log-events --log-group-name {group} --query 'events[].[message]' --output text"
