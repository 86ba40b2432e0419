"""A part's way through the edge process, and what goes on beside it: watch, judge, record, deliver, carry out."""
