"""The installation: one deployed stack, the marks that it puts on what it makes, and its limits.

An installation is known by its id: the name of its stack, unless a parameter says otherwise. What it makes
bears three marks, all of them tags: `<prefix>:owner`, which is the id, `<prefix>:vpc` and `Name`. What the
marks prove is `ownership`'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass

from .model import Mode, Tags
from .pace import DEFAULT_PACE, Pace


@dataclass(frozen=True)
class Installation:
    """One installation: its id, the prefix of its tags, the Region and the account that it serves, and what
    it does where a VPC's own mode tag does not say.

    `grace_seconds` is the time between "should go" and "is deleted", `teardown_limit` how many VPCs may lose
    anything within an hour. Where it is `paused`, it writes nothing to EC2. `pace` is how fast it makes and
    changes endpoints.
    """

    id: str
    tag_prefix: str
    region: str
    account: str
    default_mode: Mode = Mode.ENFORCE
    grace_seconds: int = 24 * 3600
    teardown_limit: int = 5
    paused: bool = False
    pace: Pace = DEFAULT_PACE

    @property
    def profile_key(self) -> str:
        """The opt-in tag's key."""
        return f"{self.tag_prefix}:profile"

    @property
    def mode_key(self) -> str:
        """The key of the tag that overrides the default mode."""
        return f"{self.tag_prefix}:mode"

    @property
    def released_key(self) -> str:
        """The key of the tag that says until when a VPC or a subnet is left to who wants to delete it."""
        return f"{self.tag_prefix}:released-until"

    @property
    def leaving_key(self) -> str:
        """The key of the tag that says when an owned thing is deleted."""
        return f"{self.tag_prefix}:leaving-at"

    @property
    def placement_key(self) -> str:
        """The key of the tag on a subnet that is to be preferred in its zone."""
        return f"{self.tag_prefix}:placement"

    @property
    def owner_key(self) -> str:
        """The key of the mark that says which installation something is owned by."""
        return f"{self.tag_prefix}:owner"

    @property
    def vpc_key(self) -> str:
        """The key of the mark that says which VPC something was made for."""
        return f"{self.tag_prefix}:vpc"

    @property
    def group_name(self) -> str:
        """The name of a VPC's owned security group; unique in a VPC, and never one that begins with `sg-`."""
        return f"endpoints-{self.id}"

    @property
    def group_description(self) -> str:
        """What a person reads who meets the group in the console."""
        return f"Lets the clients of this VPC reach its interface endpoints. Kept by {self.id}."

    def service_name(self, service: str) -> str:
        """The full name of an AWS service's endpoint service in this Region."""
        return f"com.amazonaws.{self.region}.{service}"

    def group_tags(self, vpc_id: str) -> Tags:
        """The marks of a VPC's owned security group."""
        return self._marks(vpc_id, "endpoints")

    def endpoint_tags(self, vpc_id: str, service_name: str) -> Tags:
        """The marks of an owned endpoint."""
        return self._marks(vpc_id, service_name.removeprefix(self.service_name("")))

    def _marks(self, vpc_id: str, purpose: str) -> Tags:
        return {self.owner_key: self.id, self.vpc_key: vpc_id, "Name": f"{self.id}/{purpose}"}
