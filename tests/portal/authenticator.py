"""An authenticator: the second factor of somebody at a portal."""

import base64
import hmac
import struct
import time
from urllib.parse import parse_qs, urlsplit

from tests.portal.client import PASSWORD, Asking, Person


def totp(secret: str) -> str:
    """The code of now (RFC 6238, with its defaults)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    (number,) = struct.unpack(">I", digest[digest[-1] & 15 :][:4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def switch_on(asking: Asking, ada: Person, password: str = PASSWORD) -> str:
    """Activate it for somebody; answers the secret."""
    enabled = asking.posted("/two-factor/enable", {"password": password}, ada).raise_for_status().json()
    secret: str = parse_qs(urlsplit(enabled["totpURI"]).query)["secret"][0]
    asking.posted("/two-factor/verify-totp", {"code": totp(secret)}, ada).raise_for_status()
    return secret
