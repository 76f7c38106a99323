"""AWS on this machine: runs the real template with no account, on loopback, and leaves nothing behind.

`sandbox.ec2` is EC2 with its rules, `sandbox.trail.cloudtrail` what CloudTrail writes of it; everything else
(functions, queues, rules, CloudFormation, logs) is ministack, started by `sandbox.control_plane.ministack`.
`sandbox.sandbox` joins them.
"""
