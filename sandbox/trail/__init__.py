"""CloudTrail: what it writes of a call to EC2, and the way of that event through the stack's rules."""
