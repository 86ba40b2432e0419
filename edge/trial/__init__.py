"""Production under faults, from a seed: the edge process on virtual time, with network, disk and line to match."""
