"""A person at a shell, whose AWS settings are those of the sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from sandbox import access, places
from sandbox.sandbox import Sandbox

_TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Said:
    """What a command wrote, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it wrote for machines."""
        return json.loads(self.out)


def vpce(sandbox: Sandbox, *arguments: str, **environment: str) -> Said:
    """Run `vpce` as root of the sandbox's account."""
    done = subprocess.run(
        [sys.executable, "-m", "vpce", *arguments],
        cwd=places.PROJECT,
        env=access.without_aws(dict(os.environ))
        | access.root_environment(sandbox.plane.endpoint)
        | {
            "AWS_ENDPOINT_URL_EC2": sandbox.ec2_endpoint,
            "PYTHONPATH": os.pathsep.join(("cli", "layers/reconciler")),
        }
        | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)
