"""Rules about how often one may call (facts.md, section 10)."""

from __future__ import annotations

from sandbox.ec2.calls import Refused, Request
from sandbox.ec2.rule import before
from sandbox.ec2.world import Bucket, World

_ENDPOINT_WRITES = {"CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints"}
_TAG_WRITES = {"CreateTags", "DeleteTags"}
_DEAR_WHEN_UNFILTERED = {"DescribeSecurityGroups", "DescribeNetworkInterfaces"}
_NARROWS = {"Filters", "MaxResults", "GroupIds", "GroupNames", "NetworkInterfaceIds"}


@before()
def calls_empty_a_bucket(world: World, request: Request) -> None:
    """`RequestLimitExceeded`: each action has a bucket that refills at a rate (facts.md, 10)."""
    name, size, rate = bucket_of(request)
    bucket = world.buckets.setdefault(name, Bucket(size, world.now))
    bucket.tokens = min(size, bucket.tokens + (world.now - bucket.at) * rate)
    bucket.at = world.now
    if bucket.tokens < 1:
        raise Refused(
            "RequestLimitExceeded",
            f"Request limit exceeded. Account {world.account} has been throttled on ec2:{request.action}",
        )
    bucket.tokens -= 1


def bucket_of(request: Request) -> tuple[str, float, float]:
    """The bucket's name, how much it holds, and how much flows in each second. Each action has its own."""
    action = request.action
    if action in _ENDPOINT_WRITES:
        return action, 4, 0.3
    if action in _TAG_WRITES:
        return action, 100, 10
    if request.mutating:
        return action, 50, 5
    if action in _DEAR_WHEN_UNFILTERED and not _NARROWS & set(request.params):
        return f"unfiltered {action}", 50, 10
    return action, 100, 20
