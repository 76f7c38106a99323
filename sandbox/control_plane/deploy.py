"""`sam build` and `sam deploy` of the real template, as its user would type them, against the sandbox.

Apart from `sandbox.control_plane.ministack` since it knows SAM and the project's files, and nothing of how
the account is played.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sandbox import access, places
from sandbox.control_plane.leash import leashed
from sandbox.control_plane.ministack import ControlPlane

Progress = Callable[[str], None]

_LINES_OF_A_FAILURE = 40


class DeployError(RuntimeError):
    """SAM, or the stack, ended in an error; its last lines are in the message."""


@dataclass(frozen=True)
class Resource:
    """One resource of the stack."""

    logical_id: str
    type: str
    physical_id: str


@dataclass(frozen=True)
class Stack:
    """What was deployed."""

    name: str
    id: str
    status: str
    outputs: Mapping[str, str]
    resources: tuple[Resource, ...]

    def physical_ids(self, kind: str) -> dict[str, str]:
        """The physical ids of the resources of one type, by logical id."""
        return {each.logical_id: each.physical_id for each in self.resources if each.type == kind}


def deploy(
    plane: ControlPlane,
    parameters: Mapping[str, object],
    *,
    stack_name: str = "vpc-endpoint-remediator",
    project: Path = places.PROJECT,
    build: bool = True,
    progress: Progress = print,
) -> Stack:
    """Deploy `project`'s template with `parameters`, built anew unless it is not to be; answers the stack as
    it stands."""
    overrides = [f'{name}="{value}"' for name, value in parameters.items()]
    build_folder = places.HOME / "sam" / project.name
    with _one_at_a_time():
        if build:
            _sam(plane, project, progress, *_build_arguments(build_folder))
        _sam(
            plane,
            project,
            progress,
            *("deploy", "--template-file", str(build_folder / "build" / "template.yaml")),
            *("--config-file", str(project / "samconfig.toml")),
            *("--stack-name", stack_name, "--region", access.REGION, "--no-progressbar"),
            *(["--parameter-overrides", *overrides] if overrides else []),
        )
    return describe(plane, stack_name)


def describe(plane: ControlPlane, stack_name: str) -> Stack:
    """The stack's outputs and resources."""
    cloudformation = plane.client("cloudformation")
    (found,) = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
    return Stack(
        name=stack_name,
        id=found["StackId"],
        status=found["StackStatus"],
        outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
        resources=tuple(_resource(each) for page in pages for each in page["StackResourceSummaries"]),
    )


def status_change(stack: Stack, at: float) -> dict[str, Any]:
    """The event by which CloudFormation tells of a deployment; ministack sends none."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "CloudFormation Stack Status Change",
        "source": "aws.cloudformation",
        "account": access.ACCOUNT,
        "time": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": access.REGION,
        "resources": [stack.id],
        "detail": {
            "stack-id": stack.id,
            "status-details": {"status": stack.status, "status-reason": ""},
            "client-request-token": "",
        },
    }


def _resource(summary: Mapping[str, Any]) -> Resource:
    return Resource(summary["LogicalResourceId"], summary["ResourceType"], summary["PhysicalResourceId"])


def _build_arguments(folder: Path) -> list[str]:
    return ["build", "--build-dir", str(folder / "build"), "--cache-dir", str(folder / "cache")]


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """The build folder is shared by all runs, so that SAM's cache is of use."""
    places.HOME.mkdir(exist_ok=True)
    with (places.HOME / "sam.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sam(plane: ControlPlane, project: Path, progress: Progress, *arguments: str) -> None:
    progress(f"$ sam {' '.join(arguments[:1])}")
    last: deque[str] = deque(maxlen=_LINES_OF_A_FAILURE)
    with leashed(
        [places.SAM, *arguments], cwd=project, env=_environment(plane), output=subprocess.PIPE
    ) as sam:
        assert sam.stdout is not None
        for line in sam.stdout:
            last.append(line.decode(errors="replace").rstrip())
            progress(last[-1])
        status = sam.wait()
    if status:
        raise DeployError("\n".join([f"sam {arguments[0]} failed with status {status}:", *last]))


def _environment(plane: ControlPlane) -> dict[str, str]:
    """The caller's environment without its AWS settings, root of the sandbox, and SAM keeping to itself."""
    tools = Path(sys.executable).parent
    return (
        access.without_aws(dict(os.environ))
        | access.root_environment(plane.endpoint)
        | {
            "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.2",
            "__SAM_CLI_APP_DIR": str(_sam_home()),
            "TMPDIR": str(_scratch()),
        }
    )


def _scratch() -> Path:
    """An empty folder for what SAM leaves lying about."""
    folder = places.HOME / "sam" / "tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _sam_home() -> Path:
    """SAM's own folder, told that it has just looked for a newer version, so that it does not go and look."""
    home = places.HOME / "sam" / "home"
    home.mkdir(parents=True, exist_ok=True)
    settings = {"telemetryEnabled": False, "lastVersionCheck": time.time()}
    (home / "metadata.json").write_text(json.dumps(settings))
    return home
