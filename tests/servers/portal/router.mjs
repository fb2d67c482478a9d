// The portal's procedures: the guide's todos, over Drizzle.
import { initTRPC, TRPCError } from "@trpc/server";
import { and, eq } from "drizzle-orm";
import superjson from "superjson";
import { z } from "zod";
import { todo } from "./schema/seed.mjs";

// `channel`: what getRealtimeChannel answers somebody.
export function makeRouter({ settings, channel }) {
  const t = initTRPC.context().create(settings.superjson ? { transformer: superjson } : {});
  const own = t.procedure.use(({ ctx, next }) => {
    if (!ctx.session) throw new TRPCError({ code: "UNAUTHORIZED", message: "Authentication required" });
    return next({ ctx: { ...ctx, userId: ctx.session.user.id } });
  });
  // A portal that leaves returning() out answers postgres-js' empty result.
  const rows = (statement) => (settings.returning ? statement.returning() : statement);
  const one = (ctx, id) => and(eq(todo.id, id), eq(todo.userId, ctx.userId));
  return t.router({
    healthCheck: t.procedure.query(() => "OK"),
    todo: t.router({
      getAll: own.query(({ ctx }) => ctx.db.select().from(todo).where(eq(todo.userId, ctx.userId))),
      create: own
        .input(z.object({ text: z.string().min(1) }))
        .mutation(({ ctx, input }) => rows(ctx.db.insert(todo).values({ text: input.text, userId: ctx.userId }))),
      toggle: own
        .input(z.object({ id: z.number(), completed: z.boolean() }))
        .mutation(({ ctx, input }) => rows(ctx.db.update(todo).set({ completed: input.completed }).where(one(ctx, input.id)))),
      delete: own
        .input(z.object({ id: z.number() }))
        .mutation(({ ctx, input }) => rows(ctx.db.delete(todo).where(one(ctx, input.id)))),
      getRealtimeChannel: own.query(({ ctx }) => channel(ctx)),
    }),
  });
}
