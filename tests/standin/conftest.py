"""Clients of the Supabase stand-in: the library that the program uses, bare HTTP, and the owner of the tables."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import psycopg
import pytest

from tests.servers.supabase import NO_TLS, SupabaseServer
from tests.standin.hearing import FENCED
from tests.standin.library import Library

People = Callable[..., Library]


@pytest.fixture
def library(plain_project: SupabaseServer) -> Iterator[Library]:
    """A client that nobody has signed in with."""
    with ExitStack() as stack:
        yield stack.enter_context(Library.of(plain_project))


@pytest.fixture
def people(plain_project: SupabaseServer) -> Iterator[People]:
    """Makes clients that somebody new has signed in with, by name."""
    with ExitStack() as stack:

        def make(name: str) -> Library:
            made = stack.enter_context(Library.of(plain_project))
            made.client.auth.sign_up({"email": f"{name}@example.org", "password": "correct horse"})
            return made

        yield make


@pytest.fixture
def http(plain_project: SupabaseServer) -> Iterator[httpx.Client]:
    """Requests of nobody, with the project's key."""
    with httpx.Client(base_url=plain_project.url, headers={"apikey": plain_project.publishable_key}, verify=NO_TLS) as client:
        yield client


@pytest.fixture
def server(plain_project: SupabaseServer) -> SupabaseServer:
    """A project with a plain todo table, and the fence beside it."""
    with plain_project.database.connect() as owner:
        owner.execute(FENCED)
    return plain_project


@pytest.fixture
def owner(server: SupabaseServer) -> Iterator[psycopg.Connection]:
    """The owner of the tables, in autocommit."""
    with server.database.connect() as connection:
        yield connection
