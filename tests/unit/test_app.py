"""Which face the program shows."""

from pathlib import Path

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


@pytest.mark.expects_log("A command failed")
def test_a_bug_in_a_command_is_a_report_and_not_somebodys_text_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> int:
        raise RuntimeError("Buy the ring for Sue")

    monkeypatch.setattr("devots_desktop.cli.main.run", fail)
    assert app.main(["--profile", str(tmp_path), "list"]) == 1
    [report] = (tmp_path / "crashes").iterdir()
    said = capsys.readouterr()
    assert "Sue" not in said.out + said.err + report.read_text()
    assert str(tmp_path / "crashes") in said.err
    assert "in fail" in report.read_text()
