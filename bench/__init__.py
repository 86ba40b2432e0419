"""Measurements beside a floor, never asserted as timed tests."""
