"""The example in the README of the sandbox's EC2 works as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

README = Path(__file__).parents[2] / "sandbox" / "ec2" / "README.md"


def test_the_example_works_as_it_stands() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    (endpoint,) = names["api"].describe_vpc_endpoints()["VpcEndpoints"]
    assert endpoint["State"].lower() == "available"
    actions = [call.action for call in names["ec2"].calls]
    assert actions == ["CreateVpc", "CreateSubnet", "CreateVpcEndpoint", "DescribeVpcEndpoints"]
