"""Reconciles opted-in VPCs toward the endpoints that they should have.

The life of a VPC here, in four steps, each a module of that name:

1. `observe` reads from EC2 what is there, for one VPC or for many at once.
2. `plan` holds it against what the VPC's profile asks for, concern by concern, and gives findings
   and the ordered actions that put them right. It is pure: no AWS, no clock, no environment.
3. `apply` carries the actions out and says what became of each.
4. `report` tells findings and outcomes as metrics and log lines.

`passes` is the first three in a row, for what the VPC's tags ask (`intent`); the handler then calls
`report`, and `rounds` says how the VPC comes round again. An event (`trail`, `locate`) and a schedule
(`sweep`) only say which VPC to make a pass over, through the `queue`.

"facts, section N" is docs/facts.md.
"""
