"""Alembic's environment: `devots_desktop.remote.postgres.migrate` hands over the connection, and what the steps need, by attributes."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table_schema="devots",
    transaction_per_migration=True,
    on_version_apply=context.config.attributes["noted"],
)
with context.begin_transaction():
    context.run_migrations()
