"""Every test here has an account of its own, on EC2's rules."""

from __future__ import annotations

import pytest

from tests.account import Account


@pytest.fixture
def account() -> Account:
    return Account()
