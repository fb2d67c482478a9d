"""The verbs of a database's owner, for `devots db`. Loaded only when asked for: SQLAlchemy and Alembic take most of a second."""

from devots_desktop.remote.postgres.migrate import DatabaseStatus, UpgradeResult, set_sign_up, status, upgrade
from devots_desktop.remote.postgres.roles import RolesMissing
from devots_desktop.remote.postgres.trouble import RightsInTheWay

__all__ = ["DatabaseStatus", "RightsInTheWay", "RolesMissing", "UpgradeResult", "set_sign_up", "status", "upgrade"]
