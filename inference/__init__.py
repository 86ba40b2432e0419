"""Models: bundles that are checked before they are believed, and the sessions that run them."""
