"""The reference of a live change: a plain psycopg listener. Prints CLOCK_MONOTONIC nanoseconds when a notification comes.

Reads a URL and a session's token, a line each, from standard input: secrets do not belong into arguments.
"""

import sys
import time

import psycopg

if __name__ == "__main__":
    url, token = (sys.stdin.readline().strip() for _ in range(2))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select devots.listen() from (select set_config('devots.session', %s, true) offset 0) s", [token])
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for _ in connection.notifies():
            sys.stdout.write(f"{time.monotonic_ns()}\n")
            sys.stdout.flush()
