"""The control plane: ministack as a child process on a free loopback port.

It is another process because ministack is a server with a tool environment of its own, and because its
Lambda workers take over the environment that it is started with: that is how their EC2 calls find
`sandbox.ec2`.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import access, places
from sandbox.control_plane.leash import leashed

_START_TIMEOUT = 60.0
# As `python -m ministack`, without its own evaluation of alarms at each PutMetricData: it takes no notice of
# dimensions, so that alarms would flicker. `sandbox.control_plane.alarms` evaluates them. And a function that
# looks for its layer's files under /opt finds them.
_START = """
import runpy
from ministack.core import lambda_runtime
from ministack.services import cloudwatch
cloudwatch._evaluate_all_alarms = lambda: None
before, line, after = lambda_runtime._PYTHON_WORKER_SCRIPT.partition("        sys.path.insert(0, _ld)\\n")
assert line, "ministack starts its workers otherwise"
moved = "os.environ['AWS_DATA_PATH'] = os.environ.get('AWS_DATA_PATH', '').replace('/opt', _ld)"
lambda_runtime._PYTHON_WORKER_SCRIPT = f"{before}{line}        {moved}\\n{after}"
runpy.run_module("ministack", run_name="__main__", alter_sys=True)
"""


class ControlPlaneError(RuntimeError):
    """ministack did not come up, or is no longer there."""


@dataclass(frozen=True)
class ControlPlane:
    """A ministack that answers."""

    endpoint: str
    log: Path

    def client(self, service: str, access_key: str = access.ACCOUNT) -> Any:
        """A boto3 client of one of its services."""
        return access.client(service, self.endpoint, access_key)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(folder: Path, ec2_endpoint: str) -> Iterator[ControlPlane]:
    """A ministack while the block runs, its files under `folder`; its functions' EC2 is at `ec2_endpoint`."""
    port = free_port()
    log = folder / "ministack.log"
    with (
        log.open("wb") as output,
        leashed(
            [places.MINISTACK_PYTHON, "-c", _START],
            cwd=places.PROJECT,
            env=_environment(folder / "ministack", port, ec2_endpoint),
            output=output,
        ) as leash,
    ):
        plane = ControlPlane(f"http://127.0.0.1:{port}", log)
        _wait_until_ready(plane, leash)
        yield plane


def _environment(folder: Path, port: int, ec2_endpoint: str) -> dict[str, str]:
    """All that ministack knows of the machine: no inherited settings, and no place to write but `folder`."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
    places_of = {name: folder / name.lower() for name in ("HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR")}
    for place in places_of.values():
        place.mkdir(parents=True, exist_ok=True)
    return access.without_aws(kept) | {
        **{name: str(place) for name, place in places_of.items()},
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": access.REGION,
        "MINISTACK_ACCOUNT_ID": access.ACCOUNT,
        "AUTH": "true",  # the functions' own policies decide what they may do
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",
        "AWS_ENDPOINT_URL_EC2": ec2_endpoint,
    }


def _wait_until_ready(plane: ControlPlane, leash: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        if leash.poll() is not None:
            raise ControlPlaneError(f"ministack ended with status {leash.returncode}; see {plane.log}")
        if _ready(plane.endpoint):
            return
        time.sleep(0.05)
    raise ControlPlaneError(f"ministack was not ready within {_START_TIMEOUT:.0f} s; see {plane.log}")


def _ready(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/ready", timeout=2) as answer:
            state: dict[str, object] = json.load(answer)
            return state.get("status") == "completed"
    except (urllib.error.URLError, OSError, ValueError):
        return False
