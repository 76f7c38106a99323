"""What the benchmarks found is shown as it was found."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from benchmarks import cost
from benchmarks.__main__ import RESULTS, in_words, main
from benchmarks.calls import slope
from benchmarks.day.model import Model
from benchmarks.simulation import simulate
from tests.template.deployed import resources


def test_the_page_of_results_is_that_of_the_results() -> None:
    results = json.loads(RESULTS.read_text("utf-8"))
    assert RESULTS.with_suffix(".md").read_text("utf-8") == in_words(results)


def test_each_function_started_no_later_than_a_bare_boto3_client() -> None:
    kinds = json.loads(RESULTS.read_text("utf-8"))["cold_start"]["found"]["kinds"]
    ratios = {name: kinds[name]["wall_ratio"] for name in ("intake", "reconcile", "sweep")}
    assert {name: ratio for name, ratio in ratios.items() if ratio > 1} == {}


A_BAD_DAY = Model(accounts=2, vpcs=25, events=12, drift=15, lost=0.3, opt_ins=15, first_wave=7200)


@pytest.fixture(scope="module")
def a_bad_day() -> dict[str, Any]:
    return simulate(A_BAD_DAY)


def test_each_event_of_a_simulated_day_is_covered_by_a_run(a_bad_day: dict[str, Any]) -> None:
    assert a_bad_day["of these covered"] == a_bad_day["events that concern a VPC"] > 80


def test_each_drift_of_a_simulated_day_is_put_right_or_its_event_was_lost(a_bad_day: dict[str, Any]) -> None:
    there = a_bad_day["drifts"] + a_bad_day["opt-ins"]
    assert a_bad_day["healed"] + a_bad_day["still open"] == there
    assert a_bad_day["seconds to heal"]["count"] == a_bad_day["drifts"] - a_bad_day["lost"]
    assert a_bad_day["seconds from the tag to all that it asks for"]["count"] == 2 * 15


def test_sweeps_of_a_simulated_day_find_what_no_event_told_of(a_bad_day: dict[str, Any]) -> None:
    lost = a_bad_day["seconds to heal, event lost"]
    assert lost["longest"] > 300 > a_bad_day["seconds to heal"]["longest"]
    untold = simulate(replace(A_BAD_DAY, accounts=1, events=0, lost=1.0, opt_ins=0, drift=5))
    assert untold["events"] == untold["invocations"].get("intake", 0) == 0
    assert untold["healed"] > untold["drifts"] / 2


def test_a_simulated_day_keeps_to_the_budget_of_endpoint_calls(a_bad_day: dict[str, Any]) -> None:
    second, minute = a_bad_day["peaks of an account"]["CreateVpcEndpoint"]
    assert second <= 4
    assert 8 <= minute <= 4 + 0.3 * 60
    assert a_bad_day["runs put off"] > 0
    assert a_bad_day["seconds from the tag to all that it asks for"]["longest"] < 600


def test_the_same_seed_gives_the_same_day_and_another_one_another(a_bad_day: dict[str, Any]) -> None:
    assert simulate(A_BAD_DAY) == a_bad_day
    other = simulate(replace(A_BAD_DAY, seed=2))
    assert other["EC2 calls"] != a_bad_day["EC2 calls"]


def test_jitter_spreads_the_sweeps_of_a_simulated_day(a_bad_day: dict[str, Any]) -> None:
    assert a_bad_day["sweeps"]["without"]["begin"] == 2
    assert a_bad_day["sweeps"]["with"]["begin"] == 1
    assert a_bad_day["invocations"]["sweep"] == 2 * 24 + a_bad_day["sweeps that events asked for"]


def test_a_slope_is_that_of_the_line_through_the_points() -> None:
    assert slope({10: 25, 100: 205, 1000: 2005}) == {"a VPC more": 2.0, "base": 5.0, "worst point off": 0.0}
    assert slope({0: 8, 10: 12, 20: 10})["worst point off"] > 0.1


def test_evaluations_are_priced_by_their_tiers() -> None:
    assert cost.tiered(100_000) == pytest.approx(100)
    assert cost.tiered(600_000) == pytest.approx(100 + 400_000 * 0.0008 + 100_000 * 0.0005)


def test_an_account_where_nothing_happens_costs_what_stands_in_the_template() -> None:
    kept = cost.kept(accounts=1)
    polls = 3 * 60 * 730 * 5
    assert kept["SQS, idle polls"] == pytest.approx(polls * (0.40 + 2 * 0.50) / 1e6)
    assert kept["alarms"] == pytest.approx(0.10 * len(resources("AWS::CloudWatch::Alarm")))


def test_the_day_in_the_results_lost_nothing() -> None:
    day = json.loads(RESULTS.read_text("utf-8"))["simulation"]["found"]
    assert day["of these covered"] == day["events that concern a VPC"]
    assert day["seconds to heal"]["count"] == day["drifts"] - day["lost"]


def test_the_sweep_in_the_results_grows_with_the_number_of_vpcs_and_no_faster() -> None:
    found = json.loads(RESULTS.read_text("utf-8"))["calls"]["found"]
    assert set(found["sweeps"]) == {"10", "100", "1000", "5000"}
    assert found["sweeps"]["1000"]["the third"] <= 250
    assert found["slope"]["a VPC more"] < 0.25
    assert max(each["most calls of a batch"] for each in found["intake"].values()) <= 20


README = (RESULTS.parents[1] / "README.md").read_text("utf-8")


def test_the_readmes_sum_is_that_of_the_results() -> None:
    found = json.loads(RESULTS.read_text("utf-8"))["cost"]["found"]
    assert cost.for_readme(found) in README
    words = " ".join(README.split())
    quiet, ordinary, busy = (
        f"{found[each]['EC2 calls of intake per 1,000 events']:,}" for each in cost.RATES
    )
    assert f"{quiet} calls per 1,000 at the quiet rate, {ordinary} at the ordinary and {busy} at" in words
    quiet, ordinary, busy = (f"{found[each]['EC2 calls an account and hour']:,}" for each in cost.RATES)
    assert f"these are {quiet}, {ordinary} and {busy} calls an account and hour" in words


def test_the_readmes_calls_are_those_of_the_results() -> None:
    found = json.loads(RESULTS.read_text("utf-8"))["calls"]["found"]
    words = " ".join(README.split())
    a_storm = found["intake"]["5000"]
    assert f"5,000 events within a minute took {a_storm['calls per 1,000 events']:g} calls per 1,000" in words
    some, many = found["sweeps"]["1000"], found["sweeps"]["5000"]
    assert f"the first sweep took {some['the first']:,} calls and the third {some['the third']:,}" in words
    assert f"of 5,000, {many['the first']:,} and {many['the third']:,}." in words
    assert f"a VPC more is {found['slope']['a VPC more']:.2f} calls" in words
    assert found["runs"]["as it should be, warm"] == {"reads": 9, "writes": 0}
    assert found["runs"]["as it should be, cold"] == {"reads": 11, "writes": 0}


def test_the_readmes_times_to_heal_are_those_of_the_simulated_day() -> None:
    found = json.loads(RESULTS.read_text("utf-8"))["simulation"]["found"]
    words = " ".join(README.split())
    heal, opt_in = found["seconds to heal"], found["seconds from the tag to all that it asks for"]
    assert f"after {heal['p50']} seconds (p50), {heal['p95']} (p95) and {heal['p99']} (p99)." in words
    assert f"asks for {opt_in['p50']}, {opt_in['p95']} and {opt_in['p99']} seconds after its tag" in words


def test_the_runbooks_table_of_roll_outs_is_that_of_the_results() -> None:
    found = json.loads(RESULTS.read_text("utf-8"))["rollout"]["found"]["with"]
    runbook = (RESULTS.parents[1] / "docs" / "operating.md").read_text("utf-8")
    for count, each in found.items():
        row = f"| {count} | {each['ideal']} s | {each['made']} s | {each['last converged']} s |"
        assert row in runbook


def test_cloud_custodian_was_compared_on_what_it_can_do() -> None:
    """It found every fault and nothing else. A policy that no longer matched would make it look worse than
    it is."""
    sizes = json.loads(RESULTS.read_text("utf-8"))["custodian"]["found"]["sizes"]
    for count, looks in sizes.items():
        for name, look in looks["broken"].items():
            if name.startswith("Cloud Custodian"):
                assert set(look["found"].values()) == {int(count) // 10}
            if name in ("this, the first sweep", "this, by the events"):
                assert set(look["fixed"].values()) == {int(count) // 10}
        assert {each["mistaken"] for look in looks.values() for each in look.values()} == {0}


def test_the_policies_of_cloud_custodian_go_by_the_tags_that_the_remediator_puts() -> None:
    text = (RESULTS.parent / "custodian" / "policies.yml").read_text("utf-8")
    policies = yaml.safe_load(text)["policies"]
    prefix = "tag:vpce-remediator:"
    assert {each["resource"]: each["filters"][0] for each in policies} == {
        "aws.vpc": {f"{prefix}profile": "present"},
        "aws.security-group": {f"{prefix}owner": "present"},
    }


def test_a_benchmark_that_is_not_there_is_named_before_others_run() -> None:
    with pytest.raises(SystemExit, match="no benchmark: roll-out; there are calls, rollout, "):
        main(["cost", "roll-out"])
