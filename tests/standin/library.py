"""supabase-py, with what came over the wire beside what it makes of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx
from supabase import Client, ClientOptions, create_client

from tests.servers.supabase import NO_TLS, SupabaseServer


@dataclass(frozen=True, slots=True)
class Library:
    """A client of its own.

    Attributes:
        answers: what came, the newest last.
    """

    client: Client
    answers: list[httpx.Response]

    @classmethod
    @contextmanager
    def of(cls, project: SupabaseServer, key: str | None = None) -> Iterator[Self]:
        answers: list[httpx.Response] = []
        with httpx.Client(event_hooks={"response": [answers.append]}, timeout=20, verify=NO_TLS) as http:
            options = ClientOptions(auto_refresh_token=False, persist_session=False, httpx_client=http, postgrest_client_retry=False)
            yield cls(create_client(project.url, key or project.publishable_key, options), answers)

    def rows(self, request: Any) -> list[dict[str, Any]]:
        """What a request answers, which is a list."""
        data = request.execute().data
        assert isinstance(data, list)
        return data

    @property
    def last(self) -> httpx.Response:
        return self.answers[-1]

    @property
    def user_id(self) -> str:
        session = self.client.auth.get_session()
        assert session is not None
        return session.user.id

    @property
    def refresh_token(self) -> str:
        session = self.client.auth.get_session()
        assert session is not None
        return session.refresh_token

    @property
    def access_token(self) -> str:
        session = self.client.auth.get_session()
        assert session is not None
        return session.access_token
