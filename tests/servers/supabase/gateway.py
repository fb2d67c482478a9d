"""What the parts of the stand-in share."""

from dataclasses import dataclass, field
from typing import Literal

from tests.servers.postgres import SUPERUSER, Database
from tests.servers.supabase.clock import Clock
from tests.servers.supabase.database import AUTHENTICATOR, Form, Pool
from tests.servers.supabase.faults import Faults
from tests.servers.supabase.tokens import ApiKeys, Tokens

MailKind = Literal["signup", "magiclink", "recovery", "email_change"]


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that would have been sent.

    Attributes:
        code: the six digits to type.
        link: what to open instead.
    """

    to: str
    kind: MailKind
    code: str
    link: str


@dataclass(slots=True)
class Settings:
    """How a project is set up. The defaults are those of a hosted one, but that addresses need no confirmation.

    Attributes:
        autoconfirm: whoever signs up is in at once, without a mail.
        jwt_seconds: how long an access token lasts.
        counted_tokens: new sessions get refresh tokens of the newer kind, some fifty characters long.
        reuse_seconds: how long a refresh token may be used again by mistake.
        code_seconds: how long a code or link of a mail lasts.
        mail_seconds: the pause between two mails to an address.
        site_url: where a refused redirect ends.
        allowed: patterns of further addresses to redirect to.
        max_rows: how many rows a read brings at most.
        safe_update: refuse an UPDATE or DELETE without a filter.
        provider: through which people can sign in with a browser, None for nobody.
        provider_refuses: an error code, when the person says no there.
        provider_email: who they are there.
        reauthentication: a password may be changed only within a day after signing in.
        captcha: signing in and up need a token that only a browser gets.
        request_limits: limit how often an address may ask.
        role_settings: what every role's statements run with, as `statement_timeout`, over what the role itself says.
    """

    autoconfirm: bool = True
    sign_up: bool = True
    email_provider: bool = True
    anonymous: bool = False
    provider: str | None = "github"
    provider_refuses: str | None = None
    provider_email: str = "octo@example.org"
    jwt_seconds: int = 3600
    counted_tokens: bool = False
    reuse_seconds: float = 10
    code_seconds: float = 3600
    flow_seconds: float = 300
    mail_seconds: float = 60
    password_length: int = 6
    site_url: str = "http://site.example.org"
    allowed: list[str] = field(default_factory=list)
    max_rows: int = 1000
    safe_update: bool = True
    reauthentication: bool = False
    captcha: bool = False
    request_limits: bool = False
    role_settings: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Gateway:
    """A project that runs.

    Attributes:
        url: without a slash at the end.
        rest: connections of the login through which all requests of people go.
        admin: connections that may do everything, for the platform's own work.
    """

    url: str
    database: Database
    form: Form
    clock: Clock
    tokens: Tokens
    keys: ApiKeys
    faults: Faults = field(default_factory=Faults)
    settings: Settings = field(default_factory=Settings)
    mail: list[Mail] = field(default_factory=list)
    rest: Pool = field(init=False)
    admin: Pool = field(init=False)

    def __post_init__(self) -> None:
        self.rest = Pool(self.database.url(AUTHENTICATOR))
        self.admin = Pool(self.database.url(SUPERUSER))
