"""Which face the program shows."""

import pytest

from devots_desktop import app


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--profile", "/tmp/x"], ("/tmp/x", True)),
        (["--profile=/tmp/x"], ("/tmp/x", True)),
        (["--profile", "/tmp/x", "list"], ("", False)),
        (["list"], ("", False)),
        (["--version"], ("", False)),
        (["--profile"], ("", False)),
    ],
)
def test_without_a_command_it_is_the_window(arguments: list[str], expected: tuple[str, bool]) -> None:
    assert app._for_window(arguments) == expected


def test_a_command_goes_to_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(app.main(["--version"]))
    assert not ended.value.code
    assert capsys.readouterr().out.startswith("devots ")
