"""What is secret of a Supabase account, sought in all that real processes leave behind and show: those of the command line, and a window that is killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.devots import ROOT
from tests.servers.fixtures import Servers, newest
from tests.servers.supabase import SupabaseServer
from tests.window.program import Window

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"), pytest.mark.timeout(120)]

EMAIL, PASSWORD, TEXT = "ada@example.org", "correct horse battery", "buy a ring for Grace"
DAY_S = 86_400
TOKEN = "eyJhbGciOi"  # How every JSON Web Token begins, access tokens among them.


@dataclass(frozen=True, slots=True)
class Place:
    """Where the processes of the test live.

    Attributes:
        seen: what they said, were started with and had in their environment.
    """

    folder: Path
    seen: list[bytes]

    def environ(self) -> dict[str, str]:
        home, temporary = self.folder / "home", self.folder / "tmp"
        for each in (home, temporary):
            each.mkdir(exist_ok=True)
        return os.environ | {
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "PYTHON_KEYRING_BACKEND": "tests.e2e.file_keyring.FileKeyring",
            "DEVOTS_TEST_KEYRING": str(self.folder / "keyring"),
        }

    def command(self, *arguments: str) -> list[str]:
        told = str(self.folder / "told")
        broken = ["--broken"] if "--broken" in arguments else []
        rest = arguments[len(broken) :]
        return [sys.executable, "-m", "tests.e2e.observed", told, *broken, "--profile", str(self.folder / "profile"), *rest]

    def run(self, *arguments: str, stdin: str = "", code: int = 0) -> None:
        """Run a command; all but what it answers to whoever asks is looked at."""
        done = subprocess.run(
            self.command(*arguments), input=stdin.encode(), capture_output=True, env=self.environ(), cwd=ROOT, timeout=50, check=False
        )
        self.seen.append(done.stdout + done.stderr)
        assert done.returncode == code, done.stderr

    def watch(self, *arguments: str) -> None:
        """A window that is live is looked at from outside, and killed."""
        with Window("window", self.command(*arguments), self.environ()) as window:
            window.live()
            process = Path(f"/proc/{window.process.pid}")
            self.seen.extend([(process / "cmdline").read_bytes(), (process / "environ").read_bytes()])
            window.kill()
            self.seen.append(window.errors().encode())

    def left(self) -> Iterator[tuple[str, bytes]]:
        """All that is there but the cache, its backups, the keyring and the file that the caller has named."""
        for path in self.folder.rglob("*"):
            ours = path.name.startswith("cache.sqlite3") or "backups" in path.parts
            if path.is_file() and not ours and path not in {self.folder / "keyring", self.folder / ".env"}:
                yield str(path.relative_to(self.folder)), path.read_bytes()
        yield from ((f"process {number}", shown) for number, shown in enumerate(self.seen))


@pytest.fixture
def project(servers: Servers) -> Iterator[SupabaseServer]:
    with servers.project(newest(), "managed") as made:
        yield made


def test_nothing_secret_is_left_or_shown_by_any_process(tmp_path_factory: pytest.TempPathFactory, project: SupabaseServer) -> None:
    # A short name: the window's socket lies below it, and the path of a socket has 107 characters at the most.
    tmp_path = tmp_path_factory.mktemp("c")
    place = Place(tmp_path, [])
    (tmp_path / ".env").write_text(f"SUPABASE_URL={project.url}\nSUPABASE_ANON_KEY={project.anon_key}\n", encoding="utf-8")
    named = "--env-file", str(tmp_path / ".env"), "--email", EMAIL, "--password-stdin", "--sign-up"
    place.run("accounts", "add", "supabase", *named, stdin=f"{PASSWORD}\n")
    with project.database.connect("postgres") as owner:
        owner.execute("insert into todo(text, user_id) select %s, id::text from auth.users", [TEXT])
    place.run("sync", "--once")
    place.run("doctor")
    place.watch()
    project.clock.advance(DAY_S)
    place.run("--broken", "sync", "--once", code=1)
    with project.database.connect("postgres") as admin:
        tokens = [token for (token,) in admin.execute("select token from auth.refresh_tokens").fetchall()]
    secrets = [PASSWORD, project.anon_key, TEXT, TOKEN, *tokens]
    left = dict(place.left())
    assert any(name.startswith("profile/crashes/") for name in left), list(left)
    assert "profile/logs/devots.log" in left
    assert "told" in left
    assert any(token in (tmp_path / "keyring").read_text() for token in tokens)
    assert [(name, secret[:8]) for name, content in left.items() for secret in secrets if secret.encode() in content] == []
