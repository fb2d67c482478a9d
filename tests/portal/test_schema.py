"""A real portal's database, as Drizzle made it: taken over, upgraded, pushed to by drizzle-kit, and given back."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.rights import REPAIR
from tests.contract.catalogue import SHAPE, catalogue
from tests.portal.client import Asking
from tests.servers import node
from tests.servers.postgres import Database

SCRIPTS = Path(__file__).parents[1] / "servers" / "portal"
NO_CHANGES = "No changes detected"
PUBLIC = "'public'::regnamespace"


@contextmanager
def repository(schema: str) -> Iterator[Path]:
    """A folder with that schema, and the portal's own beside it, from where its packages are found."""
    with TemporaryDirectory(dir=node.packages(SCRIPTS), prefix="schema-") as place:
        for own in (SCRIPTS / "schema").iterdir():
            shutil.copy(own, place)
        (Path(place) / "schema.ts").write_text(schema, encoding="utf-8")
        yield Path(place)


def push(database: Database, schema: str, *options: str) -> str:
    """What drizzle-kit says to it. It asks nobody: where it would, it ends."""
    with repository(schema) as place:
        config = {"dialect": "postgresql", "schema": "./schema.ts", "dbCredentials": {"url": database.url()}}
        (place / "drizzle.config.json").write_text(json.dumps(config), encoding="utf-8")
        command = [*node.package_command(SCRIPTS, "drizzle-kit/bin.cjs"), "push", "--verbose", *options, "--config", "drizzle.config.json"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=50)
        return done.stdout + done.stderr


def own_schema(asking: Asking) -> str:
    """The schema of the portal's own repository."""
    return f'export * from "./{asking.portal.settings.profile}.mjs";\n'


def shape(database: Database) -> list[str]:
    with database.connect() as owner:
        return catalogue(owner, *SHAPE, schemas=PUBLIC)


@pytest.mark.timeout(120)
def test_with_the_printed_schema_a_push_changes_nothing(either: Asking) -> None:
    migrate.upgrade(either.portal.database.url())
    before = shape(either.portal.database)
    said = push(either.portal.database, migrate.drizzle_schema(either.portal.database.url()), "--strict")
    assert NO_CHANGES in said, said
    assert shape(either.portal.database) == before


@pytest.mark.timeout(120)
def test_what_a_push_without_it_does_is_named_and_mended(seed: Asking) -> None:
    migrate.upgrade(seed.portal.database.url())
    without = [line for line in migrate.drizzle_schema(seed.portal.database.url()).splitlines() if "pgPolicy(" not in line]
    said = push(seed.portal.database, "\n".join(without).replace(".enableRLS()", ""), "--force")
    assert 'DROP POLICY "todo_desktop"' in said
    assert 'ALTER TABLE "session" DISABLE ROW LEVEL SECURITY' in said
    found = {each.sentence: each.mend for each in migrate.drifted(seed.portal.database.url())}
    assert found["Row-level security is off on public.session."] == "alter table public.session enable row level security;"
    assert found["The policy todo_desktop on public.todo is missing."] == REPAIR
    assert {f"{sentence} Mend it with: {mend}" for sentence, mend in found.items()} == set(
        migrate.status(seed.portal.database.url()).trouble
    )
    assert migrate.repair(seed.portal.database.url()) == ()
    assert migrate.drifted(seed.portal.database.url()) == []


@pytest.mark.timeout(120)
def test_given_back_it_is_what_drizzle_made(either: Asking) -> None:
    before = shape(either.portal.database)
    migrate.upgrade(either.portal.database.url())
    migrate.downgrade(either.portal.database.url())
    assert shape(either.portal.database) == before
    assert NO_CHANGES in push(either.portal.database, own_schema(either), "--strict")


def test_drizzles_own_journal_is_read(either: Asking) -> None:
    found = migrate.status(either.portal.database.url(), migrations=SCRIPTS / "migrations" / either.portal.settings.profile).drizzle
    assert found is not None
    assert found.applied > 0
    assert (found.waiting, found.skipped, found.edited) == ((), (), ())


def test_what_its_plugins_have_made_does_no_harm(desktop: Asking) -> None:
    result = migrate.adopt(desktop.portal.database.url())
    assert (result.blocking, result.harmless) == ((), ("user.two_factor_enabled (boolean) is more than a portal has",))
    with desktop.portal.database.connect() as owner:
        owner.execute("grant select on jwks, two_factor, device_code to anon")
    migrate.upgrade(desktop.portal.database.url())
    open_ones = [each for each in migrate.drifted(desktop.portal.database.url()) if "is open to anon" in each.sentence]
    assert [each.sentence.split()[2].strip(",") for each in open_ones] == ["public.device_code", "public.jwks", "public.two_factor"]
    with desktop.portal.database.connect() as owner:
        for each in open_ones:
            owner.execute(each.mend.encode())
    assert all(not each.harms for each in migrate.drifted(desktop.portal.database.url()))
