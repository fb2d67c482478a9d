"""What desktops read about the program says the same everywhere and is valid by the tools of those who define it."""

import configparser
import pathlib
import shutil
import subprocess
import xml.etree.ElementTree as ET

import devots_desktop
from tests.outcomes import not_run

RESOURCES = pathlib.Path(__file__).parents[2] / "resources"
ENTRY = RESOURCES / "devots.desktop"
METAINFO = RESOURCES / "devots.metainfo.xml"


def checked_by(program: str, *arguments: str) -> str:
    """What a checker complains about, '' for nothing."""
    if shutil.which(program) is None:
        not_run(f"{program} is not installed")
    run = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=30)
    return run.stdout + run.stderr if run.returncode or program == "desktop-file-validate" else ""


def entry() -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ENTRY)
    return dict(parser["Desktop Entry"])


def metainfo() -> ET.Element:
    return ET.parse(METAINFO).getroot()  # noqa: S314 (our own file)


def test_the_desktop_entry_is_valid() -> None:
    assert checked_by("desktop-file-validate", str(ENTRY)) == ""


def test_the_metainfo_is_valid() -> None:
    """The project has no domain whose reverse could be its id."""
    allowed = "--override=cid-desktopapp-is-not-rdns=info"
    assert checked_by("appstreamcli", "validate", "--no-net", "--pedantic", "--no-color", allowed, str(METAINFO)) == ""


def test_entry_and_metainfo_agree() -> None:
    component = metainfo()
    assert component.findtext("id") == component.findtext("launchable") == ENTRY.name
    assert component.findtext("name") == entry()["Name"]
    assert component.findtext("summary") == entry()["Comment"]
    assert [each.text for each in component.iterfind("categories/category")] == entry()["Categories"].strip(";").split(";")
    assert component.findtext("provides/binary") == entry()["Exec"]


def test_the_newest_release_is_this_version() -> None:
    release = metainfo().find("releases/release")
    assert release is not None
    assert release.get("version") == devots_desktop.__version__


def test_the_icon_that_both_name_is_there() -> None:
    icon = metainfo().findtext("icon")
    assert icon == entry()["Icon"]
    assert (RESOURCES / "icons" / f"{icon}.svg").is_file()
