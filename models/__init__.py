"""Models that ship, one folder each, and the recipes that learn them."""
