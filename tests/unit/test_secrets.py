"""Secrets with keyrings that work, lie, fail and hang. The keyring library is the real one; its back-ends are ours."""

import asyncio
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest
from keyring.errors import PasswordDeleteError

from devots_desktop.domain.account import Account, AccountKind, SecretStore
from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.domain.finding import Level
from devots_desktop.services.doctor import keeping
from devots_desktop.services.secrets import MOST, Secrets
from devots_desktop.store.profile import Profile

SECRET = {"token": "t" * 32, "login_password": "hunter2"}
Install = Callable[[keyring.backend.KeyringBackend], None]


class Box(keyring.backend.KeyringBackend):
    """A keyring that works."""

    priority = 1  # type: ignore[assignment, unused-ignore]  # a class property in the library, seen only where the whole package is

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.threads: set[str] = set()

    def get_password(self, service: str, username: str) -> str | None:
        self.threads.add(threading.current_thread().name)
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError


class Truncating(Box):
    """A keyring that keeps less than it is given."""

    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password[:20])


class Broken(Box):
    """A keyring that raises what no documentation names, with the secret in it."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise OSError(1783, password)


class Hanging(Box):
    """A keyring whose prompt nobody answers."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.answered.wait(30)
        return None


@pytest.fixture
def install() -> Iterator[Install]:
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return Profile(tmp_path / "profile")


def account(kept: SecretStore = SecretStore.KEYRING) -> Account:
    return Account("a1", AccountKind.POSTGRES, "Ada · db", secrets=kept)


def test_the_keyring_keeps_a_secret_for_the_next_start_and_is_never_asked_on_this_thread(profile: Profile, install: Install) -> None:
    box = Box()
    install(box)
    asyncio.run(Secrets(profile).set(account(), SECRET))
    assert asyncio.run(Secrets(profile).get(account())) == SECRET
    assert threading.current_thread().name not in box.threads


def test_forgetting_deletes_from_the_keyring_and_may_be_repeated(profile: Profile, install: Install) -> None:
    box = Box()
    install(box)
    asyncio.run(Secrets(profile).set(account(), SECRET))
    asyncio.run(Secrets(profile).forget(account()))
    asyncio.run(Secrets(profile).forget(account()))
    assert not box.kept
    assert asyncio.run(Secrets(profile).get(account())) is None


def test_what_a_copy_for_another_thread_keeps_in_memory_is_there_for_the_first_too(profile: Profile) -> None:
    mine, kept = Secrets(profile), account(SecretStore.MEMORY)
    asyncio.run(mine.set(kept, SECRET))
    theirs = mine.copy(timeout=1)
    asyncio.run(theirs.set(kept, SECRET | {"token": "renewed"}))
    assert asyncio.run(mine.get(kept)) == SECRET | {"token": "renewed"}


@pytest.mark.parametrize("backend", [Truncating, Broken])
def test_a_keyring_that_does_not_keep_the_secret_is_noticed_and_the_secret_not_told(
    profile: Profile, install: Install, backend: type[Box]
) -> None:
    install(backend())
    with pytest.raises(AccountUnusable) as failure:
        asyncio.run(Secrets(profile).set(account(), SECRET))
    assert "hunter2" not in str(failure.value)
    assert "private file" in failure.value.next_step


def test_no_keyring_at_all_is_said_with_the_ways_out(profile: Profile) -> None:
    # The tests' environment names the back-end "fail".
    with pytest.raises(AccountUnusable, match=r"NoKeyringError.*memory.*private file"):
        asyncio.run(Secrets(profile).set(account(), SECRET))


def test_a_keyring_that_never_answers_is_given_up(profile: Profile, install: Install) -> None:
    hanging = Hanging()
    install(hanging)
    with pytest.raises(AccountUnusable, match="did not answer"):
        asyncio.run(Secrets(profile, timeout=0.05).get(account()))
    hanging.answered.set()


def test_a_secret_that_no_windows_keyring_could_hold_is_not_written(profile: Profile, install: Install) -> None:
    box = Box()
    install(box)
    with pytest.raises(AccountUnusable):
        asyncio.run(Secrets(profile).set(account(), {"token": "x" * MOST}))
    assert not box.kept


def test_a_file_is_private_and_written_only_when_asked_for(profile: Profile) -> None:
    asyncio.run(Secrets(profile).set(account(SecretStore.MEMORY), SECRET))
    assert not list(profile.folder.rglob("*secret*"))
    asyncio.run(Secrets(profile).set(account(SecretStore.FILE), SECRET))
    (file,) = profile.folder.rglob("*secret*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert asyncio.run(Secrets(profile).get(account(SecretStore.FILE))) == SECRET


def test_what_cannot_be_read_any_more_is_as_gone_as_what_was_deleted(profile: Profile) -> None:
    asyncio.run(Secrets(profile).set(account(SecretStore.FILE), SECRET))
    (file,) = profile.folder.rglob("*secret*")
    file.write_text(file.read_text(encoding="utf-8")[:-1], encoding="utf-8")
    assert asyncio.run(Secrets(profile).get(account(SecretStore.FILE))) is None


def test_memory_is_gone_with_the_program(profile: Profile) -> None:
    secrets = Secrets(profile)
    asyncio.run(secrets.set(account(SecretStore.MEMORY), SECRET))
    secrets.stale(account(SecretStore.MEMORY))
    assert asyncio.run(secrets.get(account(SecretStore.MEMORY))) == SECRET
    assert asyncio.run(Secrets(profile).get(account(SecretStore.MEMORY))) is None


def test_what_another_process_wrote_is_read_after_stale(profile: Profile) -> None:
    here, there = Secrets(profile), Secrets(profile)
    asyncio.run(here.set(account(SecretStore.FILE), SECRET))
    asyncio.run(there.set(account(SecretStore.FILE), SECRET | {"token": "new"}))
    here.stale(account(SecretStore.FILE))
    assert asyncio.run(here.get(account(SecretStore.FILE))) == SECRET | {"token": "new"}


class TestExamined:
    """What the doctor says of the keyring."""

    def test_one_that_works_holds_nothing_more_afterwards(self, profile: Profile, install: Install) -> None:
        box = Box()
        install(box)
        asyncio.run(Secrets(profile).set(account(), SECRET))
        before = dict(box.kept)
        assert asyncio.run(keeping.examine(account(), Secrets(profile))).level is Level.OK
        assert box.kept == before

    @pytest.mark.parametrize("backend", [Truncating, Broken, Hanging])
    def test_one_that_lies_fails_or_hangs(self, profile: Profile, install: Install, backend: type[Box]) -> None:
        installed = backend()
        install(installed)
        found = asyncio.run(keeping.examine(account(), Secrets(profile, timeout=0.05 if backend is Hanging else 10)))
        assert (found.level, "private file" in found.next_step) == (Level.WRONG, True)
        if isinstance(installed, Hanging):
            installed.answered.set()

    @pytest.mark.parametrize("kept", [SecretStore.FILE, SecretStore.MEMORY])
    def test_none_is_asked_where_none_is_used(self, profile: Profile, kept: SecretStore) -> None:
        assert asyncio.run(keeping.examine(account(kept), Secrets(profile))).level is Level.OK
