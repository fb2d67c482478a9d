"""The error family: every failure that a user can meet is one of these.

DevotsError
├── InvalidText          the text cannot become a todo
├── UnknownTodo          no todo, or more than one, answers to this id
├── ProfileUnusable      the profile folder cannot be read or written
├── CacheUnusable        the offline cache cannot be opened
│   └── CacheDamaged         its file is not what was written: it is set aside and rebuilt
├── AccountUnusable      the account cannot be used as it is entered
│   ├── WrongCredentials     e-mail or password is wrong (never says which)
│   ├── TooManyTries         the server refuses further tries for a while
│   ├── ConfirmationNeeded   the e-mail is to be confirmed first
│   ├── UnsafeLogin          owner, superuser or another login that row-level security does not bind
│   ├── NotMigrated          the database lacks our migrations
│   ├── ServerTooNew         the database has migrations that this program does not know
│   └── UntrustedCertificate the server's certificate does not prove who it is
├── FileUnusable         a file to import from or to write to cannot be used
├── SignedOut            the session ended: sign in again, nothing is lost
├── Unreachable          no answer, or "not now": the engine tries again
└── BatchRefused         the server refused a request as a whole, without naming a mutation

Errors are translated at the border (store/, remote/). A raw server message never gets into one: some servers put SQL and
parameters, that is the user's text, into theirs.
"""


class DevotsError(Exception):
    """A failure that people can understand: what happened and what to do next.

    Attributes:
        title: a few words without a full stop, for a dialog's heading.
        sentence: what happened, in one plain sentence.
        next_step: what the user can do now, in one sentence.
    """

    def __init__(self, title: str, sentence: str, next_step: str) -> None:
        super().__init__(f"{sentence} {next_step}")
        self.title = title
        self.sentence = sentence
        self.next_step = next_step

    @property
    def by_hand(self) -> str:
        """The next step where nobody goes on by itself, as the engine does: in a form, or after a command."""
        return self.next_step


class InvalidText(DevotsError):
    """The text cannot become a todo."""


class UnknownTodo(DevotsError):
    """No todo, or more than one, answers to this id."""


class ProfileUnusable(DevotsError):
    """The profile folder cannot be read or written."""


class CacheUnusable(DevotsError):
    """The offline cache cannot be opened."""


class CacheDamaged(CacheUnusable):
    """The offline cache is not what was written. What is damaged is neither shown nor sent; the file is never deleted."""

    def __init__(self, sentence: str = "A part of the list on this disk is damaged.") -> None:
        super().__init__(
            "List damaged", sentence, "The file is set aside and the list rebuilt, at the latest at the next start; nothing is deleted."
        )


class AccountUnusable(DevotsError):
    """The account cannot be used as it is entered; trying again changes nothing."""


class WrongCredentials(AccountUnusable):
    """E-mail or password is wrong. One sentence for both, so that nobody learns which addresses have an account."""

    def __init__(self) -> None:
        super().__init__("Not signed in", "E-mail or password is not right.", "Check both and try again.")


class TooManyTries(AccountUnusable):
    """The server refuses further tries for a while.

    Attributes:
        seconds: how long that while is, for a countdown.
    """

    def __init__(self, seconds: int) -> None:
        wait = f"{seconds} seconds" if seconds < 120 else f"{-(-seconds // 60)} minutes"
        super().__init__(
            "Too many tries", "There were too many tries, and the server takes no more for a while.", f"Wait {wait}, then try again."
        )
        self.seconds = seconds


class ConfirmationNeeded(AccountUnusable):
    """The account was made or exists, and waits for its e-mail to be confirmed: by the link in a message, or by the code in it."""

    def __init__(self) -> None:
        super().__init__(
            "E-mail not confirmed",
            "The server has sent a message to this e-mail, which is to be confirmed first.",
            "Open the link in it and sign in, or enter the code that it has.",
        )


class UnsafeLogin(AccountUnusable):
    """The database login is not bound by row-level security: it could read everybody's todos."""


class NotMigrated(AccountUnusable):
    """The database lacks the tables and functions that the program works with."""


class ServerTooNew(AccountUnusable):
    """The database has migrations that this version of the program does not know."""


class UntrustedCertificate(AccountUnusable):
    """The server's certificate does not prove that it is the server that was asked for."""


class FileUnusable(DevotsError):
    """A file that the user named cannot be read, is not what it should be, or cannot be written."""


class SignedOut(DevotsError):
    """The session ended or was ended. Cache and outbox stay."""

    def __init__(self) -> None:
        super().__init__("Signed out", "Your session has ended.", "Sign in again; your changes are kept and will be sent.")


class Unreachable(DevotsError):
    """No answer, or an answer that means "not now". The engine tries again."""

    @property
    def by_hand(self) -> str:
        """As DevotsError.by_hand."""
        step, again, _ = self.next_step.partition("; it is tried again")
        if again:
            return f"{step}, then try again."
        return "Try again in a while." if step.startswith("It is tried again") else step


class BatchRefused(DevotsError):
    """The server refused a push as a whole. The engine halves the batch until one mutation is left alone."""
