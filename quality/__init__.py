"""The language of quality: what a part, a verdict, a case and a decision are.

Frozen dataclasses and pure functions. Nothing here reads a clock, a file or a socket, and
nothing is imported but the standard library and numpy; every other room imports this one.
"""
