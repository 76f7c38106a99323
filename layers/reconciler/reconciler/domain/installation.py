"""The installation: one deployed stack, how it marks what it makes, and how it knows that again.

The mark is the tag `<prefix>:owner = <stack name>`. Two more tags stand beside it, `Name` and
`<prefix>:vpc`, and are witnesses: where someone takes the owner tag off, either of them still says
whose the thing is, and the tag is put back. An owner tag with another value is another owner's, whatever
the witnesses say; and a thing that has lost all three is nobody's. IAM holds the same line: the reconcile
role may tag what bears one of the three, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from .model import AnyEndpoint, Mode, Tags


@dataclass(frozen=True)
class Installation:
    """One installation: the name of its stack, the prefix of its tags, the Region and the account that it
    serves, and what it does where a VPC's own mode tag does not say."""

    stack: str
    tag_prefix: str
    region: str
    account: str
    default_mode: Mode = Mode.ENFORCE

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
        """The key of the tag that says until when a VPC is left to a person who wants to delete it."""
        return f"{self.tag_prefix}:released-until"

    @property
    def placement_key(self) -> str:
        """The key of the tag on a subnet that is to be preferred in its zone."""
        return f"{self.tag_prefix}:placement"

    @property
    def owner_key(self) -> str:
        """The key of the tag that marks what is owned."""
        return f"{self.tag_prefix}:owner"

    @property
    def group_name(self) -> str:
        """The name of a VPC's owned security group; unique in a VPC, and never one that begins with `sg-`."""
        return f"endpoints-{self.stack}"

    @property
    def group_description(self) -> str:
        """What a person reads who meets the group in the console."""
        return f"Lets the private subnets reach the interface endpoints of this VPC. Kept by {self.stack}."

    def service_name(self, service: str) -> str:
        """The full name of an AWS service's endpoint service in this Region."""
        return f"com.amazonaws.{self.region}.{service}"

    def group_tags(self, vpc_id: str) -> Tags:
        """The tags of a VPC's owned security group."""
        return self._tags(vpc_id, "endpoints")

    def endpoint_tags(self, vpc_id: str, service_name: str) -> Tags:
        """The tags of an owned endpoint."""
        return self._tags(vpc_id, service_name.removeprefix(self.service_name("")))

    def _tags(self, vpc_id: str, purpose: str) -> Tags:
        return {
            self.owner_key: self.stack,
            f"{self.tag_prefix}:vpc": vpc_id,
            "Name": f"{self.stack}/{purpose}",
        }

    def owns(self, tags: Tags, wanted: Tags) -> bool:
        """Whether a thing that bears `tags` is ours, where ours would bear `wanted`."""
        if self.owner_key in tags:
            return tags[self.owner_key] == self.stack
        return any(tags.get(key) == value for key, value in wanted.items())

    def owns_endpoint(self, endpoint: AnyEndpoint, vpc_id: str) -> bool:
        """Whether an endpoint of that VPC is ours."""
        return self.owns(endpoint.tags, self.endpoint_tags(vpc_id, endpoint.service_name))
