"""EC2's rules, a family a file; `sandbox.ec2.ruleset` puts them in order."""
