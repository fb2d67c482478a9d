"""The versions that a plain server does not keep (sync.md, section 4), so that plan.py decides alike for both kinds of server. Pure.

A row is held against the newest one that is known of its todo: the same content is the same version, another content the next one.
"""

from dataclasses import replace

from devots_desktop.domain.mutation import Answer
from devots_desktop.domain.todo import UNVERSIONED, ServerRow
from devots_desktop.sync.plan import Local


def stamped(local: Local, row: ServerRow) -> ServerRow:
    """The row with a version; one that has its server's is left as it is."""
    if row.row_version != UNVERSIONED:
        return row
    newest = max(local.row_version, local.buried)
    known = local.base or local.shown
    same = known is not None and UNVERSIONED < newest == local.row_version and row._replace(row_version=known.row_version) == known
    return row._replace(row_version=newest if same else newest + 1)


def stamped_answer(local: Local, answer: Answer) -> Answer:
    """The answer with versions: what was there before the mutation is older than what is there now."""
    before = stamped(local, answer.before) if answer.before else None
    if before is None or answer.row is None or answer.row.row_version != UNVERSIONED:
        return replace(answer, before=before, row=stamped(local, answer.row) if answer.row else None)
    return replace(answer, before=before, row=answer.row._replace(row_version=before.row_version + 1))
