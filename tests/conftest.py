"""What holds for every test. The environment is that which the template gives the functions: their modules
make clients and settings at import.

Nothing here leads to AWS: the keys are nobody's.
"""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from sandbox import access
from tests import environment


class OneStack(LoadScopeScheduling):
    """Gives the tests on the deployed stack to one worker: they share it, and the upgrade comes first. Every
    other test is by itself. xdist's groups would say the same, and do nothing under this pytest.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "stack" if nodeid.startswith("tests/stack/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneStack:
    """Used where the tests are dealt out to workers."""
    return OneStack(config, log)


# A machine that is busy with something else is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A shell's background job ignores Ctrl-C, and so would all that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Somebody's settings must neither be used nor change what is tested. No proxy is asked for what is here.
access.forget_the_callers_account()
access.reach_loopback()
os.environ.update(environment.FUNCTIONS | {"AWS_EC2_METADATA_DISABLED": "true"})
for name in [name for name in os.environ if name.startswith("POWERTOOLS_")]:
    del os.environ[name]
