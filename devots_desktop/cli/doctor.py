"""The command doctor."""

import asyncio
from argparse import Namespace

from devots_desktop.cli import forms
from devots_desktop.cli.opening import chosen, open_profile
from devots_desktop.cli.output import Colour, Output, message, plain
from devots_desktop.domain.finding import Finding, Level, worst
from devots_desktop.services import wake
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.doctor import Doctor

_COLOURS = {Level.OK: Colour.FAINT, Level.UNCHECKED: Colour.FAINT, Level.WARNING: Colour.PENDING, Level.WRONG: Colour.PARKED}


def run(arguments: Namespace, output: Output) -> int:
    """Examine an account, and repair it where that is asked for.

    Returns:
        the exit code: 1 where something is wrong, after the repair.

    Raises:
        DevotsError: the profile or the account cannot be found, or the repair failed.
    """
    profile = open_profile(arguments)
    account = chosen(profile, arguments.account)
    doctor = Accounts(profile).doctor(account)
    repaired, found = asyncio.run(_examine(doctor, repair=arguments.repair))
    if repaired:
        wake.ping(profile.folder, wake.CHANGED)
    if output.as_json:
        output.value(forms.examination_form(account, found, worst(found), repaired))
    else:
        for each in repaired:
            message(f"Repaired: {each}")
        output.lines(_line(output, each) for each in found)
    return int(worst(found) is Level.WRONG)


async def _examine(doctor: Doctor, *, repair: bool) -> tuple[list[str], list[Finding]]:
    found = await doctor.examine()
    if not repair or not any(each.mends for each in found):
        return [], found
    repaired = await doctor.repair(found)
    return repaired, await doctor.examine()


def _line(output: Output, finding: Finding) -> str:
    next_step = f"\n{'':34}{plain(finding.next_step)}" if finding.next_step else ""
    return f"{output.paint(f'{finding.level:<13}', _COLOURS[finding.level])}{finding.check:<21}{plain(finding.sentence)}{next_step}"
