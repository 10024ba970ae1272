"""Alembic's door: it only writes SQL down; storage/schema.py and schema_postgres.py carry it out.

Offline on purpose. Alembic's own connection would be the standard library's SQLite, and one file must never be
opened by two SQLite libraries in one process: closing one drops the other's file locks.
"""

from alembic import context

context.configure(
    dialect_name=context.config.get_main_option("dialect"),
    literal_binds=True,
    output_buffer=context.config.output_buffer,
    transactional_ddl=False,  # whoever carries it out begins and commits
)
with context.begin_transaction():
    context.run_migrations()
