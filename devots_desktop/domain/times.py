"""Times are integers: microseconds since 1970-01-01 UTC. Here they become text for people and machines, and back."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)


def to_iso(at: int) -> str:
    """ISO 8601 in UTC with Z and six digits, as `--json` prints it."""
    return (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """Microseconds from ISO 8601; without a zone it is UTC, as the server's `timestamp` columns are (supabase-contract.md, fact 9).

    Raises:
        ValueError: not ISO 8601.
    """
    moment = datetime.fromisoformat(text)
    since = moment - (_NAIVE_EPOCH if moment.tzinfo is None else _EPOCH)
    # A third of the time that `// timedelta(microseconds=1)` takes: a first download has many.
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
