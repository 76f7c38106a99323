"""What the benchmarks found is shown as it was found."""

from __future__ import annotations

import json

from benchmarks.__main__ import RESULTS, in_words


def test_the_page_of_results_is_that_of_the_results() -> None:
    results = json.loads(RESULTS.read_text("utf-8"))
    assert RESULTS.with_suffix(".md").read_text("utf-8") == in_words(results)


def test_each_function_started_no_later_than_a_bare_boto3_client() -> None:
    kinds = json.loads(RESULTS.read_text("utf-8"))["cold_start"]["found"]["kinds"]
    ratios = {name: kinds[name]["wall_ratio"] for name in ("intake", "reconcile", "sweep")}
    assert {name: ratio for name, ratio in ratios.items() if ratio > 1} == {}
