"""Everything that speaks to EC2: to observe VPCs, to locate them, and to execute a plan."""
