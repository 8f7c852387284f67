"""The simulated demo data set: real anatomy and physics, no real patient."""
