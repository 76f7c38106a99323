"""A day in an organisation, simulated: `simulation.py` says what of it is real, measured and assumed."""
