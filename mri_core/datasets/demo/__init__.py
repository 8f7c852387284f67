"""The simulated demo data set: real anatomy and physics, no real patient."""

DEMO = "demo"
"""What the demo set is called unless someone asks for another name."""
