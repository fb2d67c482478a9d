"""`make standin`, as a person uses it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx


def test_it_says_how_to_get_in_and_ends_on_ctrl_c() -> None:
    command = [sys.executable, "-m", "tests.servers.supabase", "--plain"]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=root, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told: dict[str, str] = {}
        for line in process.stdout:
            if line.startswith("Ctrl+C"):
                break
            name, value = line.split()
            told[name] = value
        answer = httpx.post(
            f"{told['URL']}/auth/v1/token?grant_type=password",
            headers={"apikey": told["key"]},
            json={"email": told["e-mail"], "password": told["password"]},
        )
        assert answer.json()["user"]["email"] == told["e-mail"]
    finally:
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=30)
    assert (process.returncode, complaints) == (0, "")
