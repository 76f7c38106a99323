"""The command line, for a person at a desk: what would be done, what is, and what to do about it.

It stands on the package `reconciler`: what it does to a VPC is what a run of the deployed functions would do.
`app` is the way in; `commands` has one module a command; the modules beside it are what the commands share:

- `world`: what a command works with, made from the options that all commands have.
- `account`: the AWS account, chosen as the AWS CLI does.
- `deployment`: the Region's installation, and what its stack says of it.
- `means`: what a reconcile run works with, on the caller's credentials.
- `problems`: what goes wrong, as a sentence.
- `exits`: what the exit status says.
- `screen`: what is written where. Data goes to stdout, all else to stderr.
"""
