"""Where Alembic starts: on the connection, and in the transaction, that `Database.migrate` hands it."""

from alembic import context

from records.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
