// The portal's web side without its pages: @trpc/client with the session's cookie, and supabase-js as the guide's useTodoRealtime has it.
// The first line of standard input is {"url", "email", "password", "superjson"}, each line after it a command as a JSON array; each has one line of JSON
// as its answer:
//   ["add", TEXT] ["done", TEXT] ["delete", TEXT]   how many rows the portal answered
//   ["list"]                                        [[text, completed], ...], in the order of their ids
//   ["follow"]                                      listens to getRealtimeChannel; true
//   ["hears", TYPE, TEXT]                           waits until its channel has told such a change; true
// A command that fails answers {"error"}.
import { createInterface } from "node:readline";
import { createClient } from "@supabase/supabase-js";
import { createTRPCClient, httpBatchLink } from "@trpc/client";
import superjson from "superjson";

const patience = 30_000;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const start = JSON.parse((await lines.next()).value);
const told = [];
let tell = () => {};

async function cookie() {
  const { email, password } = start;
  const answer = await fetch(`${start.url}/api/auth/sign-in/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: start.url },
    body: JSON.stringify({ email, password }),
  });
  return answer.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
}

const headers = { cookie: await cookie() };
const transformer = start.superjson ? superjson : undefined;
const { todo } = createTRPCClient({ links: [httpBatchLink({ url: `${start.url}/trpc`, headers, transformer })] });

async function rows() {
  return (await todo.getAll.query()).sort((one, other) => one.id - other.id);
}

async function id(text) {
  return (await rows()).find((row) => row.text === text).id;
}

async function follow() {
  const { supabaseUrl, supabaseAnonKey, channel, filter, accessToken } = await todo.getRealtimeChannel.query();
  // The newer protocol, which is this library's default, is another one than the tests' stand-in of Supabase speaks.
  const supabase = createClient(supabaseUrl, supabaseAnonKey, { realtime: { vsn: "1.0.0" } });
  // Before the channel joins: with the option `accessToken` it may join as nobody first.
  if (accessToken) await supabase.realtime.setAuth(accessToken);
  return new Promise((resolve) => {
    supabase
      .channel(channel)
      .on("postgres_changes", { event: "*", schema: "public", table: "todo", filter }, ({ eventType, new: row }) => {
        told.push(JSON.stringify([eventType, row.text]));
        tell();
      })
      .on("system", {}, (message) => message.status === "ok" && resolve(true))
      .subscribe();
  });
}

function heard(wanted) {
  const sought = JSON.stringify(wanted);
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not told ${sought}, but ${told}`)), patience);
    tell = () => {
      if (!told.includes(sought)) return;
      clearTimeout(late);
      tell = () => {};
      resolve(true);
    };
    tell();
  });
}

const commands = {
  add: async (text) => (await todo.create.mutate({ text })).length,
  done: async (text) => (await todo.toggle.mutate({ id: await id(text), completed: true })).length,
  delete: async (text) => (await todo.delete.mutate({ id: await id(text) })).length,
  list: async () => (await rows()).map((row) => [row.text, row.completed]),
  follow,
  hears: (...wanted) => heard(wanted),
};

for await (const line of lines) {
  const [name, ...values] = JSON.parse(line);
  const answer = await commands[name](...values).catch((error) => ({ error: error.message }));
  console.log(JSON.stringify(answer));
}
process.exit(0);
