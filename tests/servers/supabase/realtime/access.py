"""Whom Realtime lets in: the checks of a token, and the words for what is wrong with it (supabase-contract.md, sections 3.1 and 3.2)."""

from tests.servers.supabase.gateway import Gateway
from tests.servers.supabase.tokens import Claims, TokenRefused


class AccessDenied(Exception):
    """A token that is not good.

    Attributes:
        code, sentence: a refused join tells both, a refused connection the sentence alone.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence

    @property
    def reason(self) -> str:
        return f"{self.code}: {self.sentence}"


def admitted(token: str, gateway: Gateway) -> Claims:
    """The claims of a token that is good now. Unlike REST this part allows no difference of clocks.

    Raises:
        AccessDenied: it is not.
    """
    try:
        claims = gateway.tokens.check(token, gateway.clock())
    except TokenRefused as refused:
        if refused.reason == "malformed":
            raise AccessDenied("MalformedJWT", "The token provided is not a valid JWT") from None
        if refused.reason == "signature":
            raise AccessDenied("JwtSignatureError", "Failed to validate JWT signature") from None
        claims = refused.claims
    if not isinstance(claims.get("exp"), int) or "role" not in claims:
        raise AccessDenied("InvalidJWTToken", "Fields `role` and `exp` are required in JWT")
    if claims["exp"] <= gateway.clock():
        raise AccessDenied("InvalidJWTToken", expired(claims, gateway))
    return claims


def of_key(key: str, gateway: Gateway) -> Claims:
    """What an API key stands for: a role, without a person.

    Raises:
        AccessDenied: it is none of this project.
    """
    role = gateway.keys.role(key)
    if role is None:
        raise AccessDenied("MalformedJWT", "The token provided is not a valid JWT")
    return {"role": role, "exp": int(gateway.clock()) + 10 * 365 * 86_400}


def expired(claims: Claims, gateway: Gateway) -> str:
    """What the server says of a token whose time is over."""
    return f"Token has expired {int(gateway.clock() - claims['exp'])} seconds ago"
