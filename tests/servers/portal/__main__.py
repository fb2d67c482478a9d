"""`make portal`: a Devots Portal on this computer, with a Supabase project beside it and a person in it, until Ctrl+C. Everything is gone afterwards."""

import argparse
import secrets
import signal
import sys

from tests.servers.portal import Mail, PortalHost, PortalServer, migrate
from tests.servers.postgres import PostgresServer, binaries
from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.database import prepare, tell_time_in_utc

_EMAIL = "ada@example.org"


def main() -> int:
    """Run it; answer the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.portal", description=__doc__)
    parser.add_argument("--seed", action="store_true", help="as the guide makes it: cookies only, and no token for Supabase")
    parser.add_argument("--superjson", action="store_true", help="tRPC with superjson")
    parser.add_argument("--no-returning", action="store_true", help="mutations answer no rows")
    parser.add_argument("--rate-limit", action="store_true", help="on, as in production")
    parser.add_argument("--port", type=int, default=0, help="where on loopback; a free port without it")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        _serve(arguments)
    except KeyboardInterrupt:
        return 0
    return 0


def _serve(arguments: argparse.Namespace) -> None:
    with PostgresServer.start(18 if binaries(18) else 15) as server, PortalHost() as host:
        portal = PortalServer(
            server.create_database(),
            host=host,
            port=arguments.port,
            on_mail=_show,
            profile="seed" if arguments.seed else "desktop",
            superjson=arguments.superjson,
            returning=not arguments.no_returning,
            rate_limit=arguments.rate_limit,
        )
        prepare(portal.database, "empty")
        tell_time_in_utc(portal.database)
        migrate(host, portal.database, portal.settings.profile, on_supabase=True)
        with SupabaseServer(portal.database, "empty") as project, portal:
            portal.join(project)
            _tell(portal, project)
            signal.pause()


def _tell(portal: PortalServer, project: SupabaseServer) -> None:
    password = secrets.token_urlsafe(9)
    portal.sign_up("Ada", _EMAIL, password)
    print(f"URL       {portal.url}")
    print(f"e-mail    {_EMAIL}")
    print(f"password  {password}")
    if portal.settings.profile == "desktop":
        print(f"devices   {portal.url}/device")
    print(f"Supabase  {project.url}")
    print(f"database  {portal.database_url}")
    print("Mails come here. Ctrl+C ends it.", flush=True)


def _show(mail: Mail) -> None:
    print(f"mail to {mail.to} ({mail.kind}): {mail.code} {mail.link}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
