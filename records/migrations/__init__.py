"""The schema's history, run by Alembic when a process starts."""
