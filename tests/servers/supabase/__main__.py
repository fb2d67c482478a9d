"""`make standin`: a Supabase project on this computer, with a person in it, until Ctrl+C. Everything in it is gone afterwards."""

import argparse
import secrets
import signal
import sys

from tests.servers.postgres import PostgresServer, binaries
from tests.servers.supabase import SupabaseServer
from tests.servers.supabase.database import Form, prepare, tell_time_in_utc

_EMAIL = "ada@example.org"


def main() -> int:
    """Run it; answer the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.supabase", description=__doc__)
    parser.add_argument("--plain", action="store_true", help="with a todo table that knows nothing of us")
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
    form: Form = "plain" if arguments.plain else "managed"
    with PostgresServer.start(18 if binaries(18) else 15) as server:
        database = server.create_database()
        prepare(database, form)
        tell_time_in_utc(database)
        with SupabaseServer(database, form, port=arguments.port) as project:
            password = secrets.token_urlsafe(9)
            project.sign_up(_EMAIL, password)
            print(f"URL       {project.url}")
            print(f"key       {project.publishable_key}")
            print(f"e-mail    {_EMAIL}")
            print(f"password  {password}")
            print(f"mails     {project.url}/__test/mail")
            print("Ctrl+C ends it.", flush=True)
            signal.pause()


if __name__ == "__main__":
    sys.exit(main())
