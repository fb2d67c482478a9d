// What supabase-js makes of the stand-in. Run with the name of a proof; the project's address and key come in the environment.
// Prints one JSON object, which tests/standin/test_javascript.py compares with what it should be.
import { createClient } from "@supabase/supabase-js";

const { STANDIN_URL: url, STANDIN_KEY: key } = process.env;
const password = "correct horse";

function client(options = {}) {
  const auth = { persistSession: false, autoRefreshToken: false, ...options };
  // The newer protocol, which is this library's default, is another one than the program's library speaks.
  return createClient(url, key, { auth, realtime: { vsn: "1.0.0" } });
}

async function person(name) {
  const supabase = client();
  const { error } = await supabase.auth.signUp({ email: `${name}@example.org`, password });
  if (error) throw error;
  return supabase;
}

function told(error) {
  return error && { code: error.code, status: error.status, reasons: error.reasons };
}

async function auth() {
  const ada = client();
  const email = "ada@example.org";
  const weak = await ada.auth.signUp({ email, password: "short" });
  const made = await ada.auth.signUp({ email, password, options: { data: { name: "Ada" } } });
  const again = await client().auth.signUp({ email, password });
  const wrong = await client().auth.signInWithPassword({ email, password: "wrong one" });
  const user = await ada.auth.getUser();
  const claims = await ada.auth.getClaims();
  const first = made.data.session.refresh_token;
  const second = (await ada.auth.refreshSession({ refresh_token: first })).data.session.refresh_token;
  const lost = (await ada.auth.refreshSession({ refresh_token: first })).data.session.refresh_token;
  const other = client();
  await other.auth.signInWithPassword({ email, password });
  await ada.auth.signOut({ scope: "local" });
  const gone = await ada.auth.refreshSession({ refresh_token: second });
  const stays = await other.auth.refreshSession();
  return {
    weak: told(weak.error),
    name: user.data.user.user_metadata.name,
    again: told(again.error),
    wrong: told(wrong.error),
    verified: claims.data.claims.sub === user.data.user.id && claims.data.header.alg,
    rotated: first !== second && lost === second,
    gone: told(gone.error),
    stays: stays.error === null,
  };
}

async function codes() {
  const ada = client();
  const email = "ada@example.org";
  const unknown = await ada.auth.signInWithOtp({ email, options: { shouldCreateUser: false } });
  await ada.auth.signInWithOtp({ email });
  const hasty = await ada.auth.signInWithOtp({ email });
  const [{ code }] = await (await fetch(`${url}/__test/mail`)).json();
  const wrong = await ada.auth.verifyOtp({ email, token: `${code}0`, type: "email" });
  const right = await ada.auth.verifyOtp({ email, token: code, type: "email" });
  const changed = await ada.auth.updateUser({ password: "battery staple" });
  const same = await ada.auth.updateUser({ password: "battery staple" });
  return {
    unknown: told(unknown.error),
    hasty: told(hasty.error),
    wrong: told(wrong.error),
    right: right.data.user.email,
    changed: changed.error === null,
    same: told(same.error),
  };
}

async function browser() {
  const ada = client({ flowType: "pkce" });
  const redirectTo = "http://127.0.0.1:53123/callback";
  const { data } = await ada.auth.signInWithOAuth({ provider: "github", options: { redirectTo, skipBrowserRedirect: true } });
  const back = new URL((await fetch(data.url, { redirect: "manual" })).headers.get("location"));
  const code = back.searchParams.get("code");
  const session = await ada.auth.exchangeCodeForSession(code);
  return { back: back.origin + back.pathname, email: session.data.user.email, token: Boolean(session.data.session.provider_token) };
}

async function rest() {
  const [ada, bob, nobody] = [await person("ada"), await person("bob"), client()];
  const made = await ada.from("todo").insert([{ text: "a" }, { text: "b", completed: true }], { defaultToNull: false }).select();
  const id = made.data[0].id;
  const found = await ada.from("todo").select("text", { count: "exact" }).or("text.eq.a,completed.is.true").order("text", { ascending: false });
  const page = await ada.from("todo").select("text", { count: "exact" }).order("id").range(1, 1);
  const head = await ada.from("todo").select("*", { count: "exact", head: true });
  const refused = await nobody.from("todo").insert({ text: "x" });
  const foreign = await bob.from("todo").update({ text: "x" }).eq("id", id).select();
  const upsert = await bob.from("todo").upsert({ id, text: "x" });
  const none = await bob.from("todo").select().single();
  const maybe = await bob.from("todo").select().maybeSingle();
  const merged = await ada.from("todo").upsert({ id, text: "c" }).select("text").single();
  const taken = await ada.from("todo").insert({ id, text: "d" });
  const many = await ada.from("todo").delete().gt("id", 0).maxAffected(1);
  const deleted = await ada.from("todo").delete({ count: "exact" }).in("id", [id]);
  const unknown = await ada.from("todoo").select();
  return {
    made: [made.status, made.data.map((each) => each.completed)],
    found: [found.data.map((each) => each.text), found.count],
    page: [page.status, page.data, page.count],
    head: [head.status, head.count],
    refused: [refused.status, refused.error.code],
    foreign: [foreign.status, foreign.data],
    upsert: [upsert.status, upsert.error.code],
    none: [none.status, none.error.code],
    maybe: maybe.data,
    merged: [merged.status, merged.data],
    taken: [taken.status, taken.error.code, taken.error.details],
    many: [many.status, many.error.code],
    deleted: [deleted.status, deleted.count],
    unknown: [unknown.status, unknown.error.code],
  };
}

// Everything that a channel of somebody's own rows hears of one row's life.
async function realtime() {
  const [ada, bob] = [await person("ada"), await person("bob")];
  const { data } = await ada.auth.getUser();
  const heard = { ada: [], bob: [] };
  const joined = [];
  for (const [name, supabase] of Object.entries({ ada, bob })) {
    const filter = `user_id=eq.${data.user.id}`;
    const live = new Promise((resolve) => {
      supabase
        .channel(name)
        .on("postgres_changes", { event: "*", schema: "public", table: "todo", filter }, (change) => {
          heard[name].push([change.eventType, change.new.text ?? null, Object.keys(change.old).sort()]);
        })
        .on("system", {}, (message) => message.status === "ok" && resolve())
        .subscribe((state) => joined.push(state));
    });
    await live;
  }
  const { data: row } = await ada.from("todo").insert({ text: "milk" }).select().single();
  await until(() => heard.ada.length === 1);
  await ada.from("todo").update({ completed: true }).eq("id", row.id);
  await until(() => heard.ada.length === 2);
  await ada.from("todo").delete().eq("id", row.id);
  await until(() => heard.ada.length === 3 && heard.bob.length === 1);
  for (const supabase of [ada, bob]) await supabase.removeAllChannels();
  return { joined: joined.filter((state) => state === "SUBSCRIBED").length, ...heard };
}

async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const proofs = { auth, codes, browser, rest, realtime };
console.log(JSON.stringify(await proofs[process.argv[2]]()));
process.exit(0);
