"""The parts of packaging/bootstrap.py that decide; what it does to a bare system is repeated by packaging/bare-debian.sh."""

import ast
import importlib.util
import pathlib
import subprocess
import sys
import types

import pytest

from tests.outcomes import need_qt

PATH = pathlib.Path(__file__).parents[2] / "packaging" / "bootstrap.py"


@pytest.fixture(scope="module")
def bootstrap() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_python_3_9_can_read_it() -> None:
    ast.parse(PATH.read_text(), feature_version=(3, 9))


class TestChoiceOfInterpreter:
    def test_the_first_that_is_supported_and_can_make_an_environment(self, bootstrap: types.ModuleType) -> None:
        found = [
            bootstrap.Interpreter("old", (3, 9), True),
            bootstrap.Interpreter("without venv", (3, 11), False),
            bootstrap.Interpreter("good", (3, 12), True),
            bootstrap.Interpreter("also good", (3, 11), True),
        ]
        assert bootstrap.choose_interpreter(found).path == "good"

    def test_one_without_venv_when_no_other_is_supported(self, bootstrap: types.ModuleType) -> None:
        found = [bootstrap.Interpreter("new", (3, 14), True), bootstrap.Interpreter("without venv", (3, 11), False)]
        assert bootstrap.choose_interpreter(found).path == "without venv"

    def test_a_sentence_names_what_there_is_when_none_is_supported(self, bootstrap: types.ModuleType) -> None:
        with pytest.raises(bootstrap.Stop, match=r"needs Python 3\.11, 3\.12 or 3\.13; /usr/bin/python3 is 3\.9\."):
            bootstrap.choose_interpreter([bootstrap.Interpreter("/usr/bin/python3", (3, 9), True)])

    def test_this_interpreter_is_found_with_its_version(self, bootstrap: types.ModuleType) -> None:
        first = next(bootstrap.find_interpreters())
        assert first[:2] == (sys.executable, sys.version_info[:2])


class TestLibraries:
    LDD = """/x/libqxcb.so:
\tlinux-vdso.so.1 (0x00007ffc)
\tlibQt6XcbQpa.so.6 => /x/lib/libQt6XcbQpa.so.6 (0x00007f0)
\tlibxcb-cursor.so.0 => not found
\tlibEGL.so.1 => not found
/x/libqwayland.so:
\tlibEGL.so.1 => not found
\tlibnovel.so.7 => not found
"""

    def test_ldd_names_what_is_missing(self, bootstrap: types.ModuleType) -> None:
        assert bootstrap.missing_libraries(self.LDD) == ["libxcb-cursor.so.0", "libEGL.so.1", "libnovel.so.7"]

    def test_their_debian_packages_are_known_or_the_library_is_named(self, bootstrap: types.ModuleType) -> None:
        found = bootstrap.packages_for(["libxcb-cursor.so.0", "libEGL.so.1", "libnovel.so.7"])
        assert found == (["libegl1", "libxcb-cursor0"], ["libnovel.so.7"])

    def test_the_sentence_ends_in_one_line_to_type(self, bootstrap: types.ModuleType) -> None:
        sentence = bootstrap.library_sentence(["libegl1", "libxcb-cursor0"], [])
        assert sentence.splitlines()[-1].strip() == "sudo apt-get install -y --no-install-recommends libegl1 libxcb-cursor0"

    def test_a_system_without_apt_is_told_the_libraries(self, bootstrap: types.ModuleType) -> None:
        sentence = bootstrap.library_sentence(*bootstrap.packages_for(["libEGL.so.1"], {}))
        assert "libEGL.so.1" in sentence
        assert "apt-get" not in sentence

    def test_nothing_missing_is_nothing_said(self, bootstrap: types.ModuleType) -> None:
        assert bootstrap.library_sentence(*bootstrap.packages_for([])) == ""

    def test_the_table_covers_what_this_qt_is_linked_against(self, bootstrap: types.ModuleType) -> None:
        need_qt()
        linked = subprocess.run(["ldd", *map(str, bootstrap.qt_binaries())], capture_output=True, text=True, check=True).stdout
        libraries = {line.split()[0] for line in linked.splitlines() if " => /lib/" in line or " => /usr/lib/" in line}
        from_qt = {name for name in libraries if name.startswith(("libxcb", "libxkb", "libEGL", "libwayland", "libX11", "libfontconfig"))}
        assert from_qt
        assert from_qt <= bootstrap.LIBRARY_PACKAGES.keys()


class TestPrograms:
    def test_the_packages_are_named_where_there_are_any(self, bootstrap: types.ModuleType) -> None:
        sentence = bootstrap.program_sentence(["Xvfb", "dbus-daemon"], bootstrap.TEST_PROGRAMS)
        assert sentence.splitlines()[-1].strip() == "sudo apt-get install -y --no-install-recommends xvfb dbus"

    def test_else_the_programs(self, bootstrap: types.ModuleType) -> None:
        assert bootstrap.program_sentence(["Xvfb"], {}) == "Programs that are needed are not installed: Xvfb."

    def test_nothing_missing_is_nothing_said(self, bootstrap: types.ModuleType) -> None:
        assert bootstrap.program_sentence([], bootstrap.TEST_PROGRAMS) == ""


class TestDisplay:
    @pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
    def test_each_of_these_is_one(self, bootstrap: types.ModuleType, name: str) -> None:
        assert bootstrap.has_display({name: "x"}, "linux")

    def test_linux_without_them_has_none(self, bootstrap: types.ModuleType) -> None:
        assert not bootstrap.has_display({"DISPLAY": ""}, "linux")

    def test_other_systems_always_have_one(self, bootstrap: types.ModuleType) -> None:
        assert bootstrap.has_display({}, "darwin")

    def test_without_one_the_run_stops_with_one_line_that_says_what_to_type(self) -> None:
        run = subprocess.run([sys.executable, PATH, "run"], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}, check=False)
        assert run.returncode == 1
        assert len(run.stderr.splitlines()) == 1
        assert "xvfb-run -a make run" in run.stderr
