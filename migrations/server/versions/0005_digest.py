"""Comparing a list with the server's without sending either: counts and hashes in ranges, and the rows of some keys."""

from devots_desktop.remote.postgres.steps import steps, steps_back

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with steps() as run:
        run.script("0005_digest")


def downgrade() -> None:
    with steps_back() as run:
        run.script("0005_down")
