"""A pull that costs the server a quarter."""

from devots_desktop.remote.postgres.steps import steps, steps_back

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    with steps() as run:
        run.script("0006_pull")


def downgrade() -> None:
    with steps_back() as run:
        run.script("0006_down")
        run.script("0003_pull")
