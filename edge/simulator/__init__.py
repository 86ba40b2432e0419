"""A simulated line, for the demo and the tests: equipment that is not ours, so nothing of ours is imported."""
