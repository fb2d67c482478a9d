"""Which shared libraries travel with the program: those that it can reach, but none that has to be the running system's own."""

import os
import pathlib
import re
import subprocess
from collections.abc import Mapping, Sequence

Entry = tuple[str, str, str]
"""PyInstaller's form: the place in the bundle, the file it is copied from (for a link: where it leads to), the kind."""

QT_PLUGINS = re.compile(
    r"/plugins/(platforms/libq(xcb|wayland|offscreen)|iconengines/|imageformats/libq(svg|ico)\.|platformthemes/libqxdg"
    r"|platforminputcontexts/lib(compose|ibus)|xcbglintegrations/|wayland-(decoration|graphics-integration|shell-integration)[^/]*/)"
)
"""X, Wayland and a platform without a screen, icons, the desktop's portal, composed input. Not Qt's own TLS, which nothing here uses, nor
GTK's theme, which would bring a second GTK beside the system's."""

OF_THE_SYSTEM = re.compile(
    r"lib(stdc\+\+|gcc_s|X11|X11-xcb|xcb|Xau|Xdmcp|ICE|SM|GL|EGL|GLX|OpenGL|drm|gbm|wayland-\w+|fontconfig|freetype|expat|z|dbus-1|glib-2\.0|gthread-2\.0)"
    r"\.so"
)
"""Every desktop has them, at least as new as the oldest one a bundle is built on, and they must fit its drivers, fonts or services."""


def reachable(binaries: Sequence[Entry]) -> list[Entry]:
    """What stays of PyInstaller's binaries: Python's extension modules, the plugins of Qt that we use, and the libraries these need."""
    files = {place: source for place, source, _ in binaries if not _is_left_out(place)}
    by_name = {pathlib.PurePath(place).name: place for place in files}
    needed = _needed(files)
    reached = {place for place in files if not _is_library(place)}
    waiting = list(reached)
    while waiting:
        found = {by_name[name] for name in needed[waiting.pop()] if name in by_name} - reached
        reached |= found
        waiting += found
    return [entry for entry in binaries if entry[0] in reached]


def without_loose_links(data: Sequence[Entry], binaries: Sequence[Entry]) -> list[Entry]:
    """PyInstaller's data without the links that lead to libraries which do not travel."""
    places = {place for place, _, _ in binaries}
    return [(place, source, kind) for place, source, kind in data if kind != "SYMLINK" or os.path.normpath(source) in places]


def _is_left_out(place: str) -> bool:
    is_foreign_plugin = "/Qt/plugins/" in place and not QT_PLUGINS.search(place)
    return is_foreign_plugin or OF_THE_SYSTEM.match(pathlib.PurePath(place).name) is not None


def _is_library(place: str) -> bool:
    """A library is there for others; all else is there for itself. Python's own is loaded by the starter, by name."""
    name = pathlib.PurePath(place).name
    return name.startswith("lib") and ".so" in name and "/plugins/" not in place and not name.startswith("libpython")


def _needed(files: Mapping[str, str]) -> dict[str, list[str]]:
    """The names of the libraries that each file is linked against."""
    sources = list(dict.fromkeys(files.values()))
    told = subprocess.run(["objdump", "--private-headers", *sources], stdout=subprocess.PIPE, text=True, check=True).stdout
    # A file begins with "NAME:     file format elf64-x86-64".
    parts = re.split(r"^(\S.*):\s+file format .*$", told, flags=re.MULTILINE)[1:]
    by_source = {
        source: re.findall(r"^\s+NEEDED\s+(\S+)", text, re.MULTILINE) for source, text in zip(parts[::2], parts[1::2], strict=True)
    }
    return {place: by_source[source] for place, source in files.items()}
