"""Reconciles opted-in VPCs toward the endpoints that they should have.

Three storeys; the path of a module says what it may touch:

- `domain` is pure: what a VPC should have, and what to do about it. No AWS, no clock, no environment.
- `ec2` is all that speaks to EC2.
- The modules beside these two folders are the flow. They stand on both.

A reconcile run of one VPC is `reconcile.run`, in five steps:

1. observe: `ec2.observe` reads from EC2 what is there. 2. intent: `domain.intent` reads what the VPC's own
tags ask for. 3. plan: `domain.planning` compares the two, concern by concern, and makes a `domain.plan.Plan`:
the findings and
   the ordered steps that remediate them.
4. execute: `ec2.execute` takes the steps; `domain.execution` says which are still taken after one fails.
5. conclude: what became of each finding, how the run ends, what the metrics count.

Then `report` publishes the run, and `requeue` says when the VPC is looked at again. An event (`domain.trail`,
`ec2.locate`) and a schedule (`sweep`) only say which VPC to reconcile, through the `queue`.

"facts, section N" is docs/facts.md.
"""
