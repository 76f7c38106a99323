"""The endpoints of a VPC, of both types: which are kept, made or deleted, where they stand, what differs on
them."""
