"""What a VPC should have and what to do about it: pure, no AWS, no clock, no environment."""
