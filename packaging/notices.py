"""What a bundle is made of besides our own code, and under which licences: an index and a folder of texts.

The texts come from where the parts come from: the installed distributions, Python itself, and Debian's files about its packages. Those that
their distribution leaves out are kept in `packaging/licences`.
"""

import importlib.metadata
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sysconfig
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

KEPT = pathlib.Path(__file__).parent / "licences"
_LGPL, _SUPABASE = ("LGPL-3.0.txt", "GPL-3.0.txt"), ("supabase-py-MIT.txt",)
WITHOUT_TEXT = {
    "pyside6_essentials": _LGPL,
    "shiboken6": _LGPL,
    "postgrest": _SUPABASE,
    "realtime": _SUPABASE,
    "storage3": _SUPABASE,
    "supabase_auth": _SUPABASE,
}
"""Distributions that carry no text -> its files in KEPT."""
INSIDE_PSYCOPG = {
    "libpq": "libpq5",
    "libssl": "libssl3",
    "libcrypto": "libssl3",
    "libkrb5": "libkrb5-3",
    "libk5crypto": "libkrb5-3",
    "libkrb5support": "libkrb5-3",
    "libgssapi_krb5": "libkrb5-3",
    "libcom_err": "libcom-err2",
    "libldap": "libldap-2.5-0",
    "liblber": "libldap-2.5-0",
    "libsasl2": "libsasl2-2",
    "libkeyutils": "libkeyutils1",
    "libcrypt": "libcrypt1",
}
"""Libraries that psycopg's wheel carries -> Debian's package of the same source, whose file about its licence is taken."""
_TEXT = re.compile(r"(licen[cs]e|copying|notice|authors)[^/]*$", re.IGNORECASE)

HEAD = """\
What this folder holds besides Devots Desktop itself (whose licence is in LICENSE), in the order of names. The texts are in the folder `licences`.

Qt, PySide6, Shiboken and psycopg are used under the LGPL, version 3. You may replace Qt, PySide6, Shiboken and psycopg-binary by your own: they are
shared libraries below `_internal`. psycopg's Python is inside the program; `make bundle` in our sources builds the program with another one.
Sources of Qt and PySide6: https://download.qt.io/official_releases/ (qt, QtForPython). What Qt is made of: https://doc.qt.io/qt-6/licenses-used-in-qt.html
"""


class Missing(Exception):
    """A part of the bundle has no licence text. Says which, and where one would be put."""


class Part(NamedTuple):
    """Something in the bundle that somebody else made.

    Attributes:
        licence: as its maker names it, '' where only the texts say it.
        texts: files with the licence; empty where the machine has none.
        files: how many files of the bundle are from it.
    """

    name: str
    version: str
    licence: str
    home: str
    texts: tuple[pathlib.Path, ...]
    files: int


def parts_of(collected: Mapping[str, Sequence[Sequence[str]]], own: pathlib.Path) -> list[Part]:
    """The parts that PyInstaller collected, by name. `own` is the folder of our sources."""
    sources = [
        source
        for entries in collected.values()
        for _, source, kind in entries
        if kind != "SYMLINK" and pathlib.PurePath(source).is_absolute()
    ]
    owners = _distributions()
    stdlib = tuple(sysconfig.get_paths()[name] + "/" for name in ("stdlib", "platstdlib"))
    found: dict[str, int] = defaultdict(int)
    found["pyinstaller"] += 1  # The starter and what it runs first.
    python, foreign = 1, []
    for source in sources:
        owner = owners.get(os.path.realpath(source))
        if owner:
            found[owner] += 1
        elif source.startswith(stdlib) or pathlib.PurePath(source).name.startswith(("libpython", "base_library")):
            python += 1
        elif not source.startswith(f"{own}/"):
            foreign.append(source)
    libraries = [source for source in sources if ".libs/" in source and "psycopg_binary" in source]
    made = [*(_distribution(name, count) for name, count in found.items()), _python(python), *_vendored(libraries), *_debian(foreign)]
    return sorted(made, key=lambda part: part.name.lower())


def write(parts: Iterable[Part], folder: pathlib.Path) -> list[Part]:
    """Write the index and copy the texts into a folder; answer the parts whose text this machine does not have."""
    lines = [HEAD]
    without = []
    for part in parts:
        about = ", ".join(filter(None, (part.licence, part.home)))
        lines.append(" ".join(filter(None, (part.name, part.version, about and f"({about})"))))
        for number, text in enumerate(part.texts):
            place = folder / "licences" / part.name / (text.name if text.name != "copyright" else f"copyright{number or ''}.txt")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(text, place)
            lines.append(f"    {place.relative_to(folder)}")
        if not part.texts:
            without.append(part)
            lines.append("    (the machine that made this bundle has no text of its licence)")
    (folder / "THIRD_PARTY_NOTICES.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return without


def _distributions() -> dict[str, str]:
    """Each installed file -> the name of its distribution."""
    return {
        os.path.realpath(str(distribution.locate_file(file))): distribution.metadata["Name"].lower().replace("-", "_")
        for distribution in importlib.metadata.distributions()
        for file in distribution.files or ()
    }


def _distribution(name: str, files: int) -> Part:
    distribution = importlib.metadata.distribution(name)
    about = distribution.metadata
    listed = [pathlib.Path(str(distribution.locate_file(file))) for file in distribution.files or () if ".dist-info" in str(file)]
    texts = [path for path in listed if _TEXT.search(path.name)] or [KEPT / text for text in WITHOUT_TEXT.get(name, ())]
    if not texts:
        raise Missing(f"{about['Name']} carries no licence text. Put one into packaging/licences and name it in packaging/notices.py.")
    licence = _said(about, "License-Expression") or _said(about, "License") or _classified(about)
    return Part(about["Name"], distribution.version, licence, _home(about), tuple(sorted(texts)), files)


def _said(about: importlib.metadata.PackageMetadata, field: str) -> str:
    """The first line of a field of the metadata, '' where it is left out."""
    return about[field].partition("\n")[0] if field in about else ""


def _classified(about: importlib.metadata.PackageMetadata) -> str:
    return ", ".join(line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if line.startswith("License ::"))


def _home(about: importlib.metadata.PackageMetadata) -> str:
    urls = dict(line.split(", ", 1) for line in about.get_all("Project-URL") or ())
    named = {label.lower(): url for label, url in urls.items()}
    return next(
        (named[label] for label in ("homepage", "home", "source", "repository", "code") if label in named), _said(about, "Home-page")
    )


def _python(files: int) -> Part:
    folder = pathlib.Path(sysconfig.get_paths()["stdlib"])
    texts = [path for path in (folder / "LICENSE.txt", folder / "LICENSE") if path.exists()][:1]
    if not texts:
        raise Missing(f"This Python has no LICENSE.txt in {folder}.")
    return Part("Python", platform.python_version(), "PSF-2.0", "https://www.python.org", tuple(texts), files)


def _vendored(libraries: Iterable[str]) -> Iterator[Part]:
    """What psycopg's wheel carries, by the source that it is from."""
    grouped = defaultdict(list)
    for library in libraries:
        stem = re.sub(r"-[0-9a-f]{8}.*|\.so.*", "", pathlib.PurePath(library).name)
        grouped[INSIDE_PSYCOPG.get(stem, stem)].append(pathlib.PurePath(library).name)
    for package, names in grouped.items():
        yield Part(f"psycopg-binary/{package}", "", "", ", ".join(sorted(names)), _about(package), len(names))


def _debian(libraries: Iterable[str]) -> Iterator[Part]:
    """Libraries of the system, by Debian's packages; by their own names where there is no Debian."""
    grouped = defaultdict(list)
    for library in libraries:
        grouped[_package(library)].append(pathlib.PurePath(library).name)
    for package, names in grouped.items():
        yield Part(package, "", "", ", ".join(sorted(names)), _about(package), len(names))


def _package(library: str) -> str:
    if shutil.which("dpkg-query") is None:
        return pathlib.PurePath(library).name
    for path in dict.fromkeys([os.path.realpath(library), library]):
        asked = subprocess.run(["dpkg-query", "--search", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        if asked.returncode == 0:
            return asked.stdout.partition(":")[0]
    return pathlib.PurePath(library).name


def _about(package: str) -> tuple[pathlib.Path, ...]:
    path = pathlib.Path("/usr/share/doc", package, "copyright")
    return (path,) if path.exists() else ()
