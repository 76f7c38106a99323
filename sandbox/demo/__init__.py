"""The demo: a fleet of VPCs, the ways to break them, and what a person sees of it."""
