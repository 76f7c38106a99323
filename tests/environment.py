"""The environment that the template and Lambda give the functions. The keys are nobody's."""

from __future__ import annotations

FUNCTIONS = {
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
}
