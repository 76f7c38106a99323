"""What the remediator costs, in ratios from one run on one machine: `make bench`."""
