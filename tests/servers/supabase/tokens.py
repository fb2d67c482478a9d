"""JSON Web Tokens: signing keys of both families, signing, and checking as PostgREST and Realtime do."""

import base64
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

Algorithm = Literal["ES256", "HS256"]
Claims = dict[str, Any]

SKEW: Final = 30
"""Seconds by which the clocks of issuer and reader may differ."""


class TokenRefused(Exception):
    """A token that is not believed.

    Attributes:
        reason: "malformed", "signature", "expired" or "future".
        claims: of an expired token, whose signature was right.
    """

    def __init__(self, reason: Literal["malformed", "signature", "expired", "future"], message: str, claims: Claims | None = None) -> None:
        super().__init__(message)
        self.reason, self.message, self.claims = reason, message, claims or {}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A pair of an elliptic curve, with the name under which its public half is published."""

    kid: str = field(default_factory=lambda: str(uuid.uuid4()))
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False)

    def public(self) -> dict[str, Any]:
        """As the set of public keys lists it (RFC 7517)."""
        numbers = self.private.public_key().public_numbers()
        point = {name: _base64(value.to_bytes(32, "big")) for name, value in (("x", numbers.x), ("y", numbers.y))}
        return {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "key_ops": ["verify"], "ext": True, "kid": self.kid, **point}


@dataclass(slots=True)
class Tokens:
    """What signs and checks.

    Attributes:
        algorithm: with which new tokens are signed; older ones stay good.
        secret: the shared secret of older projects, which signs their two API keys as well.
        keys: the newest last; each of them is believed.
        foreign: public keys of others whose tokens are believed as well, by their kid.
    """

    algorithm: Algorithm = "ES256"
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(40), repr=False)
    keys: list[SigningKey] = field(default_factory=lambda: [SigningKey()])
    foreign: dict[str, ec.EllipticCurvePublicKey] = field(default_factory=dict)

    def trust(self, key_set: Mapping[str, Any]) -> None:
        """Believe the tokens that somebody signs who publishes this set of keys (RFC 7517)."""
        self.foreign |= {each.key_id: each.key for each in jwt.PyJWKSet.from_dict(dict(key_set)).keys if each.key_id}

    def rotate(self, *, keep_old: bool = True) -> None:
        """Sign with a new key from now on. Without the old ones the tokens that they signed are refused."""
        self.keys = [*(self.keys if keep_old else []), SigningKey()]

    def sign(self, claims: Mapping[str, Any], algorithm: Algorithm | None = None) -> str:
        if (algorithm or self.algorithm) == "HS256":
            return jwt.encode(dict(claims), self.secret, algorithm="HS256")
        return jwt.encode(dict(claims), self.keys[-1].private, algorithm="ES256", headers={"kid": self.keys[-1].kid})

    def check(self, token: str, now: float) -> Claims:
        """The claims of a good token. Raises TokenRefused. `now`: seconds since 1970."""
        claims = self._signed(token)
        if "exp" in claims and claims["exp"] + SKEW < now:
            raise TokenRefused("expired", "JWT expired", claims)
        if claims.get("iat", now) - SKEW > now:
            raise TokenRefused("future", "JWT issued at future", claims)
        if claims.get("nbf", now) - SKEW > now:
            raise TokenRefused("future", "JWT not yet valid", claims)
        return claims

    def _signed(self, token: str) -> Claims:
        parts = token.count(".") + 1
        if parts != 3:
            raise TokenRefused("malformed", f"Expected 3 parts in JWT; got {parts}")
        options: Any = dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf", "verify_aud", "verify_iss", "verify_sub"), False)
        try:
            header = jwt.get_unverified_header(token)
            key, algorithm = self._key(header)
            claims: Claims = jwt.decode(token, key, algorithms=[algorithm], options=options)
        except jwt.PyJWTError:
            raise TokenRefused("signature", "No suitable key or wrong key type") from None
        return claims

    def _key(self, header: Mapping[str, Any]) -> tuple[Any, Algorithm]:
        if header.get("alg") == "HS256":
            return self.secret, "HS256"
        for each in self.keys:
            if each.kid == header.get("kid"):
                return each.private.public_key(), "ES256"
        if header.get("kid") in self.foreign:
            return self.foreign[header["kid"]], "ES256"
        raise jwt.InvalidKeyError


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The four keys of a project."""

    publishable: str
    secret: str
    anon: str
    service: str

    @classmethod
    def make(cls, tokens: Tokens, now: float) -> "ApiKeys":
        claims = {"iss": "supabase", "ref": "standin", "iat": int(now), "exp": int(now) + 10 * 365 * 86_400}
        return cls(
            publishable=f"sb_publishable_{_random(22)}_{_random(8)}",
            secret=f"sb_secret_{_random(22)}_{_random(8)}",
            anon=tokens.sign({**claims, "role": "anon"}, "HS256"),
            service=tokens.sign({**claims, "role": "service_role"}, "HS256"),
        )

    def role(self, key: str) -> str | None:
        """Whose rights a key gives, None for a key that is not of this project."""
        if key in {self.publishable, self.anon}:
            return "anon"
        return "service_role" if key in {self.secret, self.service} else None


def unverified(token: str) -> Claims:
    """The claims of a token that nobody checked."""
    body = token.split(".")[1]
    claims: Claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def _random(length: int) -> str:
    return secrets.token_urlsafe(length)[:length]


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
