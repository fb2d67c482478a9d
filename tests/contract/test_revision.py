"""A migration of ours is begun from what the models have and a database lacks; other tables are nobody's business."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from devots_desktop.domain.errors import AccountUnusable, NotMigrated
from devots_desktop.remote.postgres import migrate
from devots_desktop.remote.postgres.owner import revision
from devots_desktop.remote.postgres.schema import HEAD
from tests.servers.fixtures import VERSIONS, Servers
from tests.servers.managed import Managed

ROOT = Path(__file__).parents[2]
NEXT = f"{int(HEAD) + 1:04}"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations, where a file more does no harm; its folder of revisions."""
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(revision, "bundled", tmp_path.joinpath)
    return tmp_path / "migrations" / "server" / "versions"


@pytest.fixture
def migrated(servers: Servers) -> Iterator[Managed]:
    made = servers.managed(VERSIONS[-1], "portal")
    yield made
    made.database.server.drop_database(made.database)


def test_what_the_database_lacks_becomes_steps_up_and_down(clone: Path, migrated: Managed) -> None:
    with migrated.owner() as owner:
        owner.execute('alter table verification drop column value; create table somebody_elses(id int); create table "Another"(id int)')
    path = migrate.begin_revision(migrated.database.url(), "Values of verifications")
    assert path == clone / f"{NEXT}_values_of_verifications.py"
    text = path.read_text()
    assert text.startswith('"""Values of verifications."""')
    assert f'revision = "{NEXT}"\ndown_revision = "{HEAD}"' in text
    up, down = text.split("def downgrade()")
    assert "ALTER TABLE verification ADD COLUMN value TEXT NOT NULL" in up
    assert "ALTER TABLE verification DROP COLUMN value" in down
    assert "with steps() as run" in up
    assert "with steps_back() as run" in down
    assert "somebody" not in text
    assert "Another" not in text
    compile(text, path.name, "exec")


def test_where_nothing_differs_the_steps_are_to_be_written(clone: Path, migrated: Managed) -> None:
    text = migrate.begin_revision(migrated.database.url(), "a new function").read_text()
    assert f'run.script("{NEXT}_a_new_function")' in text
    assert f'run.script("{NEXT}_a_new_function_down")' in text


def test_it_needs_a_clone_a_name_and_a_database_of_today(clone: Path, migrated: Managed) -> None:
    url = migrated.database.url()
    with pytest.raises(AccountUnusable, match="no name"):
        migrate.begin_revision(url, "!?")
    migrate.begin_revision(url, "twice")
    with pytest.raises(AccountUnusable, match="there already"):
        migrate.begin_revision(url, "twice")
    (clone.parents[2] / "pyproject.toml").unlink()
    with pytest.raises(AccountUnusable, match="in a clone"):
        migrate.begin_revision(url, "from a wheel")
    migrate.downgrade(url, "0005")
    with pytest.raises(NotMigrated):
        migrate.begin_revision(url, "too early")
