"""`make sandbox`: keeps the sandbox up until Ctrl-C, and tells how to talk to it with the AWS CLI."""

from __future__ import annotations

import contextlib
import time

from rich.console import Console

from sandbox import access
from sandbox.demo import show
from sandbox.sandbox import PARAMETERS, Sandbox, extracting, started

_HOW = """
export AWS_ENDPOINT_URL={plane} AWS_ENDPOINT_URL_EC2={ec2}
export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret} AWS_REGION={region} AWS_DEFAULT_REGION={region}
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_CA_BUNDLE

# a VPC with a private subnet, and the tag that asks for endpoints
vpc=$(aws ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId --output text)
aws ec2 create-subnet --vpc-id $vpc --cidr-block 10.0.0.0/24 --availability-zone {region}a
aws ec2 create-tags --resources $vpc --tags Key={prefix}:profile,Value=appmesh

# a few seconds later
aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values=$vpc \\
  --query 'VpcEndpoints[].[ServiceName,State,PrivateDnsEnabled]' --output table

# what the functions wrote, and the metrics that CloudWatch has of it
{logs}
aws cloudwatch list-metrics --namespace VpcEndpointRemediator
aws sqs get-queue-attributes --queue-url {queue} --attribute-names All --endpoint-url $AWS_ENDPOINT_URL
"""


def run(console: Console) -> int:
    """Bring the sandbox up and wait; answers only when it is interrupted."""
    with contextlib.ExitStack() as everything:
        with show.step(console, "EC2 and the control plane are up"):
            sandbox = everything.enter_context(started())
        with show.step(console, "sam build && sam deploy") as deploying:
            sandbox.progress = deploying.news
            sandbox.deploy(**PARAMETERS)
        everything.enter_context(extracting(sandbox))
        console.print(instructions(sandbox), highlight=False, soft_wrap=True, markup=False)
        console.print(f"log of the control plane: {sandbox.plane.log}", highlight=False, soft_wrap=True)
        console.print("Ctrl-C stops it all.")
        while True:
            time.sleep(3600)


def instructions(sandbox: Sandbox) -> str:
    """Lines for a shell."""
    tails = [
        f"aws logs filter-log-events --log-group-name {group} --query 'events[].[message]' --output text"
        for group in sandbox.logs.groups.values()
    ]
    return _HOW.format(
        plane=sandbox.plane.endpoint,
        ec2=sandbox.ec2_endpoint,
        key=access.ACCOUNT,
        secret=access.SECRET,
        region=access.REGION,
        prefix=sandbox.tag_prefix,
        logs="\n".join(tails),
        queue=sandbox.queues.urls[sandbox.queues.worked[0]],
    )
