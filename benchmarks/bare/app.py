"""The least that a function can be that speaks to EC2 by boto3: what the cold starts are measured against."""

import boto3

EC2 = boto3.client("ec2")


def handler(_event: object, _context: object) -> None:
    """Does nothing."""
