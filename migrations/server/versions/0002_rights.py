"""Row-level security and rights.

"Who is asking" (devots.uid and, for direct sign-in, devots.session_user_id) stands here and not beside the sign-in of 0004: the policies of
this revision cannot be written without it, and the tables of 0003 are never to exist without a policy. What 0004 adds only makes the
sessions that are looked up here.
"""

from devots_desktop.remote.postgres.steps import steps, steps_back

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with steps() as run:
        run.script(f"0002_who_{run.flavour}")
        run.script("0002_need_uid")
        run.script("0002_todo")
        if run.flavour == "portal":
            run.script("0002_portal")


def downgrade() -> None:
    with steps_back() as run:
        run.script("0002_down")
