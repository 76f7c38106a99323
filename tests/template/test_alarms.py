"""Every alarm goes off for what it is for, and is over with it; each says what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from reconciler.published import Open
from sandbox.control_plane.alarms import State
from tests.template.alarm_walk import ALARMS, DAY, HOUR, MINUTE, Change, rule_of, walk
from tests.template.deployed import VALUES, is_made, resolve, template
from tests.template.meaning import is_published
from tests.template.stories import Story, failing, open_for_long, slow, stopped, stories, sweeps, throttled

STORIES = dict(stories())
PARAMETERS = template()["Parameters"]
# A parameter of a threshold, what leaves its alarms out, and these.
LEFT_OUT = {
    "DriftAlarmSeconds": ("0", {"DriftAlarm"}),
    "BlockedAlarmSeconds": ("0", {"BlockedAlarm"}),
    "ContestedAlarmSeconds": ("0", {"ContestedAlarm"}),
    "SweepAlarmAfter": ("never", {"SweepAlarm"}),
    "SweepDriftAlarmCount": ("0", {"SweepDriftAlarm"}),
    "ErrorAlarmMinutes": ("0", {"IntakeErrorAlarm", "ReconcileErrorAlarm", "SweepErrorAlarm"}),
    "ConvergeAlarmMilliseconds": ("0", {"ConvergeAlarm"}),
    "ThrottleAlarmCount": ("0", {"ThrottleAlarm"}),
}
each_alarm = pytest.mark.parametrize("name", list(ALARMS))


def states(changes: list[Change]) -> list[State]:
    return [each.state for each in changes]


def in_alarm(changes: list[Change]) -> list[int]:
    return [each.at for each in changes if each.state is State.ALARM]


# ---- what they watch


@each_alarm
def test_an_alarm_watches_what_someone_publishes(name: str) -> None:
    rule = rule_of(name)
    [(dimension, value)] = rule.dimensions.items() or [("", "")]
    assert is_published(rule.namespace, rule.metric, dimension, value, rule.statistic)


@each_alarm
def test_an_alarm_is_a_plain_one_of_one_metric(name: str) -> None:
    """Others deploy the template where no metric math is known."""
    assert "Metrics" not in ALARMS[name]
    rule = rule_of(name)
    assert rule.period % 60 == 0
    assert rule.period * rule.periods <= (DAY if rule.period < HOUR else 7 * DAY)


# ---- into ALARM and back


def test_there_is_a_story_for_every_alarm() -> None:
    assert set(STORIES) == set(ALARMS)


@pytest.mark.parametrize("name", STORIES)
def test_an_alarm_goes_off_once_in_its_story_and_is_over_with_it(name: str) -> None:
    story = STORIES[name]
    changes = walk(rule_of(name), story.published, story.until)
    assert states(changes)[-3:] == [State.OK, State.ALARM, State.OK]
    last = changes[-2]
    assert story.begins <= last.at <= story.seen
    assert [at for at in in_alarm(changes) if at >= story.begins] == [last.at]


@pytest.mark.parametrize("name", [name for name in STORIES if name != "SweepAlarm"])
def test_an_alarm_is_silent_while_nothing_but_sweeps_is_published(name: str) -> None:
    assert not in_alarm(walk(rule_of(name), sweeps(HOUR, 0, 8 * HOUR), 8 * HOUR))


@pytest.mark.parametrize(
    ("name", "story"),
    [
        ("DriftAlarm", open_for_long(Open.DRIFTED, -4 * HOUR)),
        ("DriftAlarm", open_for_long(Open.BLOCKED, 2 * HOUR)),
        ("BlockedAlarm", open_for_long(Open.BLOCKED, 2 * HOUR)),
        ("ReconcileErrorAlarm", failing("ReconcileFunction", 2)),
        ("ReconcileErrorAlarm", failing("SweepFunction", 3)),
        ("ConvergeAlarm", slow(10 * 60)),
        ("ThrottleAlarm", throttled(5)),
    ],
)
def test_what_is_less_than_the_threshold_or_of_something_else_is_no_alarm(name: str, story: Story) -> None:
    assert not in_alarm(walk(rule_of(name), story.published, story.until))


@pytest.mark.parametrize("interval", [10 * MINUTE, HOUR, 6 * HOUR, DAY])
def test_an_alarm_of_an_age_changes_at_sweeps_alone_whatever_their_schedule(interval: int) -> None:
    story = open_for_long(Open.DRIFTED, 2 * HOUR, interval)
    changes = walk(rule_of("DriftAlarm"), story.published, story.until)
    assert states(changes) == [State.INSUFFICIENT_DATA, State.OK, State.ALARM, State.OK]
    assert all(each.at % interval < 3 * MINUTE for each in changes)


# ---- the heartbeat


@pytest.mark.parametrize("extra", [0, 2, 12])
@pytest.mark.parametrize(
    ("after", "longest", "interval"),
    [
        ("30m", 30 * MINUTE, 5 * MINUTE),
        ("30m", 30 * MINUTE, 10 * MINUTE),
        ("3h", 3 * HOUR, HOUR),
        ("13h", 13 * HOUR, 6 * HOUR),
        ("2d", 2 * DAY, DAY),
    ],
)
def test_a_sweep_that_is_missing_is_seen_in_time_however_far_cloudwatch_looks_back(
    after: str, longest: int, interval: int, extra: int
) -> None:
    rule = rule_of("SweepAlarm", {**VALUES, "SweepAlarmAfter": after})
    story = stopped(interval, longest)
    last_sweep = story.begins + MINUTE
    changes = walk(rule, story.published, story.until, extra=extra, step=5 * MINUTE)
    [gone_off] = in_alarm(changes)
    assert longest <= gone_off - last_sweep <= longest + (extra + 1) * rule.period + 5 * MINUTE
    assert changes[-1].state is State.OK


def test_a_new_stacks_heartbeat_is_in_alarm_until_its_first_sweep() -> None:
    changes = walk(rule_of("SweepAlarm"), sweeps(HOUR, 4 * MINUTE, 6 * HOUR), 6 * HOUR)
    assert changes[1:] == [Change(MINUTE, State.ALARM), Change(5 * MINUTE, State.OK)]


def test_the_heartbeat_allows_for_two_intervals_of_the_schedule_that_is_the_default() -> None:
    assert PARAMETERS["SweepSchedule"]["Default"] == "rate(1 hour)"
    rule = rule_of("SweepAlarm")
    assert rule.period * rule.periods >= 2 * HOUR


@pytest.mark.parametrize("after", PARAMETERS["SweepAlarmAfter"]["AllowedValues"])
def test_every_time_that_may_be_chosen_is_in_the_mapping(after: str) -> None:
    rule = rule_of("SweepAlarm", {**VALUES, "SweepAlarmAfter": after})
    assert rule.period * rule.periods >= 30 * MINUTE


# ---- what they say


@each_alarm
def test_an_alarm_says_whether_to_wake_someone_what_to_do_first_and_where_to_read_on(name: str) -> None:
    said = ALARMS[name]["AlarmDescription"]
    assert re.fullmatch(r"(Page|Office hours)\. .+ First: .+ Runbook: docs/operating\.md#[a-z0-9-]+", said)
    assert len(said) <= 1024


@each_alarm
def test_an_alarm_bears_the_stacks_name(name: str) -> None:
    assert ALARMS[name]["AlarmName"]["Fn::Sub"].startswith("${AWS::StackName}-")


def test_no_two_alarms_have_one_name() -> None:
    names = [resolve(each["AlarmName"], VALUES) for each in ALARMS.values()]
    assert len(set(names)) == len(names)


@each_alarm
@pytest.mark.parametrize("topic", ["", "arn:aws:sns:eu-west-1:111122223333:on-call"])
def test_the_topic_hears_of_an_alarm_and_of_its_end_where_there_is_one(name: str, topic: str) -> None:
    alarm: dict[str, Any] = resolve(ALARMS[name], {**VALUES, "AlarmTopicArn": topic})
    assert alarm["AlarmActions"] == alarm["OKActions"] == ([topic] if topic else "")
    assert re.fullmatch(PARAMETERS["AlarmTopicArn"]["AllowedPattern"], topic)


# ---- thresholds


@pytest.mark.parametrize("parameter", LEFT_OUT)
def test_a_value_of_the_parameter_leaves_its_alarms_out_and_no_others(parameter: str) -> None:
    value, alarms = LEFT_OUT[parameter]
    assert {name for name in ALARMS if not is_made(name, {**VALUES, parameter: value})} == alarms
    assert all(is_made(name, VALUES) for name in ALARMS)


def test_every_threshold_has_a_parameter_with_a_reason_but_those_that_are_one() -> None:
    of_one = {"TeardownAlarm", "CrashAlarm"} | {name for name in ALARMS if name.endswith("DeadLettersAlarm")}
    for name, alarm in ALARMS.items():
        threshold = alarm["Threshold"]
        if name in of_one or name == "SweepAlarm":
            assert threshold == 1
        elif name in LEFT_OUT["ErrorAlarmMinutes"][1]:
            assert (threshold, alarm["DatapointsToAlarm"]) == (1, {"Ref": "ErrorAlarmMinutes"})
        else:
            assert threshold["Ref"] in LEFT_OUT
            assert name in LEFT_OUT[threshold["Ref"]][1]
    for parameter in LEFT_OUT:
        assert len(PARAMETERS[parameter]["Description"].split(". ")) > 1


def test_the_thresholds_are_a_group_of_their_own_in_the_console() -> None:
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert set(LEFT_OUT) in [set(group["Parameters"]) for group in groups]


def test_the_runbook_has_the_headings_that_the_alarms_point_to() -> None:
    runbook = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", runbook, flags=re.MULTILINE)
    }
    assert {each["AlarmDescription"].rpartition("#")[2] for each in ALARMS.values()} <= headings
