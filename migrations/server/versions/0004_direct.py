"""Direct sign-in and notification: for PostgreSQL accounts, so only in the portal flavour."""

from devots_desktop.remote.postgres.steps import steps, steps_back

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with steps() as run:
        if run.flavour == "portal":
            run.script("0004_sign_in")
            run.script("0004_notify")


def downgrade() -> None:
    with steps_back() as run:
        if run.flavour == "portal":
            run.script("0004_down")
