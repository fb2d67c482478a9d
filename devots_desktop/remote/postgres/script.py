"""The upgrade as SQL to read and to paste, for the owner of a Supabase project who works in its SQL editor.

One transaction, which does what the migrations do in steps. It can be run again, also over an upgrade of `devots db upgrade`, and then makes functions,
policies and rights anew.
"""

from collections.abc import Iterator
from pathlib import Path

from devots_desktop.bundled import bundled
from devots_desktop.remote.postgres.schema import HEAD
from devots_desktop.remote.postgres.steps import read_script

_BEGIN = f"""\
-- Devots Desktop: tables, functions, policies and rights of a Supabase project, revision {HEAD}.
-- Run it as the owner of the project's database, whole. Todos stay as they are, but for a key that each gets; it can be run again.
-- It locks the table of todos while it runs: where that has very many rows, `devots db upgrade` does the same step by step.
begin;
set local search_path = public;
set local timezone = 'UTC';
set local lock_timeout = '10s';
"""
_VERSION = f"""\
create table if not exists devots.alembic_version(version_num varchar(32) not null constraint alembic_version_pkc primary key);
delete from devots.alembic_version;
insert into devots.alembic_version values ('{HEAD}');
"""
_KEYS = "update public.todo set client_id = md5('todo:' || id)::uuid where client_id is null;\n"
_INDEXES = """\
create unique index if not exists todo_client on public.todo(user_id, client_id);
create index if not exists todo_version on public.todo(user_id, row_version, client_id);
"""
_MADE = "update devots.setting set value = 'todo' where name = 'made' and to_regclass('public.todo') is null;\n"


def upgrade_script(*, accept_rights: bool = False) -> str:
    """The SQL that brings a Supabase project to HEAD.

    Args:
        accept_rights: go on in spite of policies of others.
    """
    return "\n".join((_BEGIN, *_parts(bundled("migrations", "server") / "sql", accept_rights=accept_rights), "commit;\n"))


def _parts(folder: Path, *, accept_rights: bool) -> Iterator[str]:
    """The migrations' scripts in their order, without those whose work a later one does anew."""

    def read(*names: str, **words: str) -> Iterator[str]:
        yield from (read_script(folder, name, "supabase", **words) for name in names)

    yield from read("0000_refuse_supabase", head=HEAD, accept_rights=str(accept_rights).lower())
    yield "create schema if not exists devots;\n"
    yield from read("0001_setting", made="")
    yield _MADE
    yield from read("0001_todo")
    yield _VERSION
    yield from read("0001_revision", "0002_who_supabase", "0002_need_uid", "0002_todo", "0003_columns")
    yield _KEYS
    yield from read("0003_present_not_valid", "0003_present_validate", "0003_not_null")
    yield _INDEXES
    yield from read("0003_tables", "0003_epoch", "0003_stamp", "0003_push", "0003_owner", "0003_publication", "0005_digest", "0006_pull")
