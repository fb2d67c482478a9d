"""What a person who is signed in can do with their account: GET and PUT /user, POST /logout."""

import json
from datetime import timedelta
from typing import Final

from aiohttp import web

from tests.servers.supabase.auth import mails, sessions, users
from tests.servers.supabase.auth.bearer import SignedIn, signed_in
from tests.servers.supabase.auth.call import Call
from tests.servers.supabase.auth.errors import AuthRefused

_FRESH: Final = timedelta(hours=24)


async def show(call: Call) -> web.Response:
    return web.json_response(await users.as_json(call, (await signed_in(call)).user))


async def change(call: Call) -> web.Response:
    """New password, address or data. A new password ends all other sessions."""
    person = await signed_in(call)
    if call.text("password"):
        await _change_password(call, person)
    if call.text("email") and call.text("email").lower() != (person.user["email"] or "").lower():
        await _change_email(call, person)
    if call.body.get("data"):
        data = json.dumps(call.body["data"])
        await call.run("update auth.users set user_metadata = user_metadata || %s::jsonb where id = %s", data, person.user["id"])
    await call.run("update auth.users set updated_at = %s where id = %s", call.now, person.user["id"])
    changed = await users.by_id(call, person.user["id"])
    assert changed is not None
    return web.json_response(await users.as_json(call, changed))


async def _change_password(call: Call, person: SignedIn) -> None:
    password = call.text("password")
    if call.gateway.settings.reauthentication and person.session["created_at"] + _FRESH < call.now:
        raise AuthRefused(400, "reauthentication_needed", "Password update requires reauthentication")
    users.check_strength(call, password)
    if person.user["encrypted_password"] and users.matches(password, person.user["encrypted_password"]):
        raise AuthRefused(422, "same_password", "New password should be different from the old password.")
    await call.run("update auth.users set encrypted_password = %s where id = %s", users.hashed(password), person.user["id"])
    await call.run("delete from auth.sessions where user_id = %s and id <> %s", person.user["id"], person.session["id"])


async def _change_email(call: Call, person: SignedIn) -> None:
    email = call.text("email")
    if await users.find(call, email) is not None:
        raise AuthRefused(422, "email_exists", "A user with this email address has already been registered")
    if call.gateway.settings.autoconfirm:
        await users.confirm(call, person.user["id"], email)
    else:
        waiting = await call.row("update auth.users set new_email = %s where id = %s returning *", email, person.user["id"])
        assert waiting is not None
        await mails.send(call, waiting, "email_change")


async def sign_out(call: Call) -> web.Response:
    person = await signed_in(call)
    await sessions.end(call, person.user["id"], person.session["id"])
    return web.Response(status=204)
