"""Models that ship, one folder each, and the recipes that learn them."""

SHIPPED = {
    "beam-forecast": "103dced43efc55b89124eb4b4f0ccdb8d1e0dbd8e25020fd9119ebd1e57e3c37",
    "beam-surface": "5bf618128feda72ba9f5e618bbc3c2eb17bb530eefe59c35df3fa05d4646e0e7",
}
"""The SHA-256 of each shipped manifest, to which the bundle is held: nobody signs these (docs/decisions, 17)."""
