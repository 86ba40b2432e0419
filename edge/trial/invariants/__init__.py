"""The invariants of production: what must be true whatever fails, judged from the plant's own truth and the store.

Nothing here believes what the edge process says of itself: a rule looks at what the line did (the chronicle), at
what people and the process itself were promised, and into the store.
"""
