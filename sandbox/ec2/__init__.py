"""EC2 on this machine: moto's, with EC2's rules added (facts.md, sections 2 to 5 and 10)."""

from sandbox.ec2.api import SOMEONE, Authoriser, Ec2
from sandbox.ec2.calls import Call, ConnectionLost, Killed, Refused, Request, TimedOut
from sandbox.ec2.clock import Clock, ManualClock, SystemClock
from sandbox.ec2.faults import Faults
from sandbox.ec2.levers import Levers
from sandbox.ec2.principals import AssumedRole, AwsService, IamUser, Principal, Principals, Root
from sandbox.ec2.rule import Ec2Rule
from sandbox.ec2.ruleset import Rules

__all__ = [
    "SOMEONE",
    "AssumedRole",
    "Authoriser",
    "AwsService",
    "Call",
    "Clock",
    "ConnectionLost",
    "Ec2",
    "Ec2Rule",
    "Faults",
    "IamUser",
    "Killed",
    "Levers",
    "ManualClock",
    "Principal",
    "Principals",
    "Refused",
    "Request",
    "Root",
    "Rules",
    "SystemClock",
    "TimedOut",
]
