"""The store: the only room that knows SQLAlchemy.

`EdgeRecords` is what the edge process writes through, `ReviewRecords` what the review station reads and
decides through; both are handed one `Database`.
"""
