"""Which certificates are trusted: the system's own, those of SSL_CERT_FILE and SSL_CERT_DIR, and those of an account's CA file."""

import os
import ssl
import sys
from functools import cache
from pathlib import Path

from devots_desktop.domain.errors import AccountUnusable

_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem")


def system_bundle() -> str:
    """The file with the certificates that this system trusts, or SSL_CERT_FILE, which stands for it; where it has none, the one that Mozilla trusts."""
    candidates = (ssl.get_default_verify_paths().cafile, *_BUNDLES)
    found = next((path for path in candidates if path and Path(path).is_file()), "")
    if not found:
        import certifi

        found = certifi.where()
    return found


def verifying(ca: str = "") -> ssl.SSLContext:
    """How servers' certificates are verified.

    Made once for each CA file and then shared. The first time takes a tenth of a second, which is for a thread.

    Args:
        ca: path of a PEM file with certificates to trust besides the system's; empty for none.

    Raises:
        AccountUnusable: a file that is named cannot be used.
    """
    return _verifying(ca, os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))


@cache
def _verifying(ca: str, cert_file: str, cert_folder: str) -> ssl.SSLContext:
    context = _trusting_the_system(instead=cert_file)
    for file in filter(None, (cert_file, ca)):
        try:
            context.load_verify_locations(cafile=file)
        except (OSError, ssl.SSLError):
            named = " that SSL_CERT_FILE names" if file == cert_file else ""
            raise AccountUnusable(
                "No CA file",
                f"The file {file}{named} cannot be read as certificates.",
                "Choose the PEM file of the CA that signed the server.",
            ) from None
    if cert_folder:
        context.load_verify_locations(capath=cert_folder)
    return context


def _trusting_the_system(*, instead: str) -> ssl.SSLContext:
    """What the system trusts; where OpenSSL is to trust a file instead, nothing yet.

    On Linux truststore would read the bundle again for every connection, a tenth of a second each, on the event loop.
    """
    if sys.platform in ("win32", "darwin"):
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not instead:
        context.load_verify_locations(cafile=system_bundle())
    return context
