"""An account in a Supabase project: signing up, in and out, and every way in which that can be refused."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from devots_desktop.domain.account import Live, SecretStore
from devots_desktop.domain.errors import (
    AccountUnusable,
    ConfirmationNeeded,
    DevotsError,
    TooManyTries,
    Unreachable,
    WrongCredentials,
)
from devots_desktop.services.account import OpenAccount
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.secrets import Secrets
from devots_desktop.services.supabase_form import SupabaseForm, Way
from devots_desktop.store.profile import Profile
from tests.contract.backends import free_port
from tests.contract.devices import in_use, until
from tests.servers.supabase import SupabaseServer
from tests.window.program import ROOT

ADA, PASSWORD = "ada@example.org", "correct horse"


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts(Profile(tmp_path / "profile"))


def form(project: SupabaseServer, **changes: object) -> SupabaseForm:
    entered = {"email": ADA, "password": PASSWORD, "secrets": SecretStore.FILE}
    return SupabaseForm.from_text(project.url, project.publishable_key, **entered | changes)  # type: ignore[arg-type]  # the form's own fields


def refused(accounts: Accounts, entered: SupabaseForm) -> DevotsError:
    """How adding the account fails; nothing is remembered then."""
    with pytest.raises(DevotsError) as failure:
        asyncio.run(accounts.add_supabase(entered))
    assert [account.name for account in accounts.all()] == ["This computer"]
    assert failure.value.next_step
    return failure.value


def at_server(project: SupabaseServer) -> list[str]:
    """The texts of everybody's todos."""
    with project.database.connect() as owner:
        return [text for (text,) in owner.execute("select text from todo order by id").fetchall()]


def sessions(project: SupabaseServer) -> int:
    """How many people are signed in, on all devices."""
    with project.database.connect("postgres") as admin:
        [(count,)] = admin.execute("select count(*) from auth.sessions").fetchall()
    return int(count)


def end_sessions(project: SupabaseServer) -> None:
    """As somebody's "sign out everywhere" does; what was given out before is good for an hour, which passes as well."""
    with project.database.connect("postgres") as admin:
        admin.execute("delete from auth.sessions")
    project.clock.advance(2 * 3_600)


class TestAdding:
    def test_a_person_signs_up_and_the_account_becomes_the_current_one(self, project: SupabaseServer, accounts: Accounts) -> None:
        account = asyncio.run(accounts.add_supabase(form(project, way=Way.SIGN_UP)))
        assert accounts.current() == account
        assert (account.email, account.host) == (ADA, "127.0.0.1")

    @pytest.mark.parametrize("key", ["publishable_key", "anon_key"])
    def test_a_person_signs_in_with_any_case_of_the_email(self, project: SupabaseServer, accounts: Accounts, key: str) -> None:
        ada = project.sign_up(ADA)["user"]["id"]
        account = asyncio.run(accounts.add_supabase(replace(form(project, email=" Ada@Example.ORG "), key=getattr(project, key))))
        assert account.user_id == ada

    def test_wrong_password_and_unknown_email_are_answered_alike(self, project: SupabaseServer, accounts: Accounts) -> None:
        project.sign_up(ADA)
        wrong = refused(accounts, form(project, password="wrong horse"))
        unknown = refused(accounts, form(project, email="nobody@example.org"))
        assert isinstance(wrong, WrongCredentials)
        assert (type(wrong), str(wrong)) == (type(unknown), str(unknown))

    def test_what_the_project_offers_is_known_before_anybody_signs_in(self, project: SupabaseServer, accounts: Accounts) -> None:
        project.settings.autoconfirm = project.settings.sign_up = False
        offered = asyncio.run(accounts.supabase.methods(form(project)))
        assert (offered.email, offered.sign_up, offered.confirms) == (True, False, True)

    def test_another_key_is_not_accepted(self, project: SupabaseServer, accounts: Accounts) -> None:
        error = refused(accounts, replace(form(project), key="sb_publishable_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"))
        assert error.title == "Key not accepted"

    def test_a_secret_key_is_never_sent(self, project: SupabaseServer, accounts: Accounts) -> None:
        project.faults.auth.answers = ["rate_limit"]
        for key in (project.secret_key, project.service_key):
            assert refused(accounts, replace(form(project), key=key)).title == "Not this key"
        assert project.faults.auth.answers == ["rate_limit"]

    def test_nobody_is_there(self, accounts: Accounts, project: SupabaseServer) -> None:
        assert isinstance(
            refused(accounts, SupabaseForm.from_text(f"http://127.0.0.1:{free_port()}", project.anon_key, email=ADA)), Unreachable
        )

    def test_twice_is_once_too_often(self, project: SupabaseServer, accounts: Accounts) -> None:
        asyncio.run(accounts.add_supabase(form(project, way=Way.SIGN_UP)))
        with pytest.raises(AccountUnusable, match="already in the list"):
            asyncio.run(accounts.add_supabase(form(project)))
        assert sessions(project) == 1

    def test_a_session_that_cannot_be_kept_is_ended(
        self, project: SupabaseServer, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def locked(*_: object) -> None:
            raise RuntimeError("locked")

        monkeypatch.setattr(Secrets, "_write", locked)
        assert refused(accounts, form(project, way=Way.SIGN_UP)).title == "Keyring not usable"
        assert sessions(project) == 0

    @pytest.mark.parametrize(
        ("setting", "value", "way", "title"),
        [
            ("sign_up", False, Way.SIGN_UP, "No sign-up"),
            ("email_provider", False, Way.PASSWORD, "No sign-in by e-mail"),
            ("password_length", 40, Way.SIGN_UP, "Password not usable"),
            ("autoconfirm", False, Way.SIGN_UP, "E-mail not confirmed"),
        ],
    )
    def test_what_the_project_does_not_let_in(
        self, project: SupabaseServer, accounts: Accounts, setting: str, value: object, way: Way, title: str
    ) -> None:
        setattr(project.settings, setting, value)
        assert refused(accounts, form(project, way=way)).title == title

    def test_an_email_that_waits_for_its_confirmation(self, project: SupabaseServer, accounts: Accounts) -> None:
        project.settings.autoconfirm = False
        assert isinstance(refused(accounts, form(project, way=Way.SIGN_UP)), ConfirmationNeeded)
        assert isinstance(refused(accounts, form(project)), ConfirmationNeeded)

    def test_a_taken_email_is_said_so_whether_or_not_the_project_does(self, project: SupabaseServer, accounts: Accounts) -> None:
        project.sign_up(ADA)
        assert refused(accounts, form(project, way=Way.SIGN_UP)).title == "E-mail taken"
        project.settings.autoconfirm = False
        assert refused(accounts, form(project, way=Way.SIGN_UP)).title == "E-mail taken"

    def test_too_many_tries_have_a_countdown(self, project: SupabaseServer, accounts: Accounts) -> None:
        project.faults.auth.answers = ["rate_limit"]
        error = refused(accounts, form(project))
        assert isinstance(error, TooManyTries)
        assert error.seconds == 60

    def test_nothing_secret_stands_in_the_list_of_accounts_or_in_a_form_that_is_printed(
        self, project: SupabaseServer, accounts: Accounts, tmp_path: Path
    ) -> None:
        entered = form(project, way=Way.SIGN_UP)
        asyncio.run(accounts.add_supabase(entered))
        printed = repr(entered) + (tmp_path / "profile" / "accounts.json").read_text(encoding="utf-8")
        assert PASSWORD not in printed
        assert project.publishable_key not in printed


class TestCodes:
    """Codes that come by e-mail."""

    def test_a_new_account_is_confirmed_with_the_code_from_the_message(self, project: SupabaseServer, accounts: Accounts) -> None:
        project.settings.autoconfirm = False
        entered = form(project, way=Way.SIGN_UP)
        assert isinstance(refused(accounts, entered), ConfirmationNeeded)
        account = asyncio.run(accounts.add_supabase(replace(entered, code=f" {project.mail[-1].code} ")))
        assert accounts.current() == account

    def test_somebody_signs_in_with_a_code_alone(self, project: SupabaseServer, accounts: Accounts) -> None:
        ada = project.sign_up(ADA)["user"]["id"]
        entered = form(project, way=Way.CODE, password="")
        asyncio.run(accounts.supabase.send_code(entered))
        account = asyncio.run(accounts.add_supabase(replace(entered, code=project.mail[-1].code)))
        assert account.user_id == ada

    @pytest.mark.parametrize("way", [Way.CODE, Way.RESET])
    def test_a_wrong_or_old_code_is_said_so(self, project: SupabaseServer, accounts: Accounts, way: Way) -> None:
        project.sign_up(ADA)
        entered = form(project, way=way)
        asyncio.run(accounts.supabase.send_code(entered))
        sent = project.mail[-1].code
        wrong = "000000" if sent != "000000" else "111111"
        assert refused(accounts, replace(entered, code=wrong)).title == "Code not right"
        project.clock.advance(project.settings.code_seconds + 1)
        assert refused(accounts, replace(entered, code=sent)).title == "Code not right"

    def test_nobody_gets_a_code_who_has_not_signed_up(self, project: SupabaseServer, accounts: Accounts) -> None:
        with pytest.raises(AccountUnusable) as caught:
            asyncio.run(accounts.supabase.send_code(form(project, way=Way.CODE)))
        assert caught.value.title == "No code sent"
        assert not project.mail

    def test_a_second_code_at_once_has_a_countdown(self, project: SupabaseServer, accounts: Accounts) -> None:
        project.sign_up(ADA)
        entered = form(project, way=Way.CODE)
        asyncio.run(accounts.supabase.send_code(entered))
        with pytest.raises(TooManyTries) as caught:
            asyncio.run(accounts.supabase.send_code(entered))
        assert 50 <= caught.value.seconds <= 60

    def test_a_new_password_is_set_with_a_code_and_a_weak_one_does_not_use_the_code_up(
        self, project: SupabaseServer, accounts: Accounts
    ) -> None:
        project.sign_up(ADA, "the old password")
        entered = form(project, way=Way.RESET, password="weak")
        asyncio.run(accounts.supabase.send_code(entered))
        entered = replace(entered, code=project.mail[-1].code)
        assert refused(accounts, entered).title == "Password not usable"
        account = asyncio.run(accounts.add_supabase(replace(entered, password="the new password")))
        assert project.sign_in(ADA, "the new password")["user"]["id"] == account.user_id

        async def work(opened: OpenAccount) -> None:
            await opened.todos.add("milk")
            await until(lambda: at_server(project) == ["milk"], "it was sent")

        project.clock.advance(2 * 3_600)
        in_use(accounts, account, work)

    def test_whoever_has_forgotten_the_password_gets_back_to_their_list(self, project: SupabaseServer, accounts: Accounts) -> None:
        account = asyncio.run(accounts.add_supabase(form(project, way=Way.SIGN_UP)))
        end_sessions(project)
        again = SupabaseForm.again(account, key=project.anon_key, way=Way.RESET, password="the new password")
        asyncio.run(accounts.supabase.send_code(again))
        asyncio.run(accounts.sign_in_supabase(account, replace(again, code=project.mail[-1].code)))
        assert accounts.all()[1:] == [account]


class TestAgain:
    def test_a_refused_session_keeps_all_and_the_same_person_goes_on(self, project: SupabaseServer, accounts: Accounts) -> None:
        account = asyncio.run(accounts.add_supabase(form(project, way=Way.SIGN_UP)))

        async def work(opened: OpenAccount) -> None:
            await opened.todos.add("before")
            await until(lambda: at_server(project) == ["before"], "it was sent")
            end_sessions(project)
            await opened.todos.add("meanwhile")
            await until(lambda: opened.status.live is Live.SIGNED_OUT, "the end of the session is noticed")
            assert opened.lists.counts().open == 2
            await accounts.sign_in_supabase(account, SupabaseForm.again(account, password=PASSWORD))
            opened.signed_in()
            await until(lambda: at_server(project) == ["before", "meanwhile"], "what waited was sent")

        in_use(accounts, account, work)

    def test_another_person_is_not_let_into_this_list(self, project: SupabaseServer, accounts: Accounts) -> None:
        account = asyncio.run(accounts.add_supabase(form(project, way=Way.SIGN_UP)))
        kept = asyncio.run(accounts._secrets.get(account))
        with project.database.connect("postgres") as admin:
            admin.execute("delete from auth.users")
        project.sign_up(ADA)
        with pytest.raises(AccountUnusable) as caught:
            asyncio.run(accounts.sign_in_supabase(account, SupabaseForm.again(account, password=PASSWORD)))
        assert caught.value.title == "Another person"
        assert asyncio.run(accounts._secrets.get(account)) == kept
        assert sessions(project) == 1
        assert asyncio.run(accounts.add_supabase(form(project))).user_id != account.user_id

    def test_where_the_key_went_with_the_keyring_it_is_asked_for(self, project: SupabaseServer, accounts: Accounts) -> None:
        account = asyncio.run(accounts.add_supabase(form(project, way=Way.SIGN_UP)))
        asyncio.run(accounts._secrets.forget(account))
        again = SupabaseForm.again(account, password=PASSWORD)
        with pytest.raises(AccountUnusable) as caught:
            asyncio.run(accounts.sign_in_supabase(account, again))
        assert caught.value.title == "Key missing"
        asyncio.run(accounts.sign_in_supabase(account, SupabaseForm.again(account, password=PASSWORD, key=project.anon_key)))
        assert (asyncio.run(accounts._secrets.get(account)) or {})["key"] == project.anon_key


class TestRemoving:
    def test_this_session_ends_at_the_server_and_no_other(self, project: SupabaseServer, accounts: Accounts) -> None:
        project.sign_up(ADA)
        account = asyncio.run(accounts.add_supabase(form(project)))
        asyncio.run(accounts.remove(account))
        assert [each.name for each in accounts.all()] == ["This computer"]
        assert sessions(project) == 1

    def test_it_goes_while_the_server_is_away(self, project: SupabaseServer, accounts: Accounts) -> None:
        account = asyncio.run(accounts.add_supabase(form(project, way=Way.SIGN_UP)))
        project.faults.auth.offline = True
        asyncio.run(accounts.remove(account))
        assert [each.name for each in accounts.all()] == ["This computer"]


_CONNECTS = """
import asyncio, sys, threading
from pathlib import Path
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.secrets import Secrets
from devots_desktop.store.profile import Profile
class Finder:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is threading.main_thread():
            sought.append(name)
async def main():
    profile = Profile(Path(sys.argv[1]))
    accounts = Accounts(profile)
    remote = await accounts.supabase.connect(accounts.current(), Secrets(profile))
    await remote.pull(0, None, 10)
    await remote.close()
    print(*sorted({name.partition(".")[0] for name in sought if name in sys.modules} - {"devots_desktop", *sys.stdlib_module_names}))
sought = []
sys.meta_path.insert(0, Finder())
asyncio.run(main())
"""


def test_the_libraries_are_loaded_on_a_thread_to_the_last_one(project: SupabaseServer, accounts: Accounts, tmp_path: Path) -> None:
    asyncio.run(accounts.add_supabase(form(project, way=Way.SIGN_UP)))
    script = [sys.executable, "-c", _CONNECTS, str(tmp_path / "profile")]
    run = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False, timeout=50)
    assert (run.stdout, run.stderr) == ("\n", "")
