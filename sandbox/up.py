"""`make sandbox`: keeps the sandbox up until Ctrl-C, and tells how to try things in it."""

from __future__ import annotations

import contextlib
import threading

from rich.console import Console

from sandbox import guide
from sandbox.demo import show
from sandbox.sandbox import PARAMETERS, Sandbox, extracting, started
from sandbox.trail import lookup

_TRAIL = "management-events"


def run(console: Console) -> int:
    """Bring the sandbox up, and keep it up for good: someone has to end the process."""
    with contextlib.ExitStack() as everything:
        with show.step(console, "EC2 and the control plane are up"):
            sandbox = everything.enter_context(started())
            furnish(sandbox)
        with show.step(console, "sam build && sam deploy") as deploying:
            sandbox.progress = deploying.news
            sandbox.deploy(**PARAMETERS, ProfilesParameter=guide.PARAMETER)
        everything.enter_context(extracting(sandbox))
        trail = everything.enter_context(lookup.serving(sandbox.ec2, sandbox.plane))
        console.print(guide.text(sandbox, trail), highlight=False, soft_wrap=True, markup=False)
        console.print(f"log of the control plane: {sandbox.plane.log}", highlight=False, soft_wrap=True)
        console.print("Ctrl-C stops it all.")
        threading.Event().wait()
    return 0


def furnish(sandbox: Sandbox) -> None:
    """What an account has before the stack is deployed: a trail, and a document of profiles."""
    cloudtrail = sandbox.client("cloudtrail")
    cloudtrail.create_trail(Name=_TRAIL, S3BucketName=_TRAIL, IsMultiRegionTrail=True)
    cloudtrail.start_logging(Name=_TRAIL)
    sandbox.client("ssm").put_parameter(Name=guide.PARAMETER, Type="String", Value=guide.EXAMPLE)
