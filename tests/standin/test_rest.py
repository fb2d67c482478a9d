"""The stand-in's REST, asked by the library that the program uses (supabase-contract.md, section 8.7)."""

import re
from datetime import datetime, timedelta

import httpx
import pytest
from postgrest.exceptions import APIError
from postgrest.types import CountMethod

from tests.servers.supabase import SupabaseServer
from tests.standin.conftest import People
from tests.standin.library import Library


def owner(project: SupabaseServer, statement: str, *values: object) -> None:
    """As somebody with the project's SQL editor."""
    with project.database.connect() as connection:
        connection.execute(statement.encode(), values)


def as_person(library: Library) -> dict[str, str]:
    return {"Authorization": f"Bearer {library.access_token}"}


class TestWhoAsks:
    def test_a_person_writes_and_reads_their_own_rows(self, people: People) -> None:
        ada, bob = people("ada"), people("bob")
        (made,) = ada.rows(ada.client.table("todo").insert({"text": "milk"}))
        assert (ada.last.status_code, ada.last.headers["content-range"]) == (201, "*/*")
        assert ada.rows(ada.client.table("todo").select("id,text").eq("text", "milk")) == [{"id": made["id"], "text": "milk"}]
        assert bob.rows(bob.client.table("todo").select("*")) == []

    def test_nobody_is_refused_where_the_table_was_taken_from_them(self, library: Library) -> None:
        for request in (library.client.table("todo").select("*"), library.client.table("todo").insert({"text": "milk"})):
            with pytest.raises(APIError) as caught:
                request.execute()
            assert (caught.value.code, library.last.status_code) == ("42501", 401)
            assert library.last.headers["www-authenticate"] == "Bearer"

    def test_nobody_sees_an_empty_table_where_it_was_not(self, plain_project: SupabaseServer, library: Library) -> None:
        owner(plain_project, "grant select, insert on public.todo to anon; grant usage on sequence public.todo_id_seq to anon")
        assert library.rows(library.client.table("todo").select("*")) == []
        with pytest.raises(APIError, match="new row violates row-level security policy for table") as caught:
            library.client.table("todo").insert({"text": "milk", "user_id": "me"}).execute()
        assert (caught.value.code, library.last.status_code) == ("42501", 401)

    def test_a_person_may_not_write_for_another(self, people: People) -> None:
        ada = people("ada")
        with pytest.raises(APIError, match="new row violates row-level security policy for table") as caught:
            ada.client.table("todo").insert({"text": "milk", "user_id": "somebody else"}).execute()
        assert (caught.value.code, ada.last.status_code) == ("42501", 403)

    def test_a_foreign_row_is_not_changed_and_nobody_says_so(self, people: People) -> None:
        ada, bob = people("ada"), people("bob")
        (made,) = ada.rows(ada.client.table("todo").insert({"text": "milk"}))
        assert bob.rows(bob.client.table("todo").update({"text": "mine"}).eq("id", made["id"])) == []
        assert (bob.last.status_code, bob.last.headers["content-range"]) == (200, "*/*")
        assert bob.rows(bob.client.table("todo").delete().eq("id", made["id"])) == []
        assert [each["text"] for each in ada.rows(ada.client.table("todo").select("*"))] == ["milk"]

    def test_an_upsert_on_a_foreign_row_is_refused(self, people: People) -> None:
        ada, bob = people("ada"), people("bob")
        (made,) = ada.rows(ada.client.table("todo").insert({"text": "milk"}))
        with pytest.raises(APIError, match=re.escape("(USING expression)")) as caught:
            bob.client.table("todo").upsert({"id": made["id"], "text": "mine"}).execute()
        assert (caught.value.code, bob.last.status_code) == ("42501", 403)

    def test_the_secret_key_sees_everything(self, plain_project: SupabaseServer, people: People) -> None:
        ada = people("ada")
        ada.client.table("todo").insert({"text": "milk"}).execute()
        for key in (plain_project.secret_key, plain_project.service_key):
            with Library.of(plain_project, key) as service:
                assert len(service.rows(service.client.table("todo").select("*"))) == 1

    def test_claims_and_the_request_are_told_to_the_database(self, plain_project: SupabaseServer, people: People, library: Library) -> None:
        owner(
            plain_project,
            "create function public.told(name text) returns text language sql stable as $$ select current_setting(name, true) $$",
        )
        assert library.client.rpc("told", {"name": "statement_timeout"}).execute().data == "3s"
        ada = people("ada")
        told = {
            name: ada.client.rpc("told", {"name": name}).execute().data
            for name in ("role", "request.method", "request.path", "statement_timeout", "search_path")
        }
        assert told == {
            "role": "authenticated",
            "request.method": "POST",
            "request.path": "/rpc/told",
            "statement_timeout": "8s",
            "search_path": '"public", "extensions"',
        }
        assert ada.client.rpc("told", {"name": "request.jwt.claims"}).execute().data.count(ada.user_id) >= 1  # type: ignore[union-attr]


class TestTokens:
    def test_an_expired_token(self, plain_project: SupabaseServer, people: People, http: httpx.Client) -> None:
        ada = people("ada")
        token = as_person(ada)
        plain_project.clock.advance(3600 + 29)
        assert http.get("/rest/v1/todo", headers=token).status_code == 200
        plain_project.clock.advance(10)
        answer = http.get("/rest/v1/todo", headers=token)
        assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (401, "PGRST303", "JWT expired")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token", error_description="JWT expired"'
        assert answer.headers["proxy-status"] == "PostgREST; error=PGRST303"

    def test_the_library_says_so_too(self, plain_project: SupabaseServer, people: People) -> None:
        ada = people("ada")
        plain_project.clock.advance(3700)
        with pytest.raises(APIError) as caught:
            ada.client.table("todo").select("*").execute()
        assert caught.value.code == "PGRST303"

    def test_a_token_from_a_clock_that_is_ahead(self, plain_project: SupabaseServer, http: httpx.Client) -> None:
        plain_project.faults.auth.clock_offset = 300
        token = plain_project.sign_up("ada@example.org")["access_token"]
        answer = http.get("/rest/v1/todo", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (401, "PGRST303", "JWT issued at future")

    @pytest.mark.parametrize(
        ("token", "message"),
        [("opaque", "Expected 3 parts in JWT; got 1"), ("e30.e30.e30", "No suitable key or wrong key type")],
    )
    def test_what_is_no_token_of_ours(self, http: httpx.Client, token: str, message: str) -> None:
        answer = http.get("/rest/v1/todo", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (401, "PGRST301", message)

    def test_another_signing_key(self, plain_project: SupabaseServer, people: People) -> None:
        ada = people("ada")
        before = plain_project.tokens.keys[-1].kid
        plain_project.tokens.rotate()
        assert ada.rows(ada.client.table("todo").select("*")) == []
        ada.client.auth.refresh_session()
        assert plain_project.tokens.keys[-1].kid != before
        assert ada.rows(ada.client.table("todo").select("*")) == []
        plain_project.tokens.rotate(keep_old=False)
        with pytest.raises(APIError) as caught:
            ada.client.table("todo").select("*").execute()
        assert caught.value.code == "PGRST301"

    def test_a_project_with_a_shared_secret(self, plain_project: SupabaseServer, http: httpx.Client) -> None:
        plain_project.tokens.algorithm = "HS256"
        token = plain_project.sign_up("ada@example.org")["access_token"]
        assert http.get("/rest/v1/todo", headers={"Authorization": f"Bearer {token}"}).json() == []
        assert http.get("/auth/v1/.well-known/jwks.json").json() == {"keys": []}

    def test_a_role_that_there_is_not(self, plain_project: SupabaseServer, http: httpx.Client) -> None:
        token = plain_project.tokens.sign({"role": "king", "sub": "x", "exp": plain_project.clock() + 60})
        answer = http.get("/rest/v1/todo", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "22023")


class TestRows:
    def test_a_key_that_is_taken_hides_whose_it_is(self, people: People) -> None:
        ada = people("ada")
        (made,) = ada.rows(ada.client.table("todo").insert({"text": "milk"}))
        with pytest.raises(APIError) as caught:
            ada.client.table("todo").insert({"id": made["id"], "text": "again"}).execute()
        assert (caught.value.code, caught.value.details, ada.last.status_code) == ("23505", None, 409)

    def test_a_read_is_cut_at_the_most_rows_without_a_word(self, plain_project: SupabaseServer, people: People) -> None:
        ada = people("ada")
        owner(plain_project, "insert into public.todo(text, user_id) select n::text, %s from generate_series(1, 1001) as s(n)", ada.user_id)
        assert len(ada.rows(ada.client.table("todo").select("id").limit(5000))) == 1000
        assert (ada.last.status_code, ada.last.headers["content-range"]) == (200, "0-999/*")
        counted = ada.client.table("todo").select("id", count=CountMethod.exact).execute()
        assert (counted.count, ada.last.status_code, ada.last.headers["content-range"]) == (1001, 206, "0-999/1001")
        assert len(ada.rows(ada.client.table("todo").update({"completed": True}).gt("id", 0))) == 1001  # mutations are not cut
        plain_project.settings.max_rows = 5
        assert len(ada.rows(ada.client.table("todo").select("id"))) == 5

    def test_one_object_where_there_is_none(self, people: People) -> None:
        ada = people("ada")
        with pytest.raises(APIError) as caught:
            ada.client.table("todo").select("*").single().execute()
        assert (caught.value.code, caught.value.details, ada.last.status_code) == ("PGRST116", "The result contains 0 rows", 406)
        ada.client.table("todo").insert({"text": "milk"}).execute()
        assert ada.client.table("todo").select("text").single().execute().data == {"text": "milk"}

    def test_times_have_no_zone_and_no_zeros_at_the_end(self, people: People) -> None:
        ada = people("ada")
        for given, shown in (
            ("2025-01-02T03:04:05.678900", "2025-01-02T03:04:05.6789"),
            ("2025-01-02T03:04:05", "2025-01-02T03:04:05"),
            ("2025-01-02T03:04:05+02:00", "2025-01-02T03:04:05"),
            ("infinity", "infinity"),
        ):
            assert ada.rows(ada.client.table("todo").insert({"text": "t", "created_at": given}))[0]["created_at"] == shown

    def test_other_types_are_shown_as_the_database_shows_them(self, plain_project: SupabaseServer, people: People) -> None:
        owner(plain_project, "alter table public.todo add at timestamptz, add big int8, add exact numeric, add more jsonb")
        ada = people("ada")
        given = {"at": "2025-01-02T03:04:05.678901+02:00", "big": 2**60, "exact": 1.10, "more": {"b": [1]}}
        (made,) = ada.rows(ada.client.table("todo").insert({"text": "t", **given}))
        shown = {name: made[name] for name in given}
        assert shown == {"at": "2025-01-02T01:04:05.678901+00:00", "big": 2**60, "exact": 1.1, "more": {"b": [1]}}

    def test_now_is_utc_and_an_update_is_later(self, people: People) -> None:
        ada = people("ada")
        (made,) = ada.rows(ada.client.table("todo").insert({"text": "milk"}))
        assert abs(datetime.fromisoformat(made["created_at"]) - datetime.now().astimezone().astimezone(tz=None).utcnow()) < timedelta(
            minutes=1
        )
        (changed,) = ada.rows(ada.client.table("todo").update({"completed": True}).eq("id", made["id"]))
        assert datetime.fromisoformat(changed["updated_at"]) > datetime.fromisoformat(made["updated_at"])

    def test_what_a_bulk_insert_leaves_out(self, people: People) -> None:
        ada = people("ada")
        rows: list[dict[str, object]] = [{"text": "milk"}, {"text": "bread", "completed": True}]
        made = ada.rows(ada.client.table("todo").insert(rows, default_to_null=False))
        assert [(each["text"], each["completed"]) for each in made] == [("milk", False), ("bread", True)]
        assert "missing=default" in ada.last.headers["preference-applied"]
        with pytest.raises(APIError) as caught:
            ada.client.table("todo").insert(rows).execute()
        assert caught.value.code == "23502"

    def test_inserting_and_updating_at_once(self, people: People) -> None:
        ada = people("ada")
        (made,) = ada.rows(ada.client.table("todo").insert({"text": "milk"}))
        assert ada.rows(ada.client.table("todo").upsert({"id": made["id"], "text": "oat milk"}))[0]["text"] == "oat milk"
        assert ada.last.status_code == 200
        both = ada.rows(ada.client.table("todo").upsert([{"id": made["id"], "text": "a"}, {"id": 99, "text": "b"}]))
        assert ([each["text"] for each in both], ada.last.status_code) == (["a", "b"], 201)
        assert ada.rows(ada.client.table("todo").upsert({"id": 99, "text": "c"}, ignore_duplicates=True)) == []
        assert ada.last.status_code == 201


class TestReading:
    @pytest.fixture
    def ada(self, people: People) -> Library:
        """Somebody with five todos: a to e, of which b and d are done."""
        ada = people("ada")
        ada.client.table("todo").insert([{"text": text, "completed": text in "bd"} for text in "abcde"]).execute()
        return ada

    def test_filters_and_order(self, ada: Library, http: httpx.Client) -> None:
        expected = {
            "text=eq.c": "c",
            "text=neq.c": "abde",
            "text=gt.c": "de",
            "text=gte.c&text=lt.e": "cd",
            'text=in.(a,"b",x)': "ab",
            "text=in.()": "",
            "text=not.in.(a,b)": "cde",
            "completed=is.true": "bd",
            "completed=not.is.true": "ace",
            "text=is.null": "",
            "text=is.not_null": "abcde",
            "text=like.*c*": "c",
            "text=ilike.C": "c",
            "text=match.[a-b]": "ab",
            "text=eq(any).{a,b}": "ab",
            'or=(text.eq.a,text.eq."b")': "ab",
            "or=(text.eq.a,and(text.gt.b,completed.is.false))": "ace",
            "not.or=(text.eq.a,text.eq.b)": "cde",
            "and=(text.gt.a,not.or(text.eq.c,text.in.(d,x)))": "be",
            "or=(text.not.in.(a,b),text.eq.a)": "acde",
            "limit=2": "ab",
            "limit=2&offset=3": "de",
            "order=text.desc": "edcba",
            "order=completed.desc,text": "bdace",
            "order=completed.asc.nullslast,text.desc.nullsfirst": "ecadb",
            "text=eq.a%25s'--": "",
        }
        found = {}
        for query in expected:
            order = "" if "order=" in query else "&order=text"
            rows = http.get(f"/rest/v1/todo?select=text&{query}{order}", headers=as_person(ada)).json()
            found[query] = "".join(each["text"] for each in rows)
        assert found == expected

    def test_what_cannot_be_read(self, ada: Library, http: httpx.Client) -> None:
        expected = {
            "text=a": (400, "PGRST100"),
            "text=almost.a": (400, "PGRST100"),
            "or=(text.eq.a": (400, "PGRST100"),
            "or=text.eq.a": (400, "PGRST100"),
            "completed=is.perhaps": (400, "PGRST100"),
            "limit=few": (400, "PGRST100"),
            "select=other(id)": (400, "PGRST200"),
            "colour=eq.red": (400, "42703"),
            "select=colour": (400, "42703"),
            "id=eq.many": (400, "22P02"),
            "text=eq.%00": (400, "22021"),
            "%25s=eq.1": (400, "42703"),
        }
        answers = {query: http.get(f"/rest/v1/todo?{query}", headers=as_person(ada)) for query in expected}
        assert {query: (answer.status_code, answer.json()["code"]) for query, answer in answers.items()} == expected
        assert all(set(answer.json()) == {"code", "details", "hint", "message"} for answer in answers.values())

    def test_columns_get_other_names_and_types(self, ada: Library, http: httpx.Client) -> None:
        answer = http.get("/rest/v1/todo?select=what:text,done:completed::text&text=eq.b", headers=as_person(ada))
        assert answer.json() == [{"what": "b", "done": "true"}]
        answer = http.patch(
            "/rest/v1/todo?select=what:text,*&text=eq.b",
            headers={**as_person(ada), "Prefer": "return=representation"},
            json={"completed": False},
        )
        assert (list(answer.json()[0])[:3], answer.json()[0]["what"]) == (["what", "id", "text"], "b")

    def test_a_range(self, ada: Library, http: httpx.Client) -> None:
        answer = http.get("/rest/v1/todo?select=text&order=text", headers={**as_person(ada), "Range": "1-2", "Prefer": "count=exact"})
        assert [each["text"] for each in answer.json()] == ["b", "c"]
        assert (answer.status_code, answer.headers["content-range"]) == (206, "1-2/5")
        assert answer.headers["preference-applied"] == "count=exact"

    def test_beyond_the_end(self, ada: Library, http: httpx.Client) -> None:
        assert http.get("/rest/v1/todo?offset=30", headers=as_person(ada)).json() == []
        answer = http.get("/rest/v1/todo?offset=30", headers={**as_person(ada), "Prefer": "count=exact"})
        assert (answer.status_code, answer.json()["code"]) == (416, "PGRST103")
        assert answer.json()["details"] == "An offset of 30 was requested, but there are only 5 rows."

    def test_only_the_head(self, ada: Library, http: httpx.Client) -> None:
        answer = http.head("/rest/v1/todo", headers={**as_person(ada), "Prefer": "count=exact"})
        assert (answer.status_code, answer.headers["content-range"], answer.content) == (200, "0-4/5", b"")

    def test_what_there_is_not(self, ada: Library, http: httpx.Client) -> None:
        for path, headers, status, code in (
            ("todoo", {}, 404, "PGRST205"),
            ("rpc/nothing", {}, 404, "PGRST202"),
            ("todo", {"Accept-Profile": "private"}, 406, "PGRST106"),
            ("todo", {"Accept": "text/html"}, 406, "PGRST107"),
            ("todo", {"Prefer": "handling=strict, colour=red"}, 400, "PGRST122"),
        ):
            answer = http.get(f"/rest/v1/{path}", headers={**as_person(ada), **headers})
            assert (answer.status_code, answer.json()["code"]) == (status, code)


class TestWriting:
    @pytest.fixture
    def ada(self, people: People) -> Library:
        return people("ada")

    def test_what_cannot_be_stored(self, ada: Library, http: httpx.Client) -> None:
        expected = {
            "": "PGRST102",
            "{": "PGRST102",
            "[1]": "PGRST102",
            '[{"text":"a"},{"completed":true}]': "PGRST102",
            '{"colour":"red"}': "PGRST204",
            '{"text":null}': "23502",
            '{"text":""}': "23514",
            r'{"text":"a\u0000b"}': "22P05",
            '{"text":"a","id":"many"}': "22P02",
        }
        headers = {**as_person(ada), "Content-Type": "application/json"}
        answers = {body: http.post("/rest/v1/todo", headers=headers, content=body) for body in expected}
        assert {body: answer.json()["code"] for body, answer in answers.items()} == expected
        assert {answer.status_code for answer in answers.values()} == {400}

    def test_how_much_comes_back(self, ada: Library, http: httpx.Client) -> None:
        answer = http.post("/rest/v1/todo", headers=as_person(ada), json={"text": "a"})
        assert (answer.status_code, answer.content, answer.headers["content-range"]) == (201, b"", "*/*")
        answer = http.post("/rest/v1/todo", headers={**as_person(ada), "Prefer": "return=headers-only"}, json={"text": "b"})
        assert (answer.status_code, answer.headers["location"]) == (201, "/todo?id=eq.2")
        wish = {**as_person(ada), "Prefer": "return=representation,count=exact"}
        answer = http.post("/rest/v1/todo?select=text", headers=wish, json=[{"text": "c"}, {"text": "d"}])
        assert (answer.json(), answer.headers["content-range"]) == ([{"text": "c"}, {"text": "d"}], "*/2")
        assert answer.headers["preference-applied"] == "return=representation, count=exact"
        answer = http.patch("/rest/v1/todo?id=lt.3&select=id", headers=wish, json={"completed": True})
        assert (answer.json(), answer.headers["content-range"]) == ([{"id": 1}, {"id": 2}], "0-1/2")
        answer = http.patch("/rest/v1/todo?id=eq.1", headers=as_person(ada), json={"completed": False})
        assert (answer.status_code, answer.content, answer.headers["content-range"]) == (204, b"", "0-0/*")
        answer = http.delete("/rest/v1/todo?id=eq.1", headers=as_person(ada))
        assert (answer.status_code, answer.content) == (204, b"")

    def test_an_empty_change_changes_nothing(self, ada: Library) -> None:
        (made,) = ada.rows(ada.client.table("todo").insert({"text": "a"}))
        assert ada.rows(ada.client.table("todo").update({}).eq("id", made["id"])) == []
        assert ada.rows(ada.client.table("todo").select("*")) == [made]
        assert ada.rows(ada.client.table("todo").insert([])) == []

    def test_a_change_of_everything_needs_a_filter(self, ada: Library, http: httpx.Client) -> None:
        for method in ("PATCH", "DELETE"):
            answer = http.request(method, "/rest/v1/todo", headers=as_person(ada), json={"completed": True})
            assert (answer.status_code, answer.json()["code"]) == (400, "21000")

    def test_a_change_that_hits_too_many_is_rolled_back(self, ada: Library, http: httpx.Client) -> None:
        ada.client.table("todo").insert([{"text": "a"}, {"text": "b"}]).execute()
        wish = {**as_person(ada), "Prefer": "handling=strict,max-affected=1"}
        answer = http.delete("/rest/v1/todo?id=gt.0", headers=wish)
        assert (answer.status_code, answer.json()["code"], answer.json()["details"]) == (400, "PGRST124", "The query affects 2 rows")
        one = {**as_person(ada), "Accept": "application/vnd.pgrst.object+json"}
        answer = http.delete("/rest/v1/todo?id=gt.0", headers=one)
        assert (answer.status_code, answer.json()["code"]) == (406, "PGRST116")
        assert len(ada.rows(ada.client.table("todo").select("*"))) == 2


class TestFunctions:
    @pytest.fixture
    def ada(self, plain_project: SupabaseServer, people: People) -> Library:
        owner(
            plain_project,
            """
            create function public.add(a int, b int default 1) returns int language sql immutable as 'select a + b';
            create function public.texts() returns setof text language sql stable as $$ select unnest('{a,b,c}'::text[]) $$;
            create function public.mine() returns setof public.todo language sql stable as 'select * from public.todo';
            create function public.nothing() returns void language sql as 'select 1';
            create function public.slow(seconds float) returns void language sql as 'select pg_sleep(seconds)';
            create function public.fail(code text) returns void language plpgsql as $$
              begin raise exception using errcode = code, message = 'no', detail = 'because', hint = 'try'; end $$;
            create function public.writes() returns int language sql volatile as $$ insert into public.todo(text) values ('x') returning id $$;
            create function public.sneaks() returns int language plpgsql stable as $$ begin return public.writes(); end $$;""",
        )
        return people("ada")

    def test_arguments_and_answers(self, ada: Library) -> None:
        assert ada.client.rpc("add", {"a": 2}).execute().data == 3
        assert ada.client.rpc("add", {"a": 2, "b": 5}).execute().data == 7
        assert ada.client.rpc("texts").execute().data == ["a", "b", "c"]
        assert ada.client.rpc("mine").execute().data == []
        ada.client.rpc("nothing").execute()
        assert ada.last.status_code == 204
        with pytest.raises(APIError) as caught:
            ada.client.rpc("add", {"a": 2, "c": 5}).execute()
        assert caught.value.code == "PGRST202"

    def test_a_get_only_reads(self, ada: Library, http: httpx.Client) -> None:
        assert http.get("/rest/v1/rpc/add?a=2&b=2", headers=as_person(ada)).json() == 4
        answer = http.get("/rest/v1/rpc/writes", headers=as_person(ada))
        assert (answer.status_code, answer.json()["code"]) == (405, "25006")
        answer = http.post("/rest/v1/rpc/sneaks", headers=as_person(ada))
        assert (answer.status_code, answer.json()["code"]) == (405, "25006")

    def test_what_a_function_raises(self, ada: Library) -> None:
        expected = {"P0001": 400, "PT402": 402, "PTABC": 500, "40001": 500, "57P01": 503, "23503": 409, "54000": 500, "42501": 403}
        for code, status in expected.items():
            with pytest.raises(APIError) as caught:
                ada.client.rpc("fail", {"code": code}).execute()
            error = caught.value
            assert (ada.last.status_code, error.code, error.message, error.details, error.hint) == (status, code, "no", "because", "try")

    def test_a_statement_that_takes_too_long(self, plain_project: SupabaseServer, ada: Library) -> None:
        plain_project.settings.role_settings["statement_timeout"] = "50ms"
        with pytest.raises(APIError) as caught:
            ada.client.rpc("slow", {"seconds": 5}).execute()
        assert (caught.value.code, ada.last.status_code) == ("57014", 500)


def test_a_server_that_went_away(plain_project: SupabaseServer, people: People) -> None:
    ada = people("ada")
    assert ada.rows(ada.client.table("todo").select("*")) == []
    with plain_project.database.server.superuser() as admin:
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [plain_project.database.name])
    with pytest.raises(APIError):
        ada.client.table("todo").select("*").execute()
    assert ada.last.status_code == 503
    assert ada.rows(ada.client.table("todo").select("*")) == []
