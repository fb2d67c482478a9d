"""The server's tables as typed models: the portal's five and the two of sync.

Names of constraints and indexes are those of the migrations; a test compares both. Timestamps without zone are UTC.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Text, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

HEAD = "0006"
"""The revision that this program works with. Revisions are four digits, so the greater one is the newer."""


class Base(DeclarativeBase):
    """All tables of schema public that the program knows."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text, dict[str, Any]: JSONB}


def _of_user(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["user_id"], ["user.id"], name=f"{table}_user_id_user_id_fk", ondelete="CASCADE")


class User(Base):
    """A person of the portal (Better Auth)."""

    __tablename__ = "user"
    __table_args__ = (PrimaryKeyConstraint("id", name="user_pkey"), UniqueConstraint("email", name="user_email_unique"))

    id: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    email_verified: Mapped[bool] = mapped_column(server_default=sql("false"))
    image: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Session(Base):
    """A signed-in browser or program. `token` is what proves it."""

    __tablename__ = "session"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="session_pkey"),
        UniqueConstraint("token", name="session_token_unique"),
        _of_user("session"),
        Index("session_userId_idx", "user_id"),
    )

    id: Mapped[str]
    expires_at: Mapped[datetime]
    token: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime]
    ip_address: Mapped[str | None]
    user_agent: Mapped[str | None]
    user_id: Mapped[str]


class Account(Base):
    """A way in for a person. With provider "credential", `password` is "salt:key" (password.py)."""

    __tablename__ = "account"
    __table_args__ = (PrimaryKeyConstraint("id", name="account_pkey"), _of_user("account"), Index("account_userId_idx", "user_id"))

    id: Mapped[str]
    account_id: Mapped[str]
    provider_id: Mapped[str]
    user_id: Mapped[str]
    access_token: Mapped[str | None]
    refresh_token: Mapped[str | None]
    id_token: Mapped[str | None]
    access_token_expires_at: Mapped[datetime | None]
    refresh_token_expires_at: Mapped[datetime | None]
    scope: Mapped[str | None]
    password: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime]


class Verification(Base):
    """A pending confirmation of Better Auth; this program never touches it."""

    __tablename__ = "verification"
    __table_args__ = (PrimaryKeyConstraint("id", name="verification_pkey"), Index("verification_identifier_idx", "identifier"))

    id: Mapped[str]
    identifier: Mapped[str]
    value: Mapped[str]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Todo(Base):
    """A todo. The supabase flavour has no foreign key: a subject of Supabase Auth has no row in "user"."""

    __tablename__ = "todo"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="todo_pkey"),
        _of_user("todo"),
        Index("todo_client", "user_id", "client_id", unique=True),
        Index("todo_version", "user_id", "row_version", "client_id"),
    )

    id: Mapped[int] = mapped_column(autoincrement=True)
    text: Mapped[str]
    completed: Mapped[bool] = mapped_column(server_default=sql("false"))
    user_id: Mapped[str] = mapped_column(server_default=sql("devots.uid()"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    row_version: Mapped[int] = mapped_column(BigInteger, server_default=sql("0"))
    client_id: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())


class TodoTombstone(Base):
    """What remains of a deleted todo, for ever: a re-created one is stamped above it."""

    __tablename__ = "todo_tombstone"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "client_id", name="todo_tombstone_pkey"),
        Index("todo_tombstone_version", "user_id", "row_version", "client_id"),
    )

    user_id: Mapped[str]
    client_id: Mapped[UUID]
    todo_id: Mapped[int]
    row_version: Mapped[int] = mapped_column(BigInteger)


class TodoMutation(Base):
    """A mutation that was applied, with the answer it got, so that it is applied once."""

    __tablename__ = "todo_mutation"
    __table_args__ = (PrimaryKeyConstraint("user_id", "mutation_id", name="todo_mutation_pkey"),)

    user_id: Mapped[str] = mapped_column(server_default=sql("devots.uid()"))
    mutation_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    answer: Mapped[dict[str, Any] | None]
