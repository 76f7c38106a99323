"""The files of `events/`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[2] / "events"
NAMES = sorted(path.stem for path in EVENTS.glob("*.json"))
NOT_OF_RULES = {"EventQueueBatch", "PassQueueBatch", "ScheduledSweep"}
REFUSED = ["DeleteSecurityGroupRefused", "DeleteSubnetRefused", "DeleteVpcRefused"]
OTHERS_OF_INTAKE = [*REFUSED, "TagChangeOnResource"]
API_CALLS = sorted(set(NAMES) - NOT_OF_RULES - {*OTHERS_OF_INTAKE, "CloudFormationStackStatusChange"})


def text(name: str) -> str:
    return (EVENTS / f"{name}.json").read_text(encoding="utf-8")


def example(name: str) -> Any:
    return json.loads(text(name))
