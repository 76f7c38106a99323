"""What the stack's roles may do: whose a call is, and whether the deployed policies allow it."""
