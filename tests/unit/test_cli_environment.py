"""What the command line is told beside its arguments."""

from pathlib import Path

import pytest

from devots_desktop.cli.environment import owners_url, parse_env, read_password
from devots_desktop.domain.errors import AccountUnusable


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("A=1", {"A": "1"}),
        ("\n# a comment\n  A = 1 \r\nexport B=2\n", {"A": "1", "B": "2"}),
        ("A=\nB=''\nC=\"\"\n", {"A": "", "B": "", "C": ""}),
        ('A=\'it # is\' # a comment\nB="x\\n\\"y\\"\\\\"\n', {"A": "it # is", "B": 'x\n"y"\\'}),
        ("A=postgres://u:p#w@h/d?x=y&z='q' # a comment\n", {"A": "postgres://u:p#w@h/d?x=y&z='q'"}),
        ('KEY="-----BEGIN\nabc=\n-----END"\nA=1\n', {"KEY": "-----BEGIN\nabc=\n-----END", "A": "1"}),
        ("A=1\nA=2\n", {"A": "2"}),
    ],
)
def test_entries_of_an_env_file(text: str, values: dict[str, str]) -> None:
    assert parse_env(text, ".env") == values


@pytest.mark.parametrize("line", ["secret", "1A=secret", "A B=secret", "A='secret", 'A="secret', "A='x' secret", "=secret"])
def test_a_line_that_is_none_is_named_by_number_and_not_repeated(line: str) -> None:
    with pytest.raises(AccountUnusable) as refused:
        parse_env(f"A=1\n\n{line}\n", ".env")
    assert "Line 3 of .env" in refused.value.sentence
    assert "secret" not in str(refused.value)


class TestOwnersUrl:
    def test_the_portals_name_comes_first(self) -> None:
        assert owners_url({"DATABASE_URL": "b", "SUPABASE_POSTGRES_URL": "a"}, None) == "a"
        assert owners_url({"DATABASE_URL": "b", "SUPABASE_POSTGRES_URL": ""}, None) == "b"

    def test_a_file_takes_the_place_of_the_environment(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("\ufeffDATABASE_URL=c\n", encoding="utf-8")
        assert owners_url({"SUPABASE_POSTGRES_URL": "a"}, str(file)) == "c"
        file.write_text("")
        with pytest.raises(AccountUnusable, match=r"\.env"):
            owners_url({"SUPABASE_POSTGRES_URL": "a"}, str(file))

    def test_the_service_key_is_no_url(self) -> None:
        with pytest.raises(AccountUnusable):
            owners_url({"SUPABASE_SERVICE_KEY": "postgres://x"}, None)


@pytest.mark.parametrize("content", [b"a b\n", b"a b", b"a b\r\nsecond line\n", b"\xef\xbb\xbfa b\n"])
def test_a_password_is_the_first_line_of_its_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "password").write_bytes(content)
    assert read_password(str(tmp_path / "password"), "Password") == "a b"


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_file_without_a_password_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "password").write_bytes(content)
    with pytest.raises(AccountUnusable):
        read_password(str(tmp_path / "password"), "Password")
