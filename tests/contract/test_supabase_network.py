"""Certificates and proxies on the way to a Supabase project: the same for requests and for Realtime, and what goes wrong is named."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devots_desktop.domain.account import SecretStore
from devots_desktop.domain.errors import AccountUnusable, UntrustedCertificate
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote import certificates, web
from devots_desktop.remote.certificates import verifying
from devots_desktop.remote.supabase import checks, http
from devots_desktop.remote.supabase.keys import Project
from devots_desktop.remote.supabase.signing import Door
from devots_desktop.services.accounts import Accounts
from devots_desktop.services.supabase_checks import check_project
from devots_desktop.services.supabase_form import SupabaseForm, Way
from devots_desktop.store.profile import Profile
from tests.contract.live import Elsewhere, Follower
from tests.contract.patient import Patient
from tests.servers.fixtures import VERSIONS, Servers
from tests.servers.secured import Authority, ConnectProxy, Relay
from tests.servers.supabase import SupabaseServer

NAME = "devots.test"
KEY = "sb_publishable_0123456789abcdefghijkl_01234567"
PROXY_NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"), NAME, "localhost")


@pytest.fixture
def server(servers: Servers) -> Iterator[SupabaseServer]:
    with servers.project(VERSIONS[-1], "managed") as server:
        yield server


@pytest.fixture
def front(server: SupabaseServer, authority: Authority) -> Iterator[Relay]:
    """The project over TLS."""
    with Relay(Project.from_text(server.url).port, tls=authority.context()) as front:
        yield front


@pytest.fixture
def proxy(front: Relay, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectProxy]:
    """The only way to the project, under a name that nobody but the proxy knows."""
    with ConnectProxy(front.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        yield proxy


def found(project: Project, key: str) -> list[Finding]:
    async def look() -> list[Finding]:
        return [each async for each in check_project(project, key)]

    return asyncio.run(look())


def levels(findings: list[Finding]) -> list[tuple[str, Level]]:
    return [(each.check, each.level) for each in findings]


ALL_WELL = [(check, Level.OK) for check in checks.CHECKS]


class TestCertificates:
    def test_the_accounts_own_authority_is_trusted_by_requests_and_by_realtime(
        self, server: SupabaseServer, front: Relay, authority: Authority
    ) -> None:
        findings = found(Project(f"https://localhost:{front.port}", str(authority.ca)), server.publishable_key)
        assert levels(findings) == ALL_WELL
        assert findings[0].sentence == "A Supabase project answers at localhost over a verified connection."

    def test_ssl_cert_file_is_trusted(
        self, server: SupabaseServer, front: Relay, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
        assert levels(found(Project(f"https://localhost:{front.port}"), server.publishable_key)) == ALL_WELL

    def test_an_unknown_authority_is_not_trusted(self, server: SupabaseServer, front: Relay) -> None:
        project = Project(f"https://localhost:{front.port}")
        [finding] = found(project, server.publishable_key)
        assert (finding.check, finding.level) == (checks.ADDRESS, Level.WRONG)
        assert "does not prove that it is the server you asked for" in finding.sentence
        with pytest.raises(UntrustedCertificate):
            asyncio.run(Door(project, server.publishable_key).methods())

    def test_a_certificate_for_another_name_is_not_trusted(self, server: SupabaseServer, front: Relay, authority: Authority) -> None:
        [finding] = found(Project(f"https://127.0.0.1:{front.port}", str(authority.ca)), server.publishable_key)
        assert "does not prove that it is the server you asked for" in finding.sentence

    @pytest.mark.parametrize("by", ["account", "environment"])
    def test_a_file_that_holds_no_certificates_is_named(self, tmp_path: Path, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
        file = tmp_path / "ca.pem"
        file.write_text("nothing")
        if by == "environment":
            monkeypatch.setenv("SSL_CERT_FILE", str(file))
        [finding] = found(Project("https://localhost", str(file) if by == "account" else ""), KEY)
        assert (finding.check, finding.level) == (checks.ADDRESS, Level.WRONG)
        assert str(file) in finding.sentence
        assert ("SSL_CERT_FILE" in finding.sentence) is (by == "environment")

    def test_the_systems_certificates_are_read_once(self) -> None:
        context = verifying()
        assert context is verifying()
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


class TestProxy:
    def test_requests_and_realtime_go_through_it_and_it_is_named(
        self, server: SupabaseServer, proxy: ConnectProxy, authority: Authority
    ) -> None:
        findings = found(Project(f"https://{NAME}", str(authority.ca)), server.publishable_key)
        assert levels(findings) == ALL_WELL
        assert findings[0].sentence.endswith(f" (through the proxy 127.0.0.1:{proxy.port}).")
        assert (len(proxy.asked) >= 2, set(proxy.asked)) == (True, {f"{NAME}:443"})

    def test_its_password_is_used_and_not_told(
        self, server: SupabaseServer, proxy: ConnectProxy, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy.login = "ada:secret"
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.login}@127.0.0.1:{proxy.port}")
        findings = found(Project(f"https://{NAME}", str(authority.ca)), server.publishable_key)
        assert levels(findings) == ALL_WELL
        assert "secret" not in repr(findings)

    def test_one_that_lets_nobody_through(self, server: SupabaseServer, proxy: ConnectProxy, authority: Authority) -> None:
        proxy.refuses = True
        [finding] = found(Project(f"https://{NAME}", str(authority.ca)), server.publishable_key)
        assert finding.sentence == f"The proxy does not let the connection through (through the proxy 127.0.0.1:{proxy.port})."

    def test_one_that_is_away(self, server: SupabaseServer, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
        with Relay(1) as gone:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{gone.port}")
        [finding] = found(Project(f"https://{NAME}", str(authority.ca)), server.publishable_key)
        assert finding.sentence == f"The proxy does not answer (through the proxy 127.0.0.1:{gone.port})."

    def test_what_no_proxy_excepts_goes_past_it(
        self, server: SupabaseServer, proxy: ConnectProxy, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_PROXY", f"example.org,{NAME}")
        [finding] = found(Project(f"https://{NAME}", str(authority.ca)), server.publishable_key)
        assert (finding.sentence, proxy.asked) == (f"The name {NAME} is not known here.", [])

    def test_this_computers_own_addresses_go_past_it(
        self, server: SupabaseServer, proxy: ConnectProxy, front: Relay, authority: Authority
    ) -> None:
        assert levels(found(Project.from_text(server.url), server.publishable_key)) == ALL_WELL
        assert levels(found(Project(f"https://localhost:{front.port}", str(authority.ca)), server.publishable_key)) == ALL_WELL
        assert proxy.asked == []

    def test_one_of_a_kind_that_is_not_spoken_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
        [finding] = found(Project(f"https://{NAME}"), KEY)
        assert (finding.check, "of the kind socks5" in finding.sentence) == (checks.ADDRESS, True)
        with pytest.raises(AccountUnusable, match="socks5"):
            http.make_client(Project(f"https://{NAME}"))

    @pytest.mark.parametrize("way", ["http://ada:secret@proxy:many", "http://[ada:secret@proxy"])
    def test_one_that_is_no_address_is_said_without_its_password(self, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", way)
        [finding] = found(Project(f"https://{NAME}"), KEY)
        assert (finding.check, finding.sentence) == (checks.ADDRESS, "The environment names a proxy by what is no address.")
        assert "HTTPS_PROXY" in finding.next_step

    def test_one_without_a_scheme_is_taken_for_http(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "proxy.example.org:3128")
        assert web.proxy(Project(f"https://{NAME}")) == "http://proxy.example.org:3128"


def test_an_account_lives_behind_both_and_reads_certificates_on_a_thread(
    tmp_path: Path, server: SupabaseServer, proxy: ConnectProxy, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: list[threading.Thread] = []

    def trusting(*, instead: str) -> ssl.SSLContext:
        readers.append(threading.current_thread())
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    monkeypatch.setattr(certificates, "_trusting_the_system", trusting)
    certificates._verifying.cache_clear()
    profile = Profile(tmp_path / "profile")
    accounts = Accounts(profile)
    form = SupabaseForm.from_text(
        f"https://{NAME}",
        server.publishable_key,
        ca=str(authority.ca),
        email="ada@example.org",
        password="correct horse",
        way=Way.SIGN_UP,
        secrets=SecretStore.FILE,
    )
    patient = Patient(profile, accounts, asyncio.run(accounts.add_supabase(form)))
    certificates._verifying.cache_clear()
    patient.using(lambda opened: opened.todos.add("milk"))
    patient.sync()
    assert [(each.check, each.level) for each in asyncio.run(patient.doctor().examine()) if each.level is not Level.OK] == []
    assert patient.account.address == {"url": f"https://{NAME}", "ca": str(authority.ca)}
    assert (len(readers), threading.main_thread() in readers) == (2, False)
    # Nothing of it depends on what a process has seen before.
    patient = replace(patient, accounts=Accounts(profile))
    assert patient.examined()["list against server"].level is Level.OK


@pytest.mark.parametrize("behind", ["authority", "proxy"])
def test_changes_are_told_behind_both(
    tmp_path: Path, server: SupabaseServer, front: Relay, proxy: ConnectProxy, authority: Authority, behind: str
) -> None:
    """realtime-py itself knows neither an account's authority nor where a proxy is to be left out."""
    project = Project(f"https://{NAME}" if behind == "proxy" else f"https://localhost:{front.port}", str(authority.ca))
    device = Follower(tmp_path, server, project)

    async def scene() -> None:
        async with device.following():
            Elsewhere(server, device.user_id).add("milk")
            await device.shows("milk")

    asyncio.run(scene())
    assert bool(proxy.asked) is (behind == "proxy")
