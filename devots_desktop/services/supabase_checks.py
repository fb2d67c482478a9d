"""The live checks of a Supabase project, for the form that adds an account and for the doctor. Loads nothing before it is called."""

import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING

from devots_desktop.domain.finding import Finding
from devots_desktop.remote.supabase.checks import SET_UP
from devots_desktop.remote.thread import on_thread

if TYPE_CHECKING:
    from devots_desktop.remote.supabase.keys import Project
    from devots_desktop.remote.supabase.rights import Person


async def check_project(
    project: "Project", key: str, person: "Person | None" = None, *, now: Callable[[], float] = time.time
) -> AsyncIterator[Finding]:
    """Look at a project and tell of each thing as it is known; what stands behind a failure is left out.

    Args:
        person: who is signed in, where somebody is.
        now: the wall clock, seconds since 1970.
    """
    await on_thread("load", _load)
    from devots_desktop.remote.supabase import health

    async for finding in health.examine(project, key, person, now=now):
        yield finding


async def mending_sql(finding: Finding) -> str:
    """The SQL that mends it, for the project's owner to run; empty where there is none. Loads half a second of modules, on a thread."""
    return await on_thread("sql", partial(_sql, finding.sql)) if finding.sql else ""


def _sql(sql: str) -> str:
    from devots_desktop.services.database import upgrade_sql

    return upgrade_sql() if sql == SET_UP else sql


def _load() -> None:
    from devots_desktop.remote.supabase import health  # noqa: F401 (half a second, which must not be the window's)
