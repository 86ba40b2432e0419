"""What is written, subject by subject: functions that run inside a write transaction and add to its ledger."""
