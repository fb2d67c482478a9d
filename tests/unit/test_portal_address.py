"""Addresses of portals as people paste them."""

import pytest

from devots_desktop.domain.errors import AccountUnusable
from devots_desktop.remote.portal.address import Portal


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://todos.example.org", "https://todos.example.org"),
        (" https://Todos.Example.org/ ", "https://todos.example.org"),
        ("todos.example.org", "https://todos.example.org"),
        ("todos.example.org:8443/portal/", "https://todos.example.org:8443/portal"),
        ("https://todos.example.org/device?user_code=ABCD", "https://todos.example.org"),
        ("https://todos.example.org/api/auth", "https://todos.example.org"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000/trpc", "http://[::1]:3000"),
    ],
)
def test_what_is_meant(text: str, url: str) -> None:
    assert Portal.from_text(text).url == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "a b.example.org",
        "ftp://example.org",
        "https://",
        "http://example.org:port",
        'https://ex"ample.org',
        "https://example.org\\evil.org",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(AccountUnusable) as caught:
        Portal.from_text(text)
    assert caught.value.title == "Address not usable"


def test_nothing_is_sent_in_the_clear() -> None:
    with pytest.raises(AccountUnusable, match="in the clear"):
        Portal.from_text("http://todos.example.org")


def test_a_password_in_it_is_neither_stored_nor_repeated() -> None:
    with pytest.raises(AccountUnusable) as caught:
        Portal.from_text("https://ada:hunter2@todos.example.org")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://todos.example.org/portal", "https://todos.example.org"),
        ("https://todos.example.org:443", "https://todos.example.org"),
        ("http://localhost:80/x", "http://localhost"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_the_origin_of_its_pages(url: str, origin: str) -> None:
    assert Portal(url).origin == origin


def test_it_comes_back_as_it_was_stored() -> None:
    portal = Portal("https://todos.example.org/portal", "/etc/ca.pem")
    assert Portal.from_dict(portal.to_dict()) == portal
