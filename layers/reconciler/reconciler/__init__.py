"""Reconciles opted-in VPCs toward the endpoints that they should have.

Three storeys; the path of a module says what it may touch:

- `domain` is pure: what a VPC should have, and what to do about it. No AWS, no clock, no environment.
- `ec2` is all that speaks to EC2.
- The modules beside these two folders are the flow. They stand on both.

A reconcile run of one VPC is `reconcile.run`, in seven steps:

- remember, in `ledger`: read what is known of the VPC beside what EC2 shows, a `domain.memory.Memory`.
- observe, in `ec2.observe`: read from EC2 what is there.
- intent, in `domain.intent`: read what the VPC's own tags ask for, and what makes way for a refused deletion.
- plan, in `domain.planning`: compare the two, concern by concern. `domain.restraint` leaves for later, or
  alone, what would do harm. The result is a `domain.plan.Plan`.
- execute, in `ec2.execute`: take the steps of the plan.
- conclude, in `reconcile`: what became of each finding, how the run ends, what the metrics count.
- remember, in `domain.remembering` and `ledger`: what the run learnt. What it is about to create is written
  before the call.

Then `report` publishes the run, and `requeue` says when the VPC is looked at again. An event
(`domain.trail`, `intake`, `domain.index`) and a schedule (`sweep`) only say which VPC to reconcile, through
the `queue` of `messages`.
`runtime` makes what every handler works with, from `settings`; `profile_store` gives the profiles.

"facts, section N" is docs/facts.md; "peers, N" stands at its end.
"""
