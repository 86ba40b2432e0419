"""Recipes: what learns a bundle from a recording. They need the extra `train`."""
