"""plan.py as a table: each case of sync.md, section 2, is one row."""

import json

import pytest

from devots_desktop.domain.mutation import DELETED_ELSEWHERE, NOT_MADE, Answer, Kind, Mutation, Outcome
from devots_desktop.domain.todo import ServerRow
from devots_desktop.sync.plan import UNKNOWN, Case, Decision, Local, Lost, answered, incoming, repaired
from tests.unit.building import answer, mutation, server_row

OLD, NEW = server_row(version=5), server_row(version=9, text="oat milk")
TOMBSTONE = server_row(version=9, deleted=True)
TO_SOY = mutation(base={"text": "milk"}, text="soy")
DONE = mutation(base={"completed": False}, completed=True)
MADE = mutation(Kind.CREATE, text="soy", completed=False)
GONE = mutation(Kind.DELETE, base={"text": "milk", "completed": False})
SYNCED = Local(row_version=5, shown=OLD)


def over(
    *pending: Mutation, parked: tuple[Mutation, ...] = (), base: ServerRow | None = OLD, buried: int = UNKNOWN, **shown: object
) -> Local:
    """A todo with mutations over its base; `shown` are the fields that they change on the screen."""
    screen = (base or server_row(version=UNKNOWN))._replace(**shown) if shown else base  # type: ignore[arg-type]
    return Local(base.row_version if base else UNKNOWN, buried, screen, base, pending, parked)


NOTHING = Decision(Case.OLD_NEWS)
INCOMING = {
    "a row that nobody here knows": (Local(), OLD, Decision(Case.APPLY, show=OLD)),
    "a row of a table that was migrated: version 0": (Local(), server_row(version=0), Decision(Case.APPLY, show=server_row(version=0))),
    "the same version again": (SYNCED, server_row(text="other", version=5), NOTHING),
    "version 0 again": (Local(row_version=0, shown=server_row(version=0)), server_row(version=0), NOTHING),
    "an older version, late": (SYNCED, server_row(text="older", version=4), NOTHING),
    "a newer version": (SYNCED, NEW, Decision(Case.APPLY, show=NEW)),
    "a tombstone above the row": (SYNCED, TOMBSTONE, Decision(Case.TOMBSTONE, bury=9)),
    "a tombstone at the row's version": (SYNCED, TOMBSTONE._replace(row_version=5), NOTHING),
    "a tombstone below the row": (SYNCED, TOMBSTONE._replace(row_version=4), NOTHING),
    "a tombstone of an unknown todo": (Local(), TOMBSTONE, Decision(Case.TOMBSTONE, bury=9)),
    "the same tombstone again": (Local(buried=9), TOMBSTONE, NOTHING),
    "a row at the tombstone's version": (Local(buried=9), NEW, NOTHING),
    "a row below the tombstone, late": (Local(buried=9), OLD, NOTHING),
    "a todo made anew, above its tombstone": (
        Local(buried=9),
        server_row(version=10),
        Decision(Case.APPLY, show=server_row(version=10)),
    ),
    "another field changed elsewhere: both survive": (
        over(DONE, completed=True),
        NEW,
        Decision(Case.REBASE, show=NEW._replace(completed=True), base=NEW),
    ),
    "the same field changed elsewhere: this device keeps its own on the screen": (
        over(TO_SOY, text="soy"),
        NEW,
        Decision(Case.REBASE, show=NEW._replace(text="soy"), base=NEW),
    ),
    "two edits wait: the later one is on top": (
        over(TO_SOY, mutation(text="rice"), text="rice"),
        NEW,
        Decision(Case.REBASE, show=NEW._replace(text="rice"), base=NEW),
    ),
    "the row of a create whose answer was lost": (
        Local(shown=server_row(version=UNKNOWN, text="soy"), pending=(MADE,)),
        server_row(text="soy"),
        Decision(Case.REBASE, show=server_row(text="soy"), base=server_row(text="soy")),
    ),
    "changed elsewhere, a delete waits here: it stays off the screen": (
        Local(5, UNKNOWN, None, OLD, (GONE,)),
        NEW,
        Decision(Case.REBASE, show=None, base=NEW),
    ),
    "deleted here and made anew here, changed elsewhere: the new one stays": (
        Local(5, UNKNOWN, server_row(version=UNKNOWN, text="anew"), OLD, (GONE, MADE)),
        NEW,
        Decision(Case.REBASE, show=server_row(version=UNKNOWN, text="anew"), base=NEW),
    ),
    "the tombstone of a delete that was sent and undone: what is made anew stays": (
        Local(5, UNKNOWN, server_row(version=UNKNOWN), OLD, (GONE, MADE)),
        TOMBSTONE,
        Decision(Case.KEEP, bury=9),
    ),
    "the same, the delete's answer having come before it": (
        Local(UNKNOWN, 5, server_row(version=UNKNOWN), None, (MADE,)),
        TOMBSTONE,
        Decision(Case.KEEP, bury=9),
    ),
    "the same, once more": (Local(UNKNOWN, 9, server_row(version=UNKNOWN), None, (MADE,)), TOMBSTONE, NOTHING),
    "the same, the todo being anew on the server already": (Local(10, UNKNOWN, server_row(version=10)), TOMBSTONE, NOTHING),
    "a row from before the delete that was undone": (Local(UNKNOWN, 9, server_row(version=UNKNOWN), None, (MADE,)), NEW, NOTHING),
    "the row of a todo made anew, before the answer to that": (
        Local(UNKNOWN, 9, server_row(version=UNKNOWN, text="soy"), None, (MADE,)),
        server_row(version=10, text="soy"),
        Decision(Case.REBASE, show=server_row(version=10, text="soy"), base=server_row(version=10, text="soy")),
    ),
    "changed elsewhere over a parked edit: the user's value stays": (
        over(parked=(TO_SOY,), text="soy"),
        NEW._replace(completed=True),
        Decision(Case.REBASE, show=NEW._replace(text="soy", completed=True), base=NEW._replace(completed=True)),
    ),
    "parked and queued: the queued one is newer": (
        over(mutation(text="rice"), parked=(TO_SOY,), text="rice"),
        NEW,
        Decision(Case.REBASE, show=NEW._replace(text="rice"), base=NEW),
    ),
    "deleted elsewhere, an edit waits here": (over(TO_SOY, text="soy"), TOMBSTONE, Decision(Case.KEEP, bury=9)),
    "deleted elsewhere, an edit is parked here": (over(parked=(TO_SOY,), text="soy"), TOMBSTONE, Decision(Case.KEEP, bury=9)),
    "deleted elsewhere, a delete waits here": (Local(5, UNKNOWN, None, OLD, (GONE,)), TOMBSTONE, Decision(Case.KEEP, bury=9)),
    "made anew elsewhere, an edit is parked here": (
        over(parked=(TO_SOY,), buried=9, text="soy"),
        server_row(version=10),
        Decision(Case.REBASE, show=server_row(version=10, text="soy"), base=server_row(version=10)),
    ),
}


@pytest.mark.parametrize(("local", "row", "expected"), INCOMING.values(), ids=INCOMING.keys())
def test_a_row_comes(local: Local, row: ServerRow, expected: Decision) -> None:
    assert incoming(local, row) == expected


AFTER = OLD._replace(text="soy", row_version=8)
DELETED_ROW = json.dumps({"completed": False, "created_at": 100, "text": "oat milk"})
ANSWERED = {
    "applied": (over(text="soy"), TO_SOY, answer(TO_SOY, before=OLD, row=AFTER), Decision(Case.ACKNOWLEDGE, show=AFTER)),
    "applied; another field had changed elsewhere": (
        over(text="soy"),
        TO_SOY,
        answer(TO_SOY, before=OLD._replace(completed=True), row=AFTER._replace(completed=True)),
        Decision(Case.ACKNOWLEDGE, show=AFTER._replace(completed=True)),
    ),
    "applied; the same field had changed elsewhere: that value lost": (
        over(text="soy"),
        TO_SOY,
        answer(TO_SOY, before=NEW, row=AFTER),
        Decision(Case.ACKNOWLEDGE, show=AFTER, lost=(Lost("text", "oat milk", "soy"),)),
    ),
    "applied; the same value had been written elsewhere: nothing lost": (
        over(text="soy"),
        TO_SOY,
        answer(TO_SOY, before=NEW._replace(text="soy"), row=AFTER),
        Decision(Case.ACKNOWLEDGE, show=AFTER),
    ),
    "applied; a lost truth value is JSON": (
        over(completed=False),
        mutation(base={"completed": True}, completed=True),
        Answer("", Outcome.APPLIED, before=OLD, row=AFTER._replace(completed=True)),
        Decision(Case.ACKNOWLEDGE, show=AFTER._replace(completed=True), lost=(Lost("completed", "false", "true"),)),
    ),
    "applied, another edit waits: it stays on top, over the new base": (
        over(DONE, completed=True, text="soy"),
        TO_SOY,
        answer(TO_SOY, before=OLD, row=AFTER),
        Decision(Case.ACKNOWLEDGE, show=AFTER._replace(completed=True), base=AFTER),
    ),
    "applied, and a newer row was pulled meanwhile": (
        Local(12, UNKNOWN, server_row(version=12), server_row(version=12), ()),
        TO_SOY,
        answer(TO_SOY, before=OLD, row=AFTER),
        Decision(Case.ACKNOWLEDGE, show=server_row(version=12)),
    ),
    "applied, a delete waits: it stays off the screen": (
        Local(5, UNKNOWN, None, OLD, (GONE,)),
        TO_SOY,
        answer(TO_SOY, before=OLD, row=AFTER),
        Decision(Case.ACKNOWLEDGE, show=None, base=AFTER),
    ),
    "a repeated request: the first answer's conflict is not lost": (
        over(text="soy"),
        TO_SOY,
        answer(TO_SOY, before=NEW, row=AFTER._replace(row_version=20, text="later"), duplicate=True),
        Decision(Case.ACKNOWLEDGE, show=AFTER._replace(row_version=20, text="later"), lost=(Lost("text", "oat milk", "soy"),)),
    ),
    "a repeated request, deleted elsewhere since": (
        over(text="soy", buried=9),
        TO_SOY,
        answer(TO_SOY, before=OLD, duplicate=True),
        Decision(Case.TOMBSTONE),
    ),
    "a repeated request, deleted elsewhere since, another edit waits": (
        over(DONE, completed=True, buried=9),
        TO_SOY,
        answer(TO_SOY, before=OLD, duplicate=True),
        Decision(Case.ACKNOWLEDGE, show=OLD._replace(completed=True), base=OLD._replace(text="soy")),
    ),
    "a create": (
        Local(shown=server_row(version=UNKNOWN)),
        MADE,
        answer(MADE, row=AFTER),
        Decision(Case.ACKNOWLEDGE, show=AFTER),
    ),
    "a create that exists: the server's value won": (
        Local(shown=server_row(version=UNKNOWN)),
        MADE,
        answer(MADE, Outcome.EXISTS, row=NEW),
        Decision(Case.ACKNOWLEDGE, show=NEW, lost=(Lost("text", "soy", "oat milk"),)),
    ),
    "a create that exists with the same values": (
        Local(shown=server_row(version=UNKNOWN)),
        MADE,
        answer(MADE, Outcome.EXISTS, row=AFTER),
        Decision(Case.ACKNOWLEDGE, show=AFTER),
    ),
    "an edit of a deleted todo is parked, never resurrected": (
        over(text="soy", buried=9),
        TO_SOY,
        answer(TO_SOY, Outcome.GONE),
        Decision(Case.PARK, show=OLD._replace(text="soy"), base=OLD, bury=OLD.row_version + 1, park=DELETED_ELSEWHERE),
    ),
    "a repeated edit of a deleted todo that was made anew since": (
        over(text="soy"),
        TO_SOY,
        answer(TO_SOY, Outcome.GONE, row=NEW, duplicate=True),
        Decision(Case.PARK, show=OLD._replace(text="soy"), base=OLD, park=DELETED_ELSEWHERE),
    ),
    "a repeated create of a todo that was made elsewhere and has been deleted since": (
        over(text="soy"),
        MADE,
        answer(MADE, Outcome.EXISTS, duplicate=True),
        Decision(Case.PARK, show=OLD._replace(text="soy"), base=OLD, bury=OLD.row_version + 1, park=DELETED_ELSEWHERE),
    ),
    "an edit of a todo whose create was refused": (
        Local(shown=server_row(version=UNKNOWN, text="soy"), parked=(MADE,)),
        DONE,
        answer(DONE, Outcome.GONE),
        Decision(Case.PARK, show=server_row(version=UNKNOWN, text="soy"), park=NOT_MADE),
    ),
    "a refused edit stays on the screen": (
        over(text="soy"),
        TO_SOY,
        answer(TO_SOY, Outcome.REFUSED, reason="Too long."),
        Decision(Case.PARK, show=OLD._replace(text="soy"), base=OLD, park="Too long."),
    ),
    "a refused create stays on the screen": (
        Local(shown=server_row(version=UNKNOWN)),
        MADE,
        answer(MADE, Outcome.REFUSED, reason="No."),
        Decision(Case.PARK, show=server_row(version=UNKNOWN), park="No."),
    ),
    "a refused edit that a later one wrote over": (
        over(mutation(text="rice"), text="rice"),
        TO_SOY,
        answer(TO_SOY, Outcome.REFUSED, reason="No."),
        Decision(Case.SUPERSEDED, show=OLD._replace(text="rice"), base=OLD),
    ),
    "a refused edit of another field than the later one's": (
        over(DONE, text="soy", completed=True),
        TO_SOY,
        answer(TO_SOY, Outcome.REFUSED, reason="No."),
        Decision(Case.PARK, show=OLD._replace(text="soy", completed=True), base=OLD, park="No."),
    ),
    "a refused edit of two fields of which a later one wrote over one": (
        over(mutation(text="rice"), text="rice", completed=True),
        mutation(base={"text": "milk", "completed": False}, text="soy", completed=True),
        Answer("", Outcome.REFUSED, reason="No."),
        Decision(Case.PARK, show=OLD._replace(text="rice", completed=True), base=OLD, park="No.", overwritten=frozenset({"text"})),
    ),
    "a refused edit of a todo that the user deleted since": (
        Local(5, UNKNOWN, None, OLD, (GONE,)),
        TO_SOY,
        answer(TO_SOY, Outcome.REFUSED, reason="No."),
        Decision(Case.SUPERSEDED, show=None, base=OLD),
    ),
    "a refused create, edited since, is not superseded by the edit": (
        Local(shown=server_row(version=UNKNOWN, text="rice"), pending=(mutation(text="rice", completed=True),)),
        MADE,
        answer(MADE, Outcome.REFUSED, reason="No."),
        Decision(Case.PARK, show=server_row(version=UNKNOWN, text="rice"), park="No."),
    ),
    "a delete": (Local(5, UNKNOWN, None, OLD), GONE, answer(GONE, before=OLD), Decision(Case.DELETED, bury=5)),
    "a delete of what was deleted elsewhere": (Local(5, UNKNOWN, None, OLD), GONE, answer(GONE, Outcome.GONE), Decision(Case.DELETED)),
    "a delete of what had changed elsewhere: it wins, the row is kept as lost": (
        Local(5, UNKNOWN, None, OLD),
        GONE,
        answer(GONE, before=NEW),
        Decision(Case.DELETED, bury=9, lost=(Lost("todo", DELETED_ROW, ""),)),
    ),
    "a delete, made anew here since": (
        Local(5, UNKNOWN, server_row(version=UNKNOWN), OLD, (MADE,)),
        GONE,
        answer(GONE, before=OLD),
        Decision(Case.DELETED, show=server_row(version=UNKNOWN), bury=5),
    ),
    "a repeated delete, made anew elsewhere since": (
        Local(5, UNKNOWN, None, OLD),
        GONE,
        answer(GONE, before=OLD, row=server_row(version=11), duplicate=True),
        Decision(Case.ACKNOWLEDGE, show=server_row(version=11), bury=5),
    ),
    "a delete of what was deleted elsewhere, undone since": (
        Local(5, UNKNOWN, server_row(version=UNKNOWN), OLD, (MADE,)),
        GONE,
        answer(GONE, Outcome.GONE),
        Decision(Case.DELETED, show=server_row(version=UNKNOWN)),
    ),
    "a repeated delete, undone since, and that has reached the server too": (
        Local(5, UNKNOWN, server_row(version=UNKNOWN, text="soy"), OLD, (MADE,)),
        GONE,
        answer(GONE, before=OLD, row=server_row(version=11, text="soy"), duplicate=True),
        Decision(Case.ACKNOWLEDGE, show=server_row(version=11, text="soy"), base=server_row(version=11, text="soy"), bury=5),
    ),
    "a refused delete that was undone since: nobody waits for it": (
        Local(5, UNKNOWN, server_row(version=UNKNOWN), OLD, (MADE,)),
        GONE,
        answer(GONE, Outcome.REFUSED, reason="No."),
        Decision(Case.SUPERSEDED, show=server_row(version=UNKNOWN), base=OLD),
    ),
    "an edit of a todo that was deleted elsewhere, and made anew here since": (
        Local(5, 9, server_row(version=UNKNOWN, text="soy"), OLD, (MADE,)),
        TO_SOY,
        answer(TO_SOY, Outcome.GONE),
        Decision(Case.SUPERSEDED, show=server_row(version=UNKNOWN, text="soy"), base=OLD),
    ),
    "a refused delete brings the row back": (
        Local(9, UNKNOWN, None, NEW),
        GONE,
        answer(GONE, Outcome.REFUSED, reason="No."),
        Decision(Case.PARK, show=NEW, base=NEW, park="No."),
    ),
}


@pytest.mark.parametrize(("local", "sent", "got", "expected"), ANSWERED.values(), ids=ANSWERED.keys())
def test_a_push_is_answered(local: Local, sent: Mutation, got: Answer, expected: Decision) -> None:
    assert answered(local, sent, got) == expected


REPAIRED = {
    "a row that was missed": (Local(), NEW, Decision(Case.APPLY, show=NEW)),
    "a newer row that was missed": (SYNCED, NEW, Decision(Case.APPLY, show=NEW)),
    "the same version with another text: what is overruled is kept": (
        SYNCED,
        server_row(text="oat milk"),
        Decision(Case.APPLY, show=server_row(text="oat milk"), lost=(Lost("text", "milk", "oat milk"),)),
    ),
    "an older row: the server was set back": (
        Local(row_version=9, shown=NEW),
        OLD,
        Decision(Case.APPLY, show=OLD, lost=(Lost("text", "oat milk", "milk"),)),
    ),
    "a row that was taken for deleted": (Local(buried=9), OLD, Decision(Case.APPLY, show=OLD)),
    "below an edit, which stays": (over(DONE, completed=True), NEW, Decision(Case.REBASE, show=NEW._replace(completed=True), base=NEW)),
    "a tombstone that was missed": (SYNCED, TOMBSTONE, Decision(Case.TOMBSTONE, bury=9)),
    "a tombstone older than the row": (Local(row_version=10, shown=NEW), TOMBSTONE, Decision(Case.ASK)),
    "a row that the server does not have, and no tombstone": (SYNCED, None, Decision(Case.ASK)),
    "the same below an edit": (over(DONE, completed=True), None, Decision(Case.KEEP, bury=5)),
    "the same, and nothing on the screen": (Local(row_version=5, base=OLD), None, Decision(Case.TOMBSTONE)),
}


@pytest.mark.parametrize(("local", "row", "expected"), REPAIRED.values(), ids=REPAIRED.keys())
def test_a_difference_is_repaired(local: Local, row: ServerRow | None, expected: Decision) -> None:
    assert repaired(local, row) == expected


def test_every_case_is_in_the_table() -> None:
    assert {row[-1].case for table in (INCOMING.values(), ANSWERED.values(), REPAIRED.values()) for row in table} == set(Case)
