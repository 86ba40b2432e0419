"""Deterministic simulation of production under faults: the edge process on virtual time, network, disk and line."""
