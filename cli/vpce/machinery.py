"""What of the stack works by itself: its rules, its schedule, and the functions' reading of their queues. It
is stopped before all is taken down, so that nothing is made again meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .problems import Problem
from .world import World

_RULE = "AWS::Events::Rule"
_SCHEDULE = "AWS::Scheduler::Schedule"
_MAPPING = "AWS::Lambda::EventSourceMapping"
_FUNCTION = "AWS::Lambda::Function"
# What a schedule is updated with: all that it has, or the rest falls back to defaults.
_OF_SCHEDULE = """
    ActionAfterCompletion Description EndDate FlexibleTimeWindow GroupName KmsKeyArn Name ScheduleExpression
    ScheduleExpressionTimezone StartDate Target
    """.split()
_GONE = frozenset({"ResourceNotFoundException", "ResourceNotFound"})
_SETTLED = frozenset({"Enabled", "Disabled"})
_BUSY = "ResourceInUseException"
_LONGEST_SECONDS = 300


@dataclass
class Machinery:
    """The parts of a deployed stack, by type. Parts that are gone already count as stopped."""

    world: World
    parts: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, world: World) -> Machinery:
        """That of the deployed stack."""
        parts: defaultdict[str, list[str]] = defaultdict(list)
        pages = world.account.cloudformation.get_paginator("list_stack_resources")
        for page in pages.paginate(StackName=world.deployment.stack_id):
            for each in page["StackResourceSummaries"]:
                if each.get("PhysicalResourceId") and each.get("ResourceStatus") != "DELETE_COMPLETE":
                    parts[each["ResourceType"]].append(each["PhysicalResourceId"])
        return cls(world, parts)

    def stop(self) -> None:
        """Nothing of it begins any more. What runs already runs on, for `longest_run` at most."""
        self._switch(on=False)

    def start(self) -> None:
        """It works again."""
        self._switch(on=True)

    @property
    def longest_run(self) -> int:
        """The longest timeout of the functions, in seconds."""
        lambda_, timeouts = self.world.account.functions, [0]
        for each in self.parts.get(_FUNCTION, ()):
            try:
                timeouts.append(lambda_.get_function_configuration(FunctionName=each)["Timeout"])
            except ClientError as error:
                _unless_gone(error)
        return max(timeouts)

    def _switch(self, *, on: bool) -> None:
        events = self.world.account.events
        for rule in self.parts.get(_RULE, ()):
            try:
                (events.enable_rule if on else events.disable_rule)(Name=rule.rpartition("|")[2])
            except ClientError as error:
                _unless_gone(error)
        for schedule in self.parts.get(_SCHEDULE, ()):
            try:
                self._switch_schedule(schedule.rpartition("|")[2].rpartition("/")[2], on=on)
            except ClientError as error:
                _unless_gone(error)
        mappings = self.parts.get(_MAPPING, ())
        for mapping in mappings:
            self._switch_mapping(mapping, on=on)
        for mapping in mappings:
            self._settled(mapping)

    def _switch_schedule(self, name: str, *, on: bool) -> None:
        scheduler: Any = self.world.account.scheduler
        there = scheduler.get_schedule(Name=name)
        kept = {key: there[key] for key in _OF_SCHEDULE if there.get(key) is not None}
        scheduler.update_schedule(**kept, State="ENABLED" if on else "DISABLED")

    def _switch_mapping(self, uuid: str, *, on: bool) -> None:
        """Lambda takes no change of a mapping while it is at work on another."""
        until = self.world.now() + _LONGEST_SECONDS
        while True:
            try:
                self.world.account.functions.update_event_source_mapping(UUID=uuid, Enabled=on)
            except ClientError as error:
                if _code(error) != _BUSY or self.world.now() > until:
                    _unless_gone(error)
                    return
                self.world.sleep(2)
            else:
                return

    def _settled(self, uuid: str) -> None:
        until = self.world.now() + _LONGEST_SECONDS
        while True:
            try:
                state = self.world.account.functions.get_event_source_mapping(UUID=uuid)["State"]
            except ClientError as error:
                _unless_gone(error)
                return
            if state in _SETTLED:
                return
            if self.world.now() > until:
                raise Problem(f"The event source mapping {uuid} is still {state!r}: start again later.")
            self.world.sleep(2)


def _unless_gone(error: ClientError) -> None:
    if _code(error) not in _GONE:
        raise error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
