"""Signing in to a portal on a terminal: by e-mail and password with a second factor, or by letting this device in with the browser."""

from typing import TYPE_CHECKING

from devots_desktop.cli.environment import read_code
from devots_desktop.cli.output import message
from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.portal_form import PortalForm

if TYPE_CHECKING:
    from devots_desktop.remote.portal.signing import Challenge, Granted

_DIGITS = 6
"""Of an authenticator app's code; the saved codes are longer and have letters."""


async def enter(accounts: Accounts, form: PortalForm) -> "Granted":
    """A session: by password where the form has one, else by the browser. Raises DevotsError."""
    if not form.password:
        return await _by_browser(accounts, form)
    from devots_desktop.remote.portal.signing import Challenge

    answer = await accounts.portal.enter(form)
    return await _second_factor(accounts, form, answer) if isinstance(answer, Challenge) else answer


async def _by_browser(accounts: Accounts, form: PortalForm) -> "Granted":
    if not (await accounts.portal.methods(form)).device:
        raise AccountUnusable(
            "Password needed",
            "This portal does not let devices in by the browser.",
            "Give --email and --password-stdin (or --password-file).",
        )
    device = await accounts.portal.begin_device(form)
    minutes = max(1, round(device.left / 60))
    message(f"Open {device.address_with_code}\nand let this device in if the page shows the code {device.user_code}.")
    message(f"The code is good for {minutes} minute{'s' if minutes > 1 else ''}; Ctrl+C gives it up.")
    return await device.wait()


async def _second_factor(accounts: Accounts, form: PortalForm, challenge: "Challenge") -> "Granted":
    """Ask for the app's code or a saved one; for one by e-mail where somebody types that, or the portal knows no app."""
    by_mail = "email" in challenge.factors
    code = "email" if by_mail and "totp" not in challenge.factors else _code(_WHAT + (_OR_MAIL if by_mail else ""))
    if code != "email" or not by_mail:
        factor = "totp" if code.isdigit() and len(code) == _DIGITS else "backup"
        return await accounts.portal.verify(form, challenge, factor, code)
    await accounts.portal.send_code(form, challenge)
    return await accounts.portal.verify(form, challenge, "email", _code("Code from the e-mail"))


def _code(what: str) -> str:
    if code := read_code(what):
        return code
    raise AccountUnusable(
        "Code needed", "The portal asks for a code besides the password.", "Write it into the next line of standard input."
    )


_WHAT = "Code of your authenticator app, or a saved code"
_OR_MAIL = "; email has one sent to you"
