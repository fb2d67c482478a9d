// A person's list in a web page, without the page: supabase-js, told line by line what the person does.
// The project's address and key come in the environment. The first line of standard input is {"email", "password"}, or {"accessToken", "userId"} of
// somebody whom another program signs in; each line after it is a command as a JSON array, and has one line of JSON as its answer:
//   ["add", TEXT] ["edit", TEXT, NEW] ["done", TEXT] ["delete", TEXT]   the row's text, as the server has it then
//   ["rewrite", ID, NEW]                                                the same for a row whose text others change
//   ["list"]                                                            [[text, completed], ...], oldest first
//   ["hears", TYPE, TEXT, COMPLETED]                                    waits until its channel has told such a change; true
//   ["hears", "DELETE", ID] and ["id", TEXT]                            of a deleted row only the key is told
// A command that fails answers {"error"}.
import { createInterface } from "node:readline";
import { createClient } from "@supabase/supabase-js";

const { STANDIN_URL: url, STANDIN_KEY: key } = process.env;
const patience = 30_000;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const told = [];
let tell = () => {};

const who = JSON.parse((await lines.next()).value);
const supabase = createClient(url, key, {
  auth: { persistSession: false, autoRefreshToken: false },
  accessToken: who.accessToken && (async () => who.accessToken),
  // The newer protocol, which is this library's default, is another one than the program's library speaks.
  realtime: { vsn: "1.0.0" },
});

async function signIn() {
  // Before the channel joins: with the option `accessToken` it may join as nobody first.
  if (who.accessToken) return supabase.realtime.setAuth(who.accessToken).then(() => who.userId);
  const { data } = await sure(supabase.auth.signInWithPassword(who));
  return data.user.id;
}

// Without a filter: row-level security keeps others' rows away, and a deleted row's key alone fits no filter.
function listen() {
  return new Promise((resolve) => {
    supabase
      .channel("list")
      .on("postgres_changes", { event: "*", schema: "public", table: "todo" }, ({ eventType, new: row, old }) => {
        told.push(eventType === "DELETE" ? [eventType, old.id] : [eventType, row.text, row.completed]);
        tell();
      })
      .on("system", {}, (message) => message.status === "ok" && resolve())
      .subscribe();
  });
}

// As a page whose program does not look at `error` would not.
async function sure(answer) {
  const found = await answer;
  if (found.error) throw found.error;
  return found;
}

async function changed(request) {
  const { data } = await sure(request.select("text").single());
  return data.text;
}

function heard(wanted) {
  const sought = JSON.stringify(wanted);
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not told ${sought}, but ${JSON.stringify(told)}`)), patience);
    tell = () => {
      if (!told.some((each) => JSON.stringify(each) === sought)) return;
      clearTimeout(late);
      tell = () => {};
      resolve(true);
    };
    tell();
  });
}

const userId = await signIn();
const todos = () => supabase.from("todo");
const commands = {
  add: (text) => changed(todos().insert({ text, user_id: userId })),
  edit: (text, value) => changed(todos().update({ text: value }).eq("text", text)),
  rewrite: (id, value) => changed(todos().update({ text: value }).eq("id", id)),
  done: (text) => changed(todos().update({ completed: true }).eq("text", text)),
  delete: (text) => changed(todos().delete().eq("text", text)),
  id: async (text) => (await sure(todos().select("id").eq("text", text).single())).data.id,
  list: async () => (await sure(todos().select("text, completed").order("id"))).data.map((row) => [row.text, row.completed]),
  hears: (...wanted) => heard(wanted),
};

await listen();
console.log(JSON.stringify("listening"));
for await (const line of lines) {
  const [name, ...values] = JSON.parse(line);
  const answer = await commands[name](...values).catch((error) => ({ error: error.message }));
  console.log(JSON.stringify(answer));
}
process.exit(0);
