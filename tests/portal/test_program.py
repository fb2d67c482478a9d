"""`make portal`, as a person uses it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.servers.supabase import NO_TLS


def test_it_says_how_to_get_in_shows_mails_and_ends_on_ctrl_c() -> None:
    command = [sys.executable, "-m", "tests.servers.portal"]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        command, cwd=root, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        told: dict[str, str] = {}
        for line in process.stdout:
            if line.startswith("Mails come here."):
                break
            name, value = line.split()
            told[name] = value
        person = {"email": told["e-mail"], "password": told["password"]}
        with httpx.Client(base_url=f"{told['URL']}/api/auth", headers={"origin": told["URL"]}, verify=NO_TLS) as client:
            assert client.post("/sign-in/email", json=person).json()["user"]["email"] == told["e-mail"]
            client.post("/request-password-reset", json={"email": told["e-mail"]}).raise_for_status()
        assert process.stdout.readline().startswith(f"mail to {told['e-mail']} (reset): ")
    finally:
        os.killpg(process.pid, signal.SIGINT)
        _, complaints = process.communicate(timeout=30)
    assert (process.returncode, complaints) == (0, "")
