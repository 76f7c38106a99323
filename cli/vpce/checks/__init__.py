"""What `vpce doctor` looks at, one small module a subject. `examine` makes them all."""
