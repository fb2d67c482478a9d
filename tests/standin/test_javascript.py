"""The stand-in, asked by supabase-js: another implementation, by the people who make the platform."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers import node
from tests.servers.supabase import SupabaseServer

Proof = Callable[[str], dict[str, Any]]
_SCRIPTS = Path(__file__).parent / "javascript"


@pytest.fixture
def proof(plain_project: SupabaseServer) -> Proof:
    """Runs a proof of javascript/proofs.mjs by its name; answers what it found."""

    def run(name: str) -> dict[str, Any]:
        environment = {**os.environ, "STANDIN_URL": plain_project.url, "STANDIN_KEY": plain_project.publishable_key}
        done = subprocess.run(
            [*node.command(_SCRIPTS, "proofs.mjs"), name], env=environment, capture_output=True, text=True, timeout=50, check=False
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return run


def test_signing_in_and_out(proof: Proof) -> None:
    assert proof("auth") == {
        "weak": {"code": "weak_password", "status": 422, "reasons": ["length"]},
        "name": "Ada",
        "again": {"code": "user_already_exists", "status": 422},
        "wrong": {"code": "invalid_credentials", "status": 400},
        "verified": "ES256",
        "rotated": True,
        "gone": {"code": "refresh_token_not_found", "status": 400},
        "stays": True,
    }


def test_codes_by_mail(proof: Proof) -> None:
    assert proof("codes") == {
        "unknown": {"code": "otp_disabled", "status": 422},
        "hasty": {"code": "over_email_send_rate_limit", "status": 429},
        "wrong": {"code": "otp_expired", "status": 403},
        "right": "ada@example.org",
        "changed": True,
        "same": {"code": "same_password", "status": 422},
    }


def test_through_a_browser(proof: Proof) -> None:
    assert proof("browser") == {"back": "http://127.0.0.1:53123/callback", "email": "octo@example.org", "token": True}


def test_rows(proof: Proof) -> None:
    assert proof("rest") == {
        "made": [201, [False, True]],
        "found": [["b", "a"], 2],
        "page": [206, [{"text": "b"}], 2],
        "head": [200, 2],
        "refused": [401, "42501"],
        "foreign": [200, []],
        "upsert": [403, "42501"],
        "none": [406, "PGRST116"],
        "maybe": None,
        "merged": [200, {"text": "c"}],
        "taken": [409, "23505", None],
        "many": [400, "PGRST124"],
        "deleted": [204, 1],
        "unknown": [404, "PGRST205"],
    }


def test_changes(proof: Proof) -> None:
    """Somebody who listens to another's rows learns the keys of those that are deleted, and nothing else."""
    assert proof("realtime") == {
        "joined": 2,
        "ada": [
            ["INSERT", "milk", []],
            ["UPDATE", "milk", ["completed", "created_at", "id", "text", "updated_at", "user_id"]],
            ["DELETE", None, ["id"]],
        ],
        "bob": [["DELETE", None, ["id"]]],
    }
