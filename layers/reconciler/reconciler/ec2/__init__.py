"""Everything that speaks to EC2: to observe VPCs, to index what they have, and to execute a plan."""
