"""What holds for every test. The environment is that which the template gives the functions: their modules
make clients and settings at import.

Nothing here leads to AWS: the keys are nobody's.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests on the deployed stack share one, and the upgrade comes first: they stay on one worker."""
    for item in items:
        if item.path.parent.name == "stack":
            item.add_marker(pytest.mark.xdist_group("stack"))


# A machine that is busy with something else is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

os.environ.update(
    {
        "INSTALLATION_ID": "vpc-endpoint-remediator",
        "TAG_PREFIX": "vpce-remediator",
        "DEFAULT_MODE": "enforce",
        "DEBOUNCE_SECONDS": "30",
        "GRACE_PERIOD_MINUTES": "1440",
        "TEARDOWN_LIMIT": "5",
        "ENDPOINT_WRITE_RATE": "0.3",
        "ENDPOINT_WRITE_BURST": "4",
        "PAUSED": "false",
        "LEDGER_TABLE": "ledger",
        "ACCOUNT_ID": "111122223333",
        "PASS_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/runs.fifo",
        "SWEEP_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/sweeps.fifo",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
)
# Somebody's settings must neither be used nor change what is tested.
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2"):
    os.environ.pop(name, None)
for name in [name for name in os.environ if name.startswith("POWERTOOLS_")]:
    del os.environ[name]
