"""Alembic's entry: runs on the connection that stores.sql.migrate gives, inside its transaction."""

from alembic import context

from stores.sql.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
