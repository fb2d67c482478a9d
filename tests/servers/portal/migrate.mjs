// The portal's `db:run-migrations`.
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate as run } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";

export async function migrate(url, profile) {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await run(drizzle(sql), { migrationsFolder: fileURLToPath(new URL(`migrations/${profile}`, import.meta.url)) });
  } finally {
    await sql.end();
  }
}
