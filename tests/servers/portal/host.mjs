// Portals in one process, as Python asks for them: a JSON object a line on standard input, each answered by one on standard output.
// The process ends when its input does, so that it never outlives who started it.
import { createInterface } from "node:readline";
import { migrate } from "./migrate.mjs";
import { Portal } from "./portal.mjs";

const portals = new Map();
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const verbs = {
  migrate: ({ database_url, profile }) => migrate(database_url, profile),
  async open({ portal, port, ...wanted }) {
    const made = new Portal(wanted, (mail) => say({ portal, mail }));
    portals.set(portal, made);
    await made.listen(port);
    return made.url;
  },
  change: ({ portal, changed }) => portals.get(portal).change(changed),
  away: ({ portal, away }) => (away ? portals.get(portal).leave() : portals.get(portal).comeBack()),
  async close({ portal }) {
    await portals.get(portal).close();
    portals.delete(portal);
  },
};

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const { verb, number, ...rest } = JSON.parse(line);
    try {
      say({ number, answer: (await verbs[verb](rest)) ?? null });
    } catch (error) {
      say({ number, error: String(error) });
    }
  })
  .on("close", () => process.exit(0));
