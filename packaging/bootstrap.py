"""Prepare a clone so that `make run` and `make test` work on a machine that has only python3, make and git.

    python3 packaging/bootstrap.py run     what the program needs, then a check that there is a display
    python3 packaging/bootstrap.py bundle  what freezes the program, for `make bundle`
    python3 packaging/bootstrap.py dev     all of it, and what the tests and checks need

It makes `.venv` with the locked dependencies of `requirements/`, and looks for the system libraries that Qt's platform plugin is linked
against. Missing Debian packages are installed when this runs as root; otherwise the one line to type is printed. A stamp file in `.venv`
holds what was installed, so that the next call only compares it and returns.

Standard library only, and readable by Python 3.9: an older python3 must get a sentence, not a traceback.
"""

import argparse
import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
from typing import Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
SUPPORTED = ((3, 11), (3, 12), (3, 13))
LOCKS = {"run": ("build.txt", "run.txt"), "bundle": ("build.txt", "run.txt", "bundle.txt"), "dev": ("dev.txt",)}
# A bundle: what reads and rewrites libraries (objcopy and strip are in the same package).
BUNDLE_PROGRAMS = {"objdump": "binutils"}
# Debian packages of the tests' servers: an X server, what types into its windows and a window manager, a session bus, PostgreSQL, a browser for a portal's pages; and what checks our desktop files.
TEST_PROGRAMS = {
    **BUNDLE_PROGRAMS,
    "Xvfb": "xvfb",
    "xdotool": "xdotool",
    "openbox": "openbox",
    "xauth": "xauth",
    "dbus-daemon": "dbus",
    "desktop-file-validate": "desktop-file-utils",
    "appstreamcli": "appstream",
    "/usr/lib/postgresql/15/bin/postgres": "postgresql-15",
    "chromium-headless-shell": "chromium-headless-shell",
}
# Debian's names of the packages that hold the libraries Qt 6 links against. A library that is not here is named in the sentence instead.
LIBRARY_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libOpenGL.so.0": "libopengl0",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libICE.so.6": "libice6",
    "libSM.so.6": "libsm6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libz.so.1": "zlib1g",
}


class Stop(Exception):
    """Nothing more can be done here; the text is what the person reads."""


class Interpreter(NamedTuple):
    """A Python that was asked for its version and for the modules that make a virtual environment."""

    path: str
    version: Tuple[int, int]
    can_make_venv: bool


def choose_interpreter(found: Sequence[Interpreter]) -> Interpreter:
    """The first supported interpreter that can make an environment, else the first supported one. Stop when there is none."""
    supported = [each for each in found if each.version in SUPPORTED]
    if not supported:
        seen = ", ".join("{} is {}.{}".format(each.path, *each.version) for each in found) or "no python3 was found"
        raise Stop("Devots Desktop needs Python 3.11, 3.12 or 3.13; {}. Install one of them and type the command again.".format(seen))
    return next((each for each in supported if each.can_make_venv), supported[0])


def missing_libraries(ldd_output: str) -> List[str]:
    """The names of the libraries that ldd did not find, in its order and each once."""
    return list(dict.fromkeys(re.findall(r"^\s*(\S+) => not found", ldd_output, re.MULTILINE)))


def packages_for(libraries: Iterable[str], table: Mapping[str, str] = LIBRARY_PACKAGES) -> Tuple[List[str], List[str]]:
    """The packages that hold these libraries, sorted, and the libraries whose package the table does not name."""
    names = list(libraries)
    return sorted({table[name] for name in names if name in table}), [name for name in names if name not in table]


def apt_line(packages: Sequence[str], *, sudo: bool = True) -> str:
    """The one line to type that installs these Debian packages."""
    return "{}apt-get install -y --no-install-recommends {}".format("sudo " if sudo else "", " ".join(packages))


def library_sentence(packages: Sequence[str], unknown: Sequence[str]) -> str:
    """What to tell a person whose machine lacks libraries that Qt needs."""
    sentences = []
    if packages:
        sentences.append("Qt needs system libraries that are not installed. Type:\n    {}".format(apt_line(packages)))
    if unknown:
        sentences.append("Qt needs these libraries; install the packages of your system that hold them: {}.".format(", ".join(unknown)))
    return "\n".join(sentences)


def program_sentence(programs: Sequence[str], table: Mapping[str, str]) -> str:
    """What to tell a person whose machine lacks programs that are needed; the table names their packages where there are any."""
    if not programs:
        return ""
    if not table:
        return "Programs that are needed are not installed: {}.".format(", ".join(programs))
    return "Programs that are needed are not installed. Type:\n    {}".format(apt_line([table[name] for name in programs]))


def has_display(environment: Mapping[str, str], platform: str) -> bool:
    """Whether a window can be shown: an X or Wayland display, another system than Linux, or a platform chosen for Qt."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not platform.startswith("linux") or any(environment.get(name) for name in named)


NO_DISPLAY = "There is no display to open a window on: set DISPLAY or WAYLAND_DISPLAY, or type `xvfb-run -a make run` (Debian packages xvfb and xauth)."


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def find_interpreters() -> Iterator[Interpreter]:
    """This interpreter first, then those on the path by version, each asked by running it."""
    names = ["python{}.{}".format(*version) for version in reversed(SUPPORTED)]
    for path in dict.fromkeys([sys.executable, *filter(None, map(shutil.which, ["python3", *names]))]):
        asked = subprocess.run(
            [path, "-c", "import sys; print(*sys.version_info[:2]); import ensurepip, venv"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        version = asked.stdout.split()
        if len(version) == 2:
            yield Interpreter(path, (int(version[0]), int(version[1])), asked.returncode == 0)


def has_apt() -> bool:
    return shutil.which("apt-get") is not None


def may_use_apt() -> bool:
    return has_apt() and os.geteuid() == 0


def apt_install(packages: Sequence[str]) -> bool:
    """Install Debian packages; the package lists are fetched only when the first try fails. Answers whether all of them are there."""
    say("Installing " + " ".join(packages))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = apt_line(packages, sudo=False).split()
    for fetch_lists in (False, True):
        if fetch_lists:
            subprocess.run(["apt-get", "update", "-qq"], env=environment, stdout=sys.stderr, check=False)
        quiet = [command[0], "-qq", *command[1:]]
        if (
            subprocess.run(
                quiet, env=environment, stdout=subprocess.DEVNULL, stderr=None if fetch_lists else subprocess.DEVNULL, check=False
            ).returncode
            == 0
        ):
            return True
    return False


def interpreter_for_venv() -> Interpreter:
    """An interpreter that can make the environment; on Debian as root the missing venv package is installed first."""
    chosen = choose_interpreter(list(find_interpreters()))
    if chosen.can_make_venv:
        return chosen
    package = "python{}.{}-venv".format(*chosen.version)
    if may_use_apt() and apt_install([package]):
        return chosen
    raise Stop(
        "Python's module for virtual environments is not installed. Type:\n    {}\nand then the same command again.".format(
            apt_line([package])
        )
    )


def venv_python() -> pathlib.Path:
    return VENV / "bin" / "python"


def make_venv() -> None:
    """Make `.venv`, unless there is one whose interpreter still runs, is supported and has pip."""
    if venv_python().exists():
        question = [str(venv_python()), "-c", "import sys, pip; print(*sys.version_info[:2])"]
        asked = subprocess.run(question, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        if tuple(map(int, asked.stdout.split())) in SUPPORTED:
            return
    chosen = interpreter_for_venv()
    say("Making .venv with Python {}.{}".format(*chosen.version))
    subprocess.run([chosen.path, "-m", "venv", "--clear", str(VENV)], check=True)


def fingerprint(purpose: str) -> str:
    """What the environment was made from; another value means that it has to be brought up to date."""
    digest = hashlib.sha256()
    for path in [ROOT / "pyproject.toml", *(ROOT / "requirements" / name for name in LOCKS[purpose])]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def stamp(purpose: str) -> pathlib.Path:
    return VENV / "stamp-{}".format(purpose)


def is_prepared(purpose: str) -> bool:
    """Whether `.venv` holds what this purpose needs; the tests' environment serves for all, a bundle's to run the program."""
    purposes = {"run": ("run", "bundle", "dev"), "bundle": ("bundle", "dev"), "dev": ("dev",)}[purpose]
    return venv_python().exists() and any(stamp(each).is_file() and stamp(each).read_text() == fingerprint(each) for each in purposes)


def pip(*arguments: str) -> None:
    """Run the environment's pip with the machine's own configuration: which registry to ask is not this project's business."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [str(venv_python()), "-m", "pip", "install", "--quiet", *arguments]
    if subprocess.run(command, env=environment, cwd=str(ROOT), check=False).returncode:
        raise Stop("pip could not install the locked dependencies; its message stands above. Type the same command to try again.")


def install(purpose: str) -> None:
    """Install the locked dependencies and the package itself (editable), compile the bytecode, and write the stamp."""
    say("Installing the locked dependencies, this takes a minute or two")
    pip("--require-hashes", *(word for name in LOCKS[purpose] for word in ("-r", "requirements/" + name)))
    pip("--no-deps", "--no-build-isolation", "--editable", ".")
    compile_bytecode(str(next(VENV.glob("lib/python*/site-packages"))))
    stamp(purpose).write_text(fingerprint(purpose))


def compile_bytecode(*folders: str) -> None:
    """Compile what lies in these folders, so that the program starts as an installed one does, also where Python may not write bytecode.

    Some dependencies carry templates that are no valid Python: failures are theirs and without meaning here.
    """
    subprocess.run([str(venv_python()), "-m", "compileall", "-qq", *folders], cwd=str(ROOT), check=False)


def compile_package() -> None:
    """Compile our own modules when one of them changed since the last time."""
    compiled = VENV / "stamp-bytecode"
    newest = max(path.stat().st_mtime for path in (ROOT / "devots_desktop").rglob("*.py"))
    if not compiled.exists() or compiled.stat().st_mtime < newest:
        compile_bytecode("devots_desktop")
        compiled.touch()


def qt_binaries() -> List[pathlib.Path]:
    """What Qt loads to show a window: its widgets, and the plugins for X and Wayland."""
    qt = next(VENV.glob("lib/python*/site-packages/PySide6")) / "Qt"
    platforms = [qt / "plugins/platforms" / name for name in ("libqxcb.so", "libqwayland.so", "libqoffscreen.so")]
    plugins = [*platforms, *qt.glob("plugins/xcbglintegrations/*.so"), *qt.glob("plugins/platformthemes/libqxdg*.so")]
    return [path for path in [*plugins, qt / "lib/libQt6Widgets.so.6", qt / "lib/libQt6Test.so.6"] if path.exists()]


def qt_libraries() -> List[str]:
    """The libraries of the system that Qt needs to show a window and that are not here (Linux only)."""
    if not sys.platform.startswith("linux"):
        return []
    asked = subprocess.run(["ldd", *map(str, qt_binaries())], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return missing_libraries(asked.stdout)


def provide_libraries() -> str:
    """Install the libraries of the system that Qt needs when root; answers a sentence about what is still missing, else ''."""
    table = LIBRARY_PACKAGES if has_apt() else {}
    packages, _ = packages_for(qt_libraries(), table)
    if packages and may_use_apt():
        apt_install(packages)
    return library_sentence(*packages_for(qt_libraries(), table))


def missing_programs(table: Mapping[str, str]) -> List[str]:
    """The programs of the table that are not here."""
    return [program for program in table if shutil.which(program) is None]


def provide_programs(table: Mapping[str, str]) -> str:
    """Install programs by the table of their packages when root; answers a sentence about what is still missing, else ''."""
    wanted = [table[program] for program in missing_programs(table)]
    if wanted and may_use_apt():
        if "postgresql-15" in wanted:
            forbid_main_cluster()
        if not apt_install(wanted):
            # A system without PostgreSQL 15 has the others.
            for package in wanted:
                apt_install([package])
    return program_sentence(missing_programs(table), table if has_apt() else {})


def forbid_main_cluster() -> None:
    """Keep Debian's postgresql from starting a server of its own: the tests start theirs. It must be said before the package comes.

    In the folder of additions: createcluster.conf itself belongs to the package, whose installation would stop and ask about ours.
    """
    folder = pathlib.Path("/etc/postgresql-common/createcluster.d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "devots.conf").write_text("create_main_cluster = false\n")


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Let a second call wait until the first one has made the environment."""
    import fcntl

    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare(purpose: str) -> None:
    """Bring `.venv` and, as root, the system to what the purpose needs; Stop when the program could not start afterwards."""
    if not is_prepared(purpose):
        make_venv()
        install(purpose)
        stamp("libraries").unlink(missing_ok=True)
    compile_package()
    missing = [] if stamp("libraries").exists() else [provide_libraries()]
    if missing == [""]:
        stamp("libraries").touch()
    elif missing and purpose != "dev":
        raise Stop(missing[0])
    if purpose == "bundle" and (sentence := provide_programs(BUNDLE_PROGRAMS)):
        raise Stop(sentence)
    if purpose == "dev":
        for sentence in filter(None, (*missing, provide_programs(TEST_PROGRAMS))):
            say(sentence + "\nThe tests that need them are counted as not run.")


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(description="Prepare this clone to run the program, to freeze it, or to test it.")
    parser.add_argument("purpose", choices=sorted(LOCKS))
    purpose: str = parser.parse_args(arguments).purpose
    try:
        if purpose == "run" and not has_display(os.environ, sys.platform):
            raise Stop(NO_DISPLAY)
        with only_one():
            prepare(purpose)
    except Stop as stop:
        say(str(stop))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
