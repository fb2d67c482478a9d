"""Better Auth's derivation of the key that proves a password.

scrypt with N=16384, r=16, p=1 and 64 bytes; the salt is the hexadecimal text itself and not the bytes it stands for; the password in NFKC
(better-auth, crypto/password.ts). The server stores "salt:key", so a person has one password for the portal and for this program.
"""

import hashlib
import secrets
import unicodedata

_N, _R, _P, _LENGTH = 16384, 16, 1, 64


def derive_key(password: str, salt: str) -> str:
    """The key for a password and a salt in hexadecimal, as 128 hexadecimal digits. Takes some 60 ms and 32 MiB."""
    return hashlib.scrypt(
        unicodedata.normalize("NFKC", password).encode(),
        salt=salt.encode(),
        n=_N,
        r=_R,
        p=_P,
        dklen=_LENGTH,
        maxmem=2 * 128 * _N * _R,  # the default of OpenSSL is a hair too small
    ).hex()


def new_salt() -> str:
    """A salt for sign-up: 16 random bytes, as 32 hexadecimal digits."""
    return secrets.token_hex(16)
