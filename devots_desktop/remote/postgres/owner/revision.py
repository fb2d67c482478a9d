"""For developers of the program: the beginning of a migration, from the difference between the typed models and a database."""

import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import MigrateOperation, OpContainer
from sqlalchemy import Connection

from devots_desktop.bundled import bundled
from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.remote.postgres.schema import HEAD, Base

_OPTIONS = {"compare_type": True, "compare_server_default": True}


def begin(connection: Connection, words: str) -> Path:
    """Write a new file of migrations/server/versions, with the SQL that the difference comes to.

    Raises:
        AccountUnusable: this program does not run from a clone, or the file is there.
    """
    folder = bundled("migrations", "server", "versions")
    if not (folder.parents[2] / "pyproject.toml").is_file():
        raise AccountUnusable("Not in a clone", "Migrations are made in a clone of the program's source.", "Run it there.")
    number = f"{int(HEAD) + 1:04}"
    slug = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    path = folder / f"{number}_{slug}.py"
    if not slug or path.exists():
        raise AccountUnusable("No name for the file", f"{path.name} is there already, or is no name.", "Choose other words.")
    context = MigrationContext.configure(connection, opts={**_OPTIONS, "include_name": _known})
    found = produce_migrations(context, Base.metadata)
    assert found.upgrade_ops is not None  # noqa: S101 - `produce_migrations` makes both
    assert found.downgrade_ops is not None  # noqa: S101 - as above
    up, down = _sql(connection, found.upgrade_ops.ops), _sql(connection, found.downgrade_ops.ops)
    path.write_text(_file(words, number, f"{number}_{slug}", up, down), encoding="utf-8")
    return path


def _known(name: str | None, kind: str, parents: Any) -> bool:
    """Tables of others are not ours to migrate."""
    del parents
    return kind != "table" or name in Base.metadata.tables


def _sql(connection: Connection, operations: Iterable[MigrateOperation]) -> list[str]:
    written = io.StringIO()
    context = MigrationContext.configure(dialect=connection.dialect, opts={"as_sql": True, "output_buffer": written})
    operate = Operations(context)
    pending = list(operations)
    while pending:
        operation = pending.pop(0)
        if isinstance(operation, OpContainer):
            pending[:0] = operation.ops
        else:
            operate.invoke(operation)
    return [part.strip().removesuffix(";") for part in written.getvalue().split(";\n\n") if part.strip()]


def _file(words: str, number: str, step: str, up: list[str], down: list[str]) -> str:
    return f'''"""{words[0].upper()}{words[1:].rstrip(".")}."""

from devots_desktop.remote.postgres.steps import steps, steps_back

revision = "{number}"
down_revision = "{HEAD}"


def upgrade() -> None:
    with steps() as run:
{_steps(step, up)}


def downgrade() -> None:
    with steps_back() as run:
{_steps(f"{step}_down", down)}
'''


def _steps(name: str, statements: list[str]) -> str:
    """A step each; what is found is the same in either direction, so that there are as many."""
    lines = [f'        run.sql("{name}_{place}", """{sql}""")' for place, sql in enumerate(statements, 1)]
    return "\n".join(lines or [f'        run.script("{name}")'])
