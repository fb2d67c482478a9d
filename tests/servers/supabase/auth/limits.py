"""How often an address may ask (supabase-contract.md, section 1.9). Off unless a test wants it: all of ours come from one address."""

from dataclasses import dataclass, field
from typing import Final

from tests.servers.supabase.auth.errors import AuthRefused

_FIVE_MINUTES: Final = 300.0
_BURST: Final = 30.0
_ALLOWED: Final = {"/token": 150, "/otp": 30, "/magiclink": 30, "/signup": 30, "/recover": 30, "/resend": 30, "/user": 30, "/verify": 30}


@dataclass(slots=True)
class Limits:
    """A bucket for each endpoint: what is left, and since when it has been filling up."""

    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, path: str, now: float) -> None:
        """Raises AuthRefused when the bucket is empty. `path`: without /auth/v1; `now`: seconds since 1970."""
        if path not in _ALLOWED:
            return
        left, since = self._buckets.get(path, (_BURST, now))
        left = min(_BURST, left + max(0.0, now - since) * _ALLOWED[path] / _FIVE_MINUTES)
        if left < 1:
            raise AuthRefused(429, "over_request_rate_limit", "Request rate limit reached")
        self._buckets[path] = (left - 1, now)
