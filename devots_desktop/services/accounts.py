"""The verbs on accounts: add, sign in again, remove, open.

Imports nothing that the first window would wait for: asyncio and the servers' libraries are loaded when a verb needs them.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from devots_desktop.domain.account import Account, AccountKind
from devots_desktop.domain.errors import AccountUnusable, DevotsError, SignedOut
from devots_desktop.services.account import OpenAccount, now
from devots_desktop.services.notices import Notices
from devots_desktop.services.secrets import Secrets
from devots_desktop.store import lists
from devots_desktop.store.cache import Cache
from devots_desktop.store.profile import Profile

if TYPE_CHECKING:
    from devots_desktop.remote.base import Remote
    from devots_desktop.remote.portal.signing import Granted
    from devots_desktop.remote.postgres.address import Address
    from devots_desktop.remote.postgres.session import Session
    from devots_desktop.services.doctor import Doctor, Look
    from devots_desktop.services.portal_account import PortalAccounts
    from devots_desktop.services.portal_form import PortalForm
    from devots_desktop.services.postgres_form import PostgresForm
    from devots_desktop.services.supabase_account import SupabaseAccounts
    from devots_desktop.services.supabase_form import SupabaseForm

PASSWORD_LEAST = 8
PASSWORD_MOST = 128
"""Better Auth's own limits, so that one password fits the portal too (portal-contract.md, section 2)."""

_KEYRING_S = 10.0
"""Seconds that the keyring may take while an account is examined: nobody asked for it to be unlocked."""

Result = TypeVar("Result")


class Accounts:
    """The accounts of a profile.

    Attributes:
        notices: what a person is to be told, of all accounts that were opened here.
        suspicious: an earlier run ended uncleanly (services/running.py): what is opened from now on is looked through.
    """

    def __init__(self, profile: Profile, *, clock: Callable[[], int] = now, keyring_timeout: float = 30.0) -> None:
        """Work on a profile's list of accounts.

        Args:
            keyring_timeout: seconds that the keyring may take.
        """
        self._profile = profile
        self._clock = clock
        self._secrets = Secrets(profile, timeout=keyring_timeout)
        self._supabase: SupabaseAccounts | None = None
        self._portal: PortalAccounts | None = None
        self.notices = Notices()
        self.suspicious = False

    def all(self) -> list[Account]:
        """All accounts, "This computer" first."""
        return self._profile.accounts()

    def current(self) -> Account:
        """The account that the window shows and the command line means."""
        return self._profile.current()

    def use(self, account: Account) -> None:
        """Make an account the current one."""
        self._profile.use(account)

    def open(self, account: Account) -> OpenAccount:
        """Open an account's cache.

        Raises:
            CacheUnusable: it cannot be opened.
        """
        connect = None if account.kind is AccountKind.COMPUTER else partial(self._connect, account, self._secrets)
        return OpenAccount(self._profile, account, connect=connect, clock=self._clock, notices=self.notices, suspicious=self.suspicious)

    def doctor(self, account: Account) -> "Doctor":
        """Who examines an account."""
        from devots_desktop.services.doctor import Doctor

        def reopen() -> str:
            opened = OpenAccount(self._profile, account, clock=self._clock, notices=(notices := Notices()))
            opened.lists.close()
            opened.cache.close()
            return " ".join(f"{notice.title}. {notice.sentence}" for notice in notices.all()) or "The list is sound."

        secrets = self._secrets.copy(timeout=_KEYRING_S)
        connect = None if account.kind is AccountKind.COMPUTER else partial(self._connect, account, secrets)
        look = self._server_examination(account, secrets)
        return Doctor(self._profile, account, connect, look, secrets=secrets, reopen=reopen, clock=self._clock)

    async def add_postgres(self, form: "PostgresForm") -> Account:
        """Sign in or up at a PostgreSQL, and remember the account.

        Raises:
            DevotsError: the form, the server or the keyring stands in the way; nothing was remembered.
        """
        import uuid

        from devots_desktop.remote.thread import on_thread

        email = form.email.strip().lower()
        _check_credentials(email, form.password)
        form.address.tls()
        enter = partial(_enter, form, email)
        session = await on_thread("sign-in", enter)
        account = Account(
            uuid.uuid4().hex[:12],
            AccountKind.POSTGRES,
            self._free_name(form.name.strip() or f"{email} · {form.address.host}"),
            email=email,
            user_id=session.user_id,
            address=form.address.to_dict(),
            secrets=form.secrets,
        )
        self._refuse_twice(account)
        await self._secrets.set(account, {"token": session.token, "login_password": form.login_password})
        self._profile.put(account)
        return account

    async def sign_in(self, account: Account, password: str, login_password: str = "") -> None:
        """Sign in again after the session ended. The account's open list goes on by itself where it is told (OpenAccount.signed_in).

        Args:
            login_password: of the database's login, where the kept one is gone or not accepted any more.

        Raises:
            DevotsError: as add_postgres; cache and outbox are as they were.
        """
        from devots_desktop.remote.postgres.address import Address
        from devots_desktop.remote.thread import on_thread
        from devots_desktop.services.postgres_form import PostgresForm

        _check_credentials(account.email, password)
        secrets = await self._secrets.get(account) or {}
        login_password = login_password or secrets.get("login_password", "")
        form = PostgresForm(Address.from_dict(account.address), account.email, login_password, password)
        session = await on_thread("sign-in", partial(_enter, form, account.email))
        if session.user_id != account.user_id:
            raise _another_person()
        await self._secrets.set(account, {"token": session.token, "login_password": login_password})

    @property
    def supabase(self) -> "SupabaseAccounts":
        """What is special about Supabase accounts: what a project offers, and codes by e-mail."""
        if self._supabase is None:
            from devots_desktop.services.supabase_account import SupabaseAccounts

            self._supabase = SupabaseAccounts(self._profile, self._secrets)
        return self._supabase

    async def add_supabase(self, form: "SupabaseForm") -> Account:
        """Sign in or up at a Supabase project, and remember the account.

        Raises:
            ConfirmationNeeded: the new account's e-mail is to be confirmed first; the form may come again with the code from the message.
            DevotsError: the form, the server or the keyring stands in the way; nothing was remembered.
        """
        import uuid

        form = _ready(form)
        tokens = await self.supabase.enter(form)
        account = Account(
            uuid.uuid4().hex[:12],
            AccountKind.SUPABASE,
            self._free_name(form.name.strip() or f"{form.email} · {form.project.host}"),
            email=form.email,
            user_id=tokens.user_id,
            address=form.project.to_dict(),
            secrets=form.secrets,
        )
        try:
            self._refuse_twice(account)
            await self.supabase.keep(account, form.key, tokens)
        except DevotsError:
            await self.supabase.leave(form, tokens)
            raise
        self._profile.put(account)
        return account

    async def send_code(self, form: "SupabaseForm") -> None:
        """Have a code sent by e-mail, as SupabaseAccounts.send_code. Raises DevotsError."""
        await self.supabase.send_code(_ready(form))

    async def send_code_again(self, account: Account, form: "SupabaseForm") -> None:
        """The same for an account whose session ended, with SupabaseForm.again. Raises DevotsError."""
        kept = await self._secrets.get(account) or {}
        await self.supabase.send_code(_ready(form, kept.get("key", "")))

    async def sign_in_supabase(self, account: Account, form: "SupabaseForm") -> None:
        """Sign in again after the session ended, with SupabaseForm.again. As sign_in otherwise.

        Raises:
            AccountUnusable: among others, titled "Key missing": the project's key went with the keyring, and has to be in the form.
            DevotsError: as add_supabase; cache and outbox are as they were.
        """
        kept = await self._secrets.get(account) or {}
        form = _ready(form, kept.get("key", ""))
        tokens = await self.supabase.enter(form)
        if tokens.user_id != account.user_id:
            await self.supabase.leave(form, tokens)
            raise _another_person()
        await self.supabase.keep(account, form.key, tokens)

    @property
    def portal(self) -> "PortalAccounts":
        """What is special about portal accounts: what a portal offers, and the ways to a session there."""
        if self._portal is None:
            from devots_desktop.services.portal_account import PortalAccounts

            self._portal = PortalAccounts(self._profile, self._secrets)
        return self._portal

    async def add_portal(self, form: "PortalForm", granted: "Granted") -> Account:
        """Remember the account of a session that has just begun, by one of the ways of PortalAccounts.

        Raises:
            DevotsError: it is there already, or the keyring stands in the way; the session was ended and nothing remembered.
        """
        import uuid

        account = Account(
            uuid.uuid4().hex[:12],
            AccountKind.PORTAL,
            self._free_name(form.name.strip() or f"{granted.email} · {form.portal.host}"),
            email=granted.email,
            user_id=granted.user_id,
            address=form.portal.to_dict(),
            secrets=form.secrets,
        )
        try:
            self._refuse_twice(account)
            await self.portal.keep(account, granted)
        except DevotsError:
            await self.portal.leave(form, granted)
            raise
        self._profile.put(account)
        return account

    async def sign_in_portal(self, account: Account, form: "PortalForm", granted: "Granted") -> None:
        """Go on with a session that has just begun, with PortalForm.again. As sign_in otherwise.

        Raises:
            DevotsError: it is another person's, or cannot be kept; cache and outbox are as they were.
        """
        if granted.user_id != account.user_id:
            await self.portal.leave(form, granted)
            raise _another_person()
        await self.portal.keep(account, granted)

    async def remove(self, account: Account) -> None:
        """Sign out, and delete the account's files from this device.

        Raises:
            AccountUnusable: changes wait that have not reached the server, or it is "This computer".
        """
        if account.kind is AccountKind.COMPUTER:
            raise AccountUnusable("Not removed", "The list on this computer cannot be removed.", "Delete its todos instead.")
        self._refuse_waiting(account)
        # Where the server is away or the session is over, the token ends with the account's secrets.
        with suppress(DevotsError):
            await self._sign_out(account)
        await self._secrets.forget(account)
        if account.kind is AccountKind.SUPABASE:
            self.supabase.forget(account)
        elif account.kind is AccountKind.PORTAL:
            self.portal.forget(account)
        self._profile.remove(account)

    def _refuse_waiting(self, account: Account) -> None:
        cache = Cache(self._profile.cache_path(account), syncs=True, clock=self._clock)
        try:
            pending, parked = lists.waiting(cache.db)
        finally:
            cache.close()
        if pending or parked:
            raise AccountUnusable(
                "Not removed",
                f"{pending + parked} changes of this account have not reached the server.",
                "Sync first (`devots sync --once`), and settle what is parked.",
            )

    async def _sign_out(self, account: Account) -> None:
        if account.kind is AccountKind.SUPABASE:
            await self.supabase.sign_out(account)
            return
        if account.kind is AccountKind.PORTAL:
            await self.portal.sign_out(account)
            return
        from devots_desktop.remote.postgres.address import Address
        from devots_desktop.remote.thread import on_thread

        secrets = await self._secrets.get(account)
        if secrets is not None:
            address = Address.from_dict(account.address)
            await on_thread("sign-out", lambda: _leave(address, secrets["login_password"], secrets["token"]))

    def _server_examination(self, account: Account, secrets: Secrets) -> "Look | None":
        from devots_desktop.services.doctor import portal, server, supabase

        match account.kind:
            case AccountKind.POSTGRES:
                return partial(server.examine, account, secrets)
            case AccountKind.SUPABASE:
                return partial(supabase.examine, account, secrets, partial(self.supabase.person, account, secrets))
            case AccountKind.PORTAL:
                return partial(portal.examine, self.portal, account, secrets)
            case AccountKind.COMPUTER:
                return None

    async def _connect(self, account: Account, secrets: Secrets) -> "Remote":
        """The remote of an account's signed-in person. Its modules are loaded on a thread: they take half a second."""
        if account.kind is AccountKind.SUPABASE:
            return await self.supabase.connect(account, secrets)
        if account.kind is AccountKind.PORTAL:
            return await self.portal.connect(account, secrets)
        from devots_desktop.remote.thread import on_thread

        secrets.stale(account)
        kept = await secrets.get(account)
        if kept is None:
            raise SignedOut
        await on_thread("load", _load_postgres)
        from devots_desktop.remote.postgres.address import Address
        from devots_desktop.remote.postgres.remote import PostgresRemote

        return PostgresRemote(Address.from_dict(account.address), kept["login_password"], kept["token"])

    def _refuse_twice(self, account: Account) -> None:
        for other in self.all():
            if (other.kind, other.user_id, other.address) == (account.kind, account.user_id, account.address):
                raise AccountUnusable("Already here", f"This account is already in the list, as {other.name}.", "Choose it in the sidebar.")

    def _free_name(self, wanted: str) -> str:
        taken = {account.name for account in self.all()}
        return next(name for number in range(1, len(taken) + 2) if (name := wanted if number == 1 else f"{wanted} ({number})") not in taken)


def _another_person() -> AccountUnusable:
    return AccountUnusable(
        "Another person",
        "This e-mail now belongs to another account on the server.",
        "Add it as a new account; this one's todos stay here.",
    )


def _ready(form: "SupabaseForm", kept_key: str = "") -> "SupabaseForm":
    """The form with a key and an e-mail that can be sent."""
    from dataclasses import replace  # Not for the first paint.

    email = form.email.strip().lower()
    _check_email(email)
    return replace(form, email=email, key=form.project.check_key(form.key or kept_key))


def _check_email(email: str) -> None:
    if "@" not in email.strip("@"):
        raise AccountUnusable("E-mail missing", "That is not an e-mail address.", "Enter the address that you sign in with.")


def _check_credentials(email: str, password: str) -> None:
    _check_email(email)
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        raise AccountUnusable(
            "Password not usable",
            f"A password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters.",
            "Enter the password of your account on this server.",
        )


def _enter(form: "PostgresForm", email: str) -> "Session":
    from devots_desktop.remote.postgres import session

    if form.sign_up:
        name = form.name.strip() or email.partition("@")[0]
        return session.sign_up(form.address, form.login_password, email, form.password, name=name)
    return session.sign_in(form.address, form.login_password, email, form.password)


def _leave(address: "Address", login_password: str, token: str) -> None:
    from devots_desktop.remote.postgres import session

    session.sign_out(address, login_password, token)


def _load_postgres() -> None:
    from devots_desktop.remote.postgres import remote  # noqa: F401 (half a second, which must not be the window's)
